"""Answers of Datadog's API to queries of metrics, of both versions."""

from collections.abc import Iterable
from typing import Any

from sre_anomaly.io.samples.series import Export, Format, Gathered, from_epoch, number
from sre_anomaly.io.samples.source import Source

MILLISECOND = 10**6


def claims(document: Any) -> bool:
    """Return whether a document is such an answer."""
    if not isinstance(document, dict):
        return False
    if isinstance(document.get("series"), list):
        return all(isinstance(one, dict) and "pointlist" in one for one in document["series"])
    attributes = document["data"].get("attributes") if isinstance(document.get("data"), dict) else None
    return isinstance(attributes, dict) and {"series", "times", "values"} <= set(attributes)


def read(_source: Source, documents: Iterable[Any]) -> Export:
    """Return a series for each of the answer."""
    gathered = Gathered()
    for document in documents:
        for one in document.get("series", ()):
            name = str(one.get("display_name") or one.get("metric") or one.get("expression") or "value")
            labels = _tags(one.get("tag_set") or str(one.get("scope", "")).split(","))
            if one.get("unit") and one["unit"][0]:
                gathered.units[name] = str(one["unit"][0].get("short_name") or one["unit"][0].get("name"))
            for time, value in one["pointlist"]:
                gathered.add(name, labels, from_epoch(time, MILLISECOND), number(value))
        if "data" in document:
            attributes = document["data"]["attributes"]
            for one, values in zip(attributes["series"], attributes["values"], strict=True):
                labels = _tags(one.get("group_tags") or ()) | {"query": str(one.get("query_index", 0))}
                for time, value in zip(attributes["times"], values, strict=True):
                    gathered.add("value", labels, from_epoch(time, MILLISECOND), number(value))
    return Export(gathered.series())


def _tags(given: Any) -> dict[str, str]:
    """Return tags such as ``host:a`` as labels; ``*`` is none."""
    parts = [str(tag).strip().partition(":") for tag in given]
    return {name: value for name, colon, value in parts if colon}


FORMAT = Format("Datadog query", "api/v1/query and api/v2/query/timeseries of Datadog", claims, read)
