"""Answers of Zabbix to ``history.get`` and ``trend.get``."""

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
