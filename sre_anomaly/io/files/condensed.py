"""A table too large for memory is brought to a coarser step while it is read, a piece after the other."""

import gzip
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import rich.progress
from rich.console import Console

from sre_anomaly.clock import in_words
from sre_anomaly.errors import DataError
from sre_anomaly.io.cells import holds_numbers, measured
from sre_anomaly.io.layout.columns import with_dates
from sre_anomaly.io.layout.rows import without_repeats
from sre_anomaly.io.layout.tools import understood
from sre_anomaly.io.samples.source import folder_of_copies
from sre_anomaly.io.table_metrics import LABEL_NAMES, TIME_NAMES, named
from sre_anomaly.io.tables import YEAR, decimal_comma, options_of, told_as_table
from sre_anomaly.io.times.steps import ROUND, usual_step
from sre_anomaly.io.timestamps import times

LARGE = 1 << 30
"""Bytes of a table that is not read as a whole."""
PACKED = 8
"""A compressed one is about so many times as large."""
CELLS = 8_000_000
"""So many numbers are kept: a run holds several times as many, beside scores and bands."""
ROWS = 200_000
"""Rows of a piece."""
MOST_WORDS = 1000
"""A column with more words than this names no host or metric."""
SLOW_S = 2.0
CLOCK = "time"


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


def is_large(path: Path) -> bool:
    """Return whether a CSV is too large to be read as a whole."""
    size = path.stat().st_size * (PACKED if path.suffix == ".gz" else 1)
    return size > LARGE and path.suffix not in {".parquet", ".pq"}


def condensed(path: Path, shown: str, how: Reading) -> tuple[Path, tuple[str, ...]]:
    """Return where the table lies with a row for each step, and what was done.

    Numbers become the mean of their step, in base units; a column that only rises, a counter, keeps its last value, and the
    truth is 1 where any of its rows is. Words that tell hosts or metrics apart are kept apart.

    Raises
    ------
    DataError
        If a piece cannot be read, or its times could be read in several ways.
    """
    changed = path.stat()
    return _condensed(path, shown, how, changed.st_mtime_ns, changed.st_size)


@lru_cache(maxsize=4)
def _condensed(path: Path, shown: str, how: Reading, changed: int, size: int) -> tuple[Path, tuple[str, ...]]:
    begun, rows, kept = time.monotonic(), 0, None
    for piece in pieces(path, shown, how):
        if not len(piece):
            continue
        if kept is None:
            kept = _Kept.of(path, piece, how)
        rows += len(piece)
        kept.add(path, piece, how)
    if kept is None or not rows:
        raise DataError(f"{path}: has a header and no rows")
    table = kept.table()
    place = folder_of_copies() / f"{changed}-{size}-{abs(hash(path))}-condensed.parquet"
    table.to_parquet(place)
    if (spent := time.monotonic() - begun) > SLOW_S:
        sys.stderr.write(f"sre-anomaly: {rows:,} rows in {spent:.0f} s ({rows / spent:,.0f} a second)\n")
    step = in_words(pd.Timedelta(kept.step))
    notes = [
        f"{rows:,} rows are too many to be held: brought to steps of {step} while they were read (data.resample=1h for others)"
    ]
    if kept.left:
        notes.append(
            f"columns without numbers, or with more than {MOST_WORDS} words, were left out: {', '.join(kept.left)}"
        )
    return place, tuple(notes)


