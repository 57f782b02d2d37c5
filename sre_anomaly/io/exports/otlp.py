"""Metrics of OpenTelemetry as JSON, a document or a line for each batch, as the collector's file exporter writes them."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from sre_anomaly.io.samples.series import Export, Format, Gathered, from_epoch, number
from sre_anomaly.io.samples.source import Source

NOT_RECORDED = 1
"""The flag of a data point that stands for none."""
CUMULATIVE = (2, "2", "AGGREGATION_TEMPORALITY_CUMULATIVE")
DELTA = (1, "1", "AGGREGATION_TEMPORALITY_DELTA")


def claims(document: Any) -> bool:
    """Return whether a document is a batch of metrics."""
    return isinstance(document, dict) and isinstance(document.get("resourceMetrics"), list)


def read(_source: Source, documents: Iterable[Any]) -> Export:
    """Return a series for each metric, resource and attributes; histograms as cumulative buckets with ``le``."""
    gathered, left = Gathered(), []
    for document in documents:
        for resource in document["resourceMetrics"]:
            labels = _attributes(resource.get("resource", {}).get("attributes", ()))
            for scope in resource.get("scopeMetrics", resource.get("instrumentationLibraryMetrics", ())):
                for metric in scope.get("metrics", ()):
                    left += _metric(gathered, metric, labels)
    return Export(gathered.series(), [f"not read: {', '.join(sorted(set(left)))}"] if left else [])


def _metric(gathered: Gathered, metric: Mapping[str, Any], resource: Mapping[str, str]) -> list[str]:
    """Add one metric; return what of it is not read."""
    name = str(metric["name"])
    if metric.get("unit"):
        gathered.units[name] = str(metric["unit"])
    if "histogram" in metric:
        counter = _cumulative(name, metric["histogram"])
        for point in _points(metric["histogram"]):
            _buckets(gathered, name, resource, point, counter=counter)
        return []
    kind = next((kind for kind in ("gauge", "sum") if kind in metric), None)
    if kind is None:
        other = next(
            (key for key in metric if key in ("exponentialHistogram", "summary")), "nothing that is known"
        )
        return [f"{name} ({other})"]
    if kind == "sum" and metric["sum"].get("isMonotonic") and _cumulative(name, metric["sum"]):
        gathered.counters.add(name)
    for point in _points(metric[kind]):
        value = point.get("asDouble", point.get("asInt"))
        gathered.add(
            name, {**resource} | _attributes(point.get("attributes", ())), _time(point), number(value)
        )
    return []


def _cumulative(name: str, data: Mapping[str, Any]) -> bool:
    temporality = data.get("aggregationTemporality")
    if temporality not in CUMULATIVE + DELTA:
        raise ValueError(f"{name!r} does not say its aggregationTemporality: 1 (delta) or 2 (cumulative)")
    return temporality in CUMULATIVE


def _points(data: Mapping[str, Any]) -> list[Any]:
    return [point for point in data.get("dataPoints", ()) if not int(point.get("flags", 0)) & NOT_RECORDED]


def _time(point: Mapping[str, Any]) -> int:
    return from_epoch(point["timeUnixNano"], 1)


def _buckets(
    gathered: Gathered, name: str, resource: Mapping[str, str], point: Mapping[str, Any], *, counter: bool
) -> None:
    labels, time = {**resource} | _attributes(point.get("attributes", ())), _time(point)
    bounds = [float(bound) for bound in point.get("explicitBounds", ())]
    counts = [number(count) for count in point.get("bucketCounts", [point.get("count", 0)])]
    if len(counts) != len(bounds) + 1:
        raise ValueError(
            f"{name!r} has {len(bounds)} bounds and {len(counts)} buckets; there is one bucket more than bounds"
        )
    up_to = 0
    if counter:
        gathered.counters.add(f"{name}_bucket")
    if name in gathered.units:
        gathered.units[f"{name}_bucket"] = gathered.units[name]
    for bound, count in zip([*bounds, math.inf], counts, strict=True):
        up_to += count
        gathered.add(f"{name}_bucket", labels | {"le": repr(bound)}, time, up_to)


def _attributes(given: Any) -> dict[str, str]:
    return {str(one["key"]): _text(one.get("value", {})) for one in given}


def _text(value: Any) -> str:
    """Return a value of an attribute as text."""
    if not isinstance(value, dict) or not value:
        return ""
    return str(next(iter(value.values())))


FORMAT = Format("OTLP", "the file exporter of an OpenTelemetry collector", claims, read)
