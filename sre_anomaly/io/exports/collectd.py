"""CSV of collectd: ``epoch,value``, the metric told by the file's name."""

import re
from pathlib import Path
from typing import Any

from sre_anomaly.io.samples.series import SECOND, Export, Format, Gathered, from_epoch, number
from sre_anomaly.io.samples.source import Source

DAY = re.compile(r"-\d{4}-\d{2}-\d{2}$")
"""Ends the name of each file."""
HEADER = re.compile(
    r"epoch,(?:value|rx,tx|read,write|in,out|shortterm,midterm,longterm|used,free)\s*$", re.MULTILINE
)
"""Other columns beside a time are a table like any other."""


def claims(head: str) -> bool:
    """Return whether a text begins with the header of collectd."""
    return HEADER.match(head) is not None


def read(source: Source, _documents: Any) -> Export:
    """Return a series for each column."""
    gathered = Gathered()
    name = DAY.sub("", Path(source.shown).name.removesuffix(".csv"))
    for line, cells in source.rows():
        try:
            epoch, *values = cells.items()
            time = from_epoch(epoch[1], SECOND)
            for column, cell in values:
                gathered.add(name if column == "value" else f"{name}.{column}", {}, time, number(cell))
        except ValueError as error:
            raise ValueError(f"line {line}: {error}") from None
    return Export(gathered.series())


FORMAT = Format("collectd CSV", "collectd's plugin csv", claims, read, json=False)
