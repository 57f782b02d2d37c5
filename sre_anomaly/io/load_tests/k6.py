"""Points of k6, as lines of JSON or CSV: each metric of a request in a line of its own."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from sre_anomaly.io.counts.requests import Requests
from sre_anomaly.io.load_tests.summarised import export_of
from sre_anomaly.io.samples.series import Export, Format, from_epoch, from_iso, number
from sre_anomaly.io.samples.source import Source

DURATION = "http_req_duration"
FIRST = re.compile(r'^\{[^\n]*"type"\s*:\s*"(?:Metric|Point)"')
HEADER = "metric_name,timestamp,metric_value,"
AT_ONCE = 200_000
FAILED = 400
"""The status from which on a request has failed, where k6 does not say whether it had."""


def claims(head: str) -> bool:
    """Return whether a text begins with a line of k6."""
    first = head.split("\n", 1)[0]
    return head.startswith(HEADER) or (FIRST.match(first) is not None and ('"metric"' in first))


def read(source: Source, _documents: Any) -> Export:
    """Return counts, errors and durations of requests for each step and name."""
    requests = Requests(source.step)
    piece: list[tuple[Any, float, int, bool]] = []
    for time, value, name, failed in _points(source):
        piece.append((time, value, requests.number_of(name), failed))
        if len(piece) >= AT_ONCE:
            _take(requests, piece)
            piece = []
    _take(requests, piece)
    if not requests.lines:
        raise ValueError(f"holds no {DURATION}, and so no request")
    export = export_of(requests, "name")
    return replace(export, notes=[*export.notes, f"of the metrics of k6 {DURATION} alone was read"])


def _take(requests: Requests, piece: list[tuple[Any, float, int, bool]]) -> None:
    if not piece:
        return
    times, values, labels, failed = zip(*piece, strict=True)
    stamps = from_iso(times) if isinstance(times[0], str) else np.array(times, dtype=np.int64)
    requests.add(stamps, np.array(values, dtype=np.float64), np.array(labels), np.array(failed))


def _points(source: Source) -> Iterator[tuple[Any, float, str, bool]]:
    if source.head.startswith(HEADER):
        import csv

        reader = csv.DictReader(line for _, line in source.lines())
        for row in reader:
            if row["metric_name"] == DURATION:
                try:
                    tags = {
                        name: str(row.get(name) or "")
                        for name in ("name", "url", "status", "expected_response")
                    }
                    yield (from_epoch(row["timestamp"]), *_point(row["metric_value"], tags))
                except ValueError as error:
                    raise ValueError(f"line {reader.line_num}: {error}") from None
        return
    for place, line in source.lines():
        if DURATION not in line:
            continue
        try:
            point = json.loads(line)
            if point.get("type") == "Point" and point.get("metric") == DURATION:
                data = point["data"]
                yield (str(data["time"]), *_point(data["value"], data.get("tags") or {}))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"line {place}: is no point of k6 ({type(error).__name__}: {error})") from None


def _point(value: Any, tags: dict[str, Any]) -> tuple[float, str, bool]:
    duration = float(number(value))
    if not 0 <= duration < np.inf:
        raise ValueError(f"{value!r} is not a duration")
    status = str(tags.get("status", ""))
    expected = str(tags.get("expected_response", ""))
    failed = (
        expected == "false" if expected else not status.isdecimal() or int(status) >= FAILED or status == "0"
    )
    return (
        duration,
        str(tags.get("name") or tags.get("url") or "requests"),
        failed if (expected or status) else False,
    )


FORMAT = Format("k6", "k6 run --out json=FILE or --out csv=FILE", claims, read, json=False)
