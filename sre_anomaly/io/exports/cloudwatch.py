"""Answers of Amazon CloudWatch to ``get-metric-data`` and ``get-metric-statistics``."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from sre_anomaly.io.samples.series import (
    SECOND,
    Export,
    Format,
    Gathered,
    Series,
    from_epoch,
    from_iso,
    number,
    numbers,
)
from sre_anomaly.io.samples.source import Source

STATISTICS = ("Average", "Sum", "Minimum", "Maximum", "SampleCount")


def claims(document: Any) -> bool:
    """Return whether a document is one of the two answers."""
    return isinstance(document, dict) and (
        "MetricDataResults" in document
        or ("Datapoints" in document and isinstance(document["Datapoints"], list))
    )


def read(_source: Source, documents: Iterable[Any]) -> Export:
    """Return a series for each result; of statistics, for each of them. The order of time does not matter."""
    series: list[Series] = []
    notes: list[str] = []
    for document in documents:
        if "Datapoints" in document:
            series += _statistics(document)
            continue
        for result in document["MetricDataResults"]:
            times, values = result["Timestamps"], result["Values"]
            if len(times) != len(values):
                raise ValueError(f"{result.get('Label')!r} has {len(times)} times and {len(values)} values")
            series.append(
                Series(
                    str(result.get("Label") or result["Id"]),
                    {"id": str(result.get("Id", ""))},
                    _times(times),
                    numbers(number(value) for value in values),
                )
            )
        if document.get("NextToken"):
            notes.append("Careful: the answer has more pages (NextToken), which are not in this file")
    return Export(_joined(series), notes)


def _statistics(document: Any) -> list[Series]:
    gathered = Gathered()
    points = document["Datapoints"]
    name = str(document.get("Label") or "value")
    units = {str(point["Unit"]) for point in points if point.get("Unit") not in (None, "None")}
    if len(units) > 1:
        raise ValueError(f"{name!r} has values in {' and '.join(sorted(units))}; ask for one with --unit")
    for point, time in zip(points, _times([point["Timestamp"] for point in points]).tolist(), strict=True):
        for statistic in STATISTICS:
            if statistic in point:
                gathered.add(name, {"statistic": statistic}, time, number(point[statistic]))
        for percentile, value in (point.get("ExtendedStatistics") or {}).items():
            gathered.add(name, {"statistic": percentile}, time, number(value))
    gathered.units = dict.fromkeys([name], *units) if units else {}
    return gathered.series()


def _times(given: list[Any]) -> Any:
    if given and all(isinstance(time, int | float) and not isinstance(time, bool) for time in given):
        return np.array([from_epoch(time, SECOND) for time in given], dtype=np.int64)
    return from_iso(given)


def _joined(series: list[Series]) -> list[Series]:
    """Return series of which those of several pages are one."""
    pages: dict[Any, list[Series]] = {}
    for one in series:
        pages.setdefault((one.metric, tuple(sorted(one.labels.items()))), []).append(one)
    return [
        replace(
            parts[0],
            time=np.concatenate([one.time for one in parts]),
            values=np.concatenate([one.values for one in parts]),
        )
        for parts in pages.values()
    ]


FORMAT = Format(
    "CloudWatch", "aws cloudwatch get-metric-data, aws cloudwatch get-metric-statistics", claims, read
)
