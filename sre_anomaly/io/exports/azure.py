"""Answers of Azure Monitor, and what its diagnostic settings write: a line of JSON for each metric and minute."""

from collections.abc import Iterable
from typing import Any

from sre_anomaly.io.samples.series import Export, Format, Gathered, number
from sre_anomaly.io.samples.source import Source

STATISTICS = ("average", "total", "minimum", "maximum", "count")


def claims(document: Any) -> bool:
    """Return whether a document is an answer or such a line."""
    if not isinstance(document, dict):
        return False
    value, records = document.get("value"), document.get("records", [document])
    if isinstance(value, list) and value:
        return all(isinstance(one, dict) and "timeseries" in one and "name" in one for one in value)
    return (
        isinstance(records, list)
        and bool(records)
        and all(isinstance(one, dict) and {"metricName", "time", "resourceId"} <= set(one) for one in records)
    )


def read(_source: Source, documents: Iterable[Any]) -> Export:
    """Return a series for each metric, its dimensions and each statistic."""
    gathered = Gathered()
    for document in documents:
        for metric in document.get("value", ()):
            name = metric["name"]["value"] if isinstance(metric["name"], dict) else str(metric["name"])
            if metric.get("unit") not in (None, "Count", "Unspecified"):
                gathered.units[name] = str(metric["unit"])
            labels = (
                {"resource": metric["id"].split("/providers/Microsoft.Insights/")[0].rpartition("/")[2]}
                if metric.get("id")
                else {}
            )
            for one in metric["timeseries"]:
                own = {
                    str(pair["name"]["value"]): str(pair["value"]) for pair in one.get("metadatavalues") or ()
                }
                for point in one["data"]:
                    _add(gathered, name, labels | own, point["timeStamp"], point)
        for one in document.get("records", () if "value" in document else (document,)):
            _add(
                gathered,
                str(one["metricName"]),
                {"resource": str(one["resourceId"]).rpartition("/")[2]},
                one["time"],
                one,
            )
    return Export(gathered.series())


def _add(gathered: Gathered, name: str, labels: dict[str, str], time: Any, point: dict[str, Any]) -> None:
    for statistic in STATISTICS:
        if point.get(statistic) is not None:
            gathered.add(name, labels | {"statistic": statistic}, str(time), number(point[statistic]))


FORMAT = Format("Azure Monitor", "az monitor metrics list, metrics of diagnostic settings", claims, read)
