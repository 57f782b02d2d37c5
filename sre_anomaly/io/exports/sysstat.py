"""JSON of sysstat: ``sadf -j`` and ``iostat -o JSON``, statistics in groups at each time."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from sre_anomaly.io.samples.series import Export, Format, Gathered
from sre_anomaly.io.samples.source import Source
from sre_anomaly.io.timestamps import times

Row = tuple[str, dict[str, str], float]


def claims(document: Any) -> bool:
    """Return whether a document is sysstat's."""
    return isinstance(document, dict) and isinstance(document.get("sysstat"), dict)


def read(source: Source, documents: Iterable[Any]) -> Export:
    """Return a series for each statistic of each host and device."""
    gathered = Gathered()
    for document in documents:
        for host in document["sysstat"]["hosts"]:
            name = {"host": str(host["nodename"])} if host.get("nodename") else {}
            records = [record for record in host.get("statistics", ()) if "timestamp" in record]
            if len(records) < len(host.get("statistics", ())):
                raise ValueError("holds statistics without times; write iostat -t -o JSON")
            for record, time in zip(
                records, _times(source, [one["timestamp"] for one in records]), strict=True
            ):
                for metric, labels, value in _walk(
                    {key: one for key, one in record.items() if key != "timestamp"}, ()
                ):
                    gathered.add(metric, name | labels, time, value)
    return Export(gathered.series())


def _times(source: Source, given: list[Any]) -> list[int]:
    """Return times in ns since 1970: local ones where they do not say that they are UTC."""
    if not given:
        return []
    texts = [f"{one['date']} {one['time']}" if isinstance(one, dict) else str(one) for one in given]
    utc = all(isinstance(one, dict) and one.get("utc") == 1 for one in given)
    column = pd.Series(texts, name="timestamp")
    found = times(Path(source.shown), column, "UTC" if utc else source.timezone, day_first=source.day_first)
    return [int(stamp) for stamp in found.as_unit("ns").asi8]


def _walk(given: Any, path: tuple[str, ...]) -> Iterator[Row]:
    """Yield every number, named by the group that it is in; words beside it tell devices apart."""
    if isinstance(given, Mapping):
        words = {str(key): value for key, value in given.items() if isinstance(value, str)}
        for key, value in given.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                yield ".".join((*path[-1:], str(key))), words, value
            elif not isinstance(value, str):
                for metric, labels, number in _walk(value, (*path, str(key))):
                    yield metric, words | labels, number
    elif isinstance(given, list):
        for one in given:
            yield from _walk(one, path)


FORMAT = Format("sysstat JSON", "sadf -j, iostat -t -o JSON", claims, read)
