"""Answers of Azure Monitor, and what its diagnostic settings write: a line of JSON, or a row of a table, for each metric and minute."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
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

TIME, NAME = "TimeGenerated", "MetricName"
OF_PORTAL = "%m/%d/%Y, %I:%M:%S.%f %p"
"""How the portal writes times, whatever the language of who looks."""


def claims_table(head: str) -> bool:
    """Return whether a text begins with the header of Log Analytics' table AzureMetrics."""
    names = head.partition("\n")[0].strip().replace('"', "").split(",")
    return NAME in names and any(name.startswith(TIME) for name in names) and "Average" in names


def read_table(source: Source, _documents: Any) -> Export:
    """Return a series for each resource, metric and statistic."""
    gathered = Gathered()
    for line, cells in source.rows():
        try:
            time = next(cell for name, cell in cells.items() if name.startswith(TIME))
            with suppress(ValueError):
                time = f"{datetime.strptime(time, OF_PORTAL).isoformat()}Z"  # noqa: DTZ007 - it is UTC
            resource = cells.get("Resource") or cells.get("ResourceId", "").rpartition("/")[2]
            if cells.get("UnitName") not in (None, "", "Count", "Unspecified"):
                gathered.units[cells[NAME]] = cells["UnitName"]
            point = {name.lower(): cell for name, cell in cells.items() if cell}
            _add(gathered, cells[NAME], {"resource": resource.lower()} if resource else {}, time, point)
        except ValueError as error:
            raise ValueError(f"line {line}: {error}") from None
    return Export(gathered.series())


TABLE = Format(
    "Azure Monitor table", "AzureMetrics of Log Analytics as CSV", claims_table, read_table, json=False
)