def pieces(path: Path, shown: str, how: Reading) -> Iterator[pd.DataFrame]:
    """Yield the rows of a CSV, some at a time; how far it is is shown on a terminal.

    Raises
    ------
    DataError
        If it is empty, or not such a file.
    """
    options, layout = options_of(path, how.separator)
    before = 0 if layout is None else layout.before - 1
    console = Console(stderr=True)
    with told_as_table(path), ExitStack() as stack:
        bar = rich.progress.open(
            path,
            "rb",
            description=f"reading {shown}",
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        file: Any = stack.enter_context(bar)
        decimal = how.decimal
        if decimal is None:
            head = pd.read_csv(path, decimal=".", nrows=ROWS, **options)
            decimal = "," if decimal_comma(head, options["sep"]) else "."
        unpacked: Any = gzip.GzipFile(fileobj=file) if path.suffix == ".gz" else file
        for given in pd.read_csv(unpacked, decimal=decimal, chunksize=ROWS, **options):
            piece = given.set_axis([str(name).strip() for name in given.columns], axis=1)
            piece.index = piece.index + before
            piece = understood(without_repeats(piece)[0])[0]
            piece.attrs = {YEAR: layout and layout.year}
            yield piece


@dataclass
class _Kept:
    """What is kept of the pieces so far."""

    clock: str
    """The column of times."""
    step: int
    """Nanoseconds."""
    words: list[str]
    numbers: list[str]
    counters: list[str]
    label: str | None
    left: list[str]
    parts: list[pd.DataFrame]

    @classmethod
    def of(cls, path: Path, piece: pd.DataFrame, how: Reading) -> "_Kept":
        """Decide from the first piece what each column is, and how much has to be left out."""
        clock = how.time or named(piece, TIME_NAMES) or str(piece.columns[0])
        label = how.label or named(piece, LABEL_NAMES)
        others = [str(name) for name in piece.columns if name not in (clock, label)]
        numbers = [name for name in others if holds_numbers(piece[name])]
        words = [name for name in others if name not in numbers and 0 < piece[name].nunique() <= MOST_WORDS]
        stamps = _stamps(path, piece, clock, how)
        moves = np.diff(np.unique(stamps))
        if not len(moves):
            raise DataError(f"{path}: its first {len(piece)} rows all have one time")
        usual = usual_step(moves)
        own = piece.sort_values(words) if words else piece
        counters = [name for name in numbers if _rises(own, name, words)]
        return cls(
            clock, _coarser(path, piece, usual, len(numbers), how), words, numbers, counters, label,
            [name for name in others if name not in numbers and name not in words], [],
        )  # fmt: skip

    def add(self, path: Path, piece: pd.DataFrame, how: Reading) -> None:
        """Take in the rows of a piece."""
        table = pd.DataFrame({CLOCK: _stamps(path, piece, self.clock, how) // self.step * self.step})
        for name in self.words:
            table[name] = piece[name].astype("string").str.strip().fillna("").astype("category").to_numpy()
        for name in self.numbers:
            column = piece[name]
            plain = pd.api.types.is_numeric_dtype(column)
            values = column.to_numpy(dtype=np.float64) if plain else measured(path, column)[0]
            table[name] = values
            if name not in self.counters:
                table[f"{name} count"] = np.isfinite(values)
        if self.label is not None and self.label in piece:
            table[self.label] = pd.to_numeric(piece[self.label], errors="coerce").fillna(0).to_numpy()
        self.parts.append(self._together(table))
        if len(self.parts) > 1 and sum(map(len, self.parts[1:])) > len(self.parts[0]):
            self.parts = [self._together(pd.concat(self.parts, ignore_index=True))]

    def _together(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return one row for each step and its words."""
        ticks = table[CLOCK].to_numpy()
        if not self.words and (np.diff(ticks) >= 0).all():
            return self._in_order(table, ticks)
        how = {name: "sum" for name in table.columns if name != CLOCK and name not in self.words}
        how |= dict.fromkeys(self.counters, "last")
        if self.label is not None and self.label in table:
            how[self.label] = "max"
        return table.groupby([CLOCK, *self.words], sort=False, observed=True).agg(how).reset_index()

    def _in_order(self, table: pd.DataFrame, ticks: Any) -> pd.DataFrame:
        """Return the same of rows in the order of time, which takes a tenth as long."""
        first = np.flatnonzero(np.r_[True, np.diff(ticks) > 0])
        last = np.r_[first[1:], len(ticks)] - 1
        out = {CLOCK: ticks[first]}
        for name in table.columns.drop(CLOCK):
            column = table[name].to_numpy()
            if name in self.counters:
                out[name] = column[last]
            else:
                add = np.maximum if name == self.label else np.add
                out[name] = add.reduceat(np.nan_to_num(column), first, dtype=np.float64)
        return pd.DataFrame(out)

    def table(self) -> pd.DataFrame:
        """Return what is left."""
        table = self._together(pd.concat(self.parts, ignore_index=True)).sort_values([CLOCK, *self.words])
        out: dict[str, Any] = {self.clock: pd.DatetimeIndex(table[CLOCK].to_numpy(), tz="UTC")}
        out |= {name: table[name].to_numpy() for name in self.words}
        for name in self.numbers:
            count = 1 if name in self.counters else table[f"{name} count"].to_numpy(dtype=np.float64)
            with np.errstate(invalid="ignore"):
                out[name] = table[name].to_numpy() / count
        if self.label in table:
            out[str(self.label)] = table[self.label].to_numpy()
        return pd.DataFrame(out)


def _stamps(path: Path, piece: pd.DataFrame, clock: str, how: Reading) -> Any:
    if clock not in piece:
        raise DataError(f"data.time: {path} has no column {clock!r}")
    dated = with_dates(path, piece, clock)
    year = how.year or piece.attrs.get(YEAR)
    return times(path, dated[clock], how.timezone, day_first=how.day_first, year=year).as_unit("ns").asi8


def _rises(piece: pd.DataFrame, name: str, words: list[str]) -> bool:
    """Return whether a column of numbers is a counter: it rises, but for where it begins anew."""
    column = piece[name]
    if not pd.api.types.is_numeric_dtype(column):
        return False
    moves = column.groupby([piece[word] for word in words], sort=False).diff() if words else column.diff()
    moves = moves.dropna()
    return bool(len(moves)) and bool((moves >= 0).mean() > 0.999) and bool((moves > 0).any())


def _coarser(path: Path, piece: pd.DataFrame, usual: int, columns: int, how: Reading) -> int:
    """Return the step: the stated one, or the first round one that leaves no more numbers than can be held."""
    if how.step is not None:
        return round(how.step.total_seconds() * 1e9)
    sample = piece.head(1000).to_csv(index=False).encode()
    size = path.stat().st_size * (PACKED if path.suffix == ".gz" else 1)
    rows = size / (len(sample) / min(len(piece), 1000))
    needed = usual * rows * max(columns, 1) / CELLS
    return next((step for step in ROUND if step >= max(needed, usual)), ROUND[-1])
