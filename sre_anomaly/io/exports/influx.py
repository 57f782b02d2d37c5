"""Annotated CSV of InfluxDB: tables one after the other, each with its own columns and their kinds."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sre_anomaly.io.samples.series import Export, Format, Gathered, from_epoch, number
from sre_anomaly.io.samples.source import Source

NUMBERS = ("double", "long", "unsignedLong")
WINDOW = {"", "result", "table", "_start", "_stop", "_time"}
"""Columns that are neither metric nor label."""


def claims(head: str) -> bool:
    """Return whether a text begins with annotations, or with the header that results have."""
    first = head.split("\n", 1)[0]
    return first.startswith(("#group,", "#datatype,", "#default,", ",result,table,"))


def read(source: Source, _documents: Any) -> Export:
    """Return a series for each field, measurement and tags."""
    gathered = Gathered()
    texts: list[str] = []
    header: list[str] = []
    kinds: Mapping[str, str] = {}
    said: dict[str, list[str]] = {}
    fresh = True
    for place, row in _rows(source):
        if not row or row == [""]:
            fresh, said = True, {}
        elif row[0].startswith("#"):
            if not fresh:
                said, fresh = {}, True
            said[row[0]] = row
        elif fresh:
            header, fresh = row, False
            kinds = dict(zip(header, said.get("#datatype", []), strict=False))
            if "error" in header and "_value" not in header:
                raise ValueError(f"line {place}: holds an error of the server, not data")
        else:
            if len(row) != len(header):
                raise ValueError(f"line {place}: has {len(row)} cells, where its header has {len(header)}")
            defaults = said.get("#default", [""] * len(header))
            cells = {
                name: cell or default
                for name, cell, default in zip(header, row, [*defaults, *[""] * len(row)], strict=False)
            }
            texts += _add(gathered, cells, kinds, place)
    left = sorted(set(texts))
    return Export(gathered.series(), [f"fields of text were left out: {', '.join(left)}"] if left else [])


def _rows(source: Source) -> Iterator[tuple[int, list[str]]]:
    """Yield rows with the number of their line."""
    reader = csv.reader(line for _, line in source.lines())
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num}: {error}") from None


def _add(gathered: Gathered, cells: Mapping[str, str], kinds: Mapping[str, str], place: int) -> Sequence[str]:
    """Add what one row holds; return the fields that are no numbers."""
    if "_time" not in cells:
        raise ValueError(
            f"line {place}: there is no column _time; end the query without an aggregate that drops it"
        )
    try:
        stamp = cells["_time"]
        time = from_epoch(stamp, 1) if stamp.isdecimal() else stamp
        if "_value" in cells:
            labels = {
                name: cell
                for name, cell in cells.items()
                if name not in WINDOW | {"_value", "_field"} and cell
            }
            field = cells.get("_field") or cells.get("_measurement") or "value"
            if kinds.get("_value", NUMBERS[0]) not in NUMBERS:
                return [field]
            if cells["_value"]:
                gathered.add(field, labels, time, number(cells["_value"]))
            return []
        fields = [name for name in cells if kinds.get(name) in NUMBERS and name not in WINDOW]
        labels = {name: cell for name, cell in cells.items() if name not in WINDOW | set(fields) and cell}
        for field in fields:
            if cells[field]:
                gathered.add(field, labels, time, number(cells[field]))
    except ValueError as error:
        raise ValueError(f"line {place}: {error}") from None
    return []


FORMAT = Format(
    "InfluxDB annotated CSV", "influx query --raw, the export of InfluxDB's page", claims, read, json=False
)
