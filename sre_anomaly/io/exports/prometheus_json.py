"""Answers of Prometheus' HTTP API to ``query_range``, as curl and promtool write them."""

from collections.abc import Iterable
from typing import Any

from sre_anomaly.io.samples.series import SECOND, Export, Format, Gathered, from_epoch, number
from sre_anomaly.io.samples.source import Source

KINDS = ("matrix", "vector", "scalar", "string")


def claims(document: Any) -> bool:
    """Return whether a document is an answer, or its result alone."""
    data = document.get("data", document) if isinstance(document, dict) else document
    if isinstance(data, dict):
        return data.get("resultType") in KINDS or (
            document.get("status") == "error" and "errorType" in document
        )
    return (
        bool(data)
        and isinstance(data, list)
        and all(
            isinstance(one, dict) and "metric" in one and {"values", "value", "histograms"} & set(one)
            for one in data
        )
    )


def read(_source: Source, documents: Iterable[Any]) -> Export:
    """Return a series for each of the result."""
    gathered, notes = Gathered(), []
    for document in documents:
        for one in _result(document):
            labels = {str(name): str(value) for name, value in one["metric"].items()}
            name = labels.pop("__name__", "value")
            if one.get("histograms"):
                notes.append(
                    f"native histograms of {name} were left out; ask for histogram_quantile(0.95, rate({name}[5m]))"
                )
            for time, value in one.get("values", ()):
                gathered.add(name, labels, from_epoch(time, SECOND), float(number(value)))
    gathered.count_by_name()
    return Export(gathered.series(), list(dict.fromkeys(notes)))


def _result(document: Any) -> list[Any]:
    if isinstance(document, list):
        result = document
    else:
        if document.get("status") == "error":
            raise ValueError(f"holds an error of the server: {document.get('error')}")
        data = document.get("data", document)
        if data["resultType"] != "matrix":
            raise ValueError(
                f"holds a {data['resultType']}, values at one time; ask api/v1/query_range, which gives them over time"
            )
        result = data["result"]
    if any("value" in one and "values" not in one for one in result):
        raise ValueError("holds values at one time; ask api/v1/query_range, which gives them over time")
    return list(result)


FORMAT = Format(
    "Prometheus query_range", "curl .../api/v1/query_range, promtool query range -o json", claims, read
)
