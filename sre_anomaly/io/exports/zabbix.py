"""Answers of Zabbix to ``history.get`` and ``trend.get``, and its tables of the same."""

from collections.abc import Iterable
from typing import Any

from sre_anomaly.io.samples.series import SECOND, Export, Format, Gathered, from_epoch, number
from sre_anomaly.io.samples.source import Source

TREND = ("value_min", "value_avg", "value_max")


def claims(document: Any) -> bool:
    """Return whether a document is such an answer, or its result alone."""
    if isinstance(document, dict) and "jsonrpc" in document:
        return "result" in document or "error" in document
    return (
        bool(document)
        and isinstance(document, list)
        and all(isinstance(one, dict) and {"itemid", "clock"} <= set(one) for one in document)
    )


def read(_source: Source, documents: Iterable[Any]) -> Export:
    """Return a series for each item; of trends, for its least, mean and largest value."""
    gathered = Gathered()
    for document in documents:
        if isinstance(document, dict) and "result" not in document:
            raise ValueError(f"holds an error of the server: {document['error']}")
        for one in document["result"] if isinstance(document, dict) else document:
            time = from_epoch(one["clock"], SECOND) + int(one.get("ns", 0))
            labels = {"itemid": str(one["itemid"])}
            if "value" in one:
                gathered.add("value", labels, time, number(one["value"]))
            for name in TREND:
                if name in one:
                    gathered.add(name, labels, time, number(one[name]))
    return Export(gathered.series())


FORMAT = Format("Zabbix history", "history.get and trend.get of Zabbix' API", claims, read)

OF_ITEMS = ("key_", "name")
"""Columns that say what an item is, where its table was joined."""


def claims_table(head: str) -> bool:
    """Return whether a text begins with the header of a table of history or trends."""
    names = head.partition("\n")[0].strip().replace('"', "").split(",")
    return {"itemid", "clock"} <= set(names) and ("value" in names or "value_avg" in names)


def read_table(source: Source, _documents: Any) -> Export:
    """Return a series for each item; of trends, for its least, mean and largest value."""
    gathered = Gathered()
    for line, cells in source.rows():
        try:
            metric = next((cells[name] for name in OF_ITEMS if cells.get(name)), "")
            labels = {"host": cells["host"]} if cells.get("host") else {}
            labels |= {} if metric else {"itemid": cells["itemid"]}
            time = from_epoch(cells["clock"], SECOND) + int(cells.get("ns") or 0)
            if "value" in cells:
                gathered.add(metric or "value", labels, time, number(cells["value"]))
            for name in TREND:
                if name in cells:
                    called = f"{metric} {name.removeprefix('value_')}" if metric else name
                    gathered.add(called, labels, time, number(cells[name]))
        except ValueError as error:
            raise ValueError(f"line {line}: {error}") from None
    return Export(gathered.series())


TABLE = Format(
    "Zabbix table", "history and trends of Zabbix' database as CSV", claims_table, read_table, json=False
)
