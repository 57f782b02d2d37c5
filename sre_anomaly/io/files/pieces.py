"""A table too large for memory, a piece of its rows after the other."""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from sre_anomaly.io.layout.rows import without_repeats
from sre_anomaly.io.layout.tools import understood
from sre_anomaly.io.tables import NOTES, YEAR, decimal_comma, options_of, told_as_table
from sre_anomaly.sources import Headway

LARGE = 1 << 28
"""Bytes of a table that is not read as a whole, which takes some four times its size."""
PACKED = 8
"""A compressed one is about so many times as large."""
ROWS, CELLS = 200_000, 2_000_000
"""Rows of a piece, fewer where the table is wide."""
FEWEST = 1000


@dataclass(frozen=True)
class Reading:
    """What the user says of the file."""

    separator: str | None = None
    decimal: str | None = None
    time: str | None = None
    label: str | None = None
    timezone: str = "UTC"
    day_first: bool | None = None
    year: int | None = None
    step: timedelta | None = None
    metric: str | None = None
    entity: str | None = None


def size_of(path: Path) -> int:
    """Return how many bytes of text a file holds, about."""
    return path.stat().st_size * (PACKED if path.suffix == ".gz" else 1)


def is_large(path: Path) -> bool:
    """Return whether a CSV is too large to be read as a whole."""
    return size_of(path) > LARGE and path.suffix not in {".parquet", ".pq"}


def pieces(path: Path, shown: str, how: Reading) -> Iterator[pd.DataFrame]:
    """Yield the rows of a CSV, some at a time, the whole number of a row in the file as its index.

    Raises
    ------
    DataError
        If it is empty, or not such a file.
    """
    options, layout = options_of(path, how.separator)
    before = 0 if layout is None else layout.before - 1
    notes, rows = [] if layout is None else list(layout.notes), 0
    headway = Headway(shown, path.stat().st_size)
    with told_as_table(path), path.open("rb") as file:
        head = pd.read_csv(path, decimal=".", nrows=FEWEST, **options)
        many = min(ROWS, max(FEWEST, CELLS // max(1, len(head.columns))))
        decimal = how.decimal or ("," if decimal_comma(head, options["sep"]) else ".")
        unpacked: Any = gzip.GzipFile(fileobj=file) if path.suffix == ".gz" else file
        for given in pd.read_csv(unpacked, decimal=decimal, chunksize=many, **options):
            rows += len(given)
            headway.at(file.tell())
            piece = given.set_axis([str(name).strip() for name in given.columns], axis=1)
            piece.index = piece.index + before
            piece, more = without_repeats(piece)
            piece, taken = understood(piece)
            piece.attrs = {YEAR: layout and layout.year, NOTES: [*notes, *more, *taken]}
            yield piece
        headway.ends(rows, "rows")
