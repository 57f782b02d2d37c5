"""A table too large for memory is brought to a coarser step while it is read, a piece after the other."""

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sre_anomaly.clock import in_words
from sre_anomaly.errors import DataError
from sre_anomaly.io.cells import FAMILIES, holds_numbers, measured, without_unit
from sre_anomaly.io.files.piece_times import PieceTimes, texts
from sre_anomaly.io.files.pieces import Reading, pieces, size_of
from sre_anomaly.io.hosts_in_a_file import REPEATED, entity_column
from sre_anomaly.io.layout.long_table import metric_and_value
from sre_anomaly.io.samples.source import folder_of_copies
from sre_anomaly.io.table_metrics import LABEL_NAMES, TIME_NAMES, named
from sre_anomaly.io.tables import HEADER_ROWS, NOTES, yes_or_no
from sre_anomaly.io.times.steps import ROUND, usual_step
from sre_anomaly.io.times.written import told

CELLS = 8_000_000
"""So many numbers are kept: a run holds several times as many, beside scores and bands."""
MOST_WORDS = 1000
"""A column with more words than this names no host or metric."""
CLOCK, COUNT = "\0time", "\0count of "
"""Names that no column has."""


@dataclass(frozen=True)
class Condensed:
    """Where a table lies with a row for each step, what was done, and the units that its cells had."""

    path: Path
    notes: tuple[str, ...]
    units: dict[str, str]


def condensed(path: Path, shown: str, how: Reading) -> Condensed:
    """Return a table with a row for each step.

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
def _condensed(path: Path, shown: str, how: Reading, changed: int, size: int) -> Condensed:
    rows, kept = 0, None
    for piece in pieces(path, shown, how):
        if not len(piece):
            continue
        if kept is None:
            kept = _Kept.of(path, shown, piece, how)
        rows += len(piece)
        kept.add(path, piece)
    if kept is None or not rows:
        raise DataError(f"{path}: has a header and no rows")
    table = kept.table()
    place = folder_of_copies() / f"{changed}-{size}-{abs(hash((path, how)))}-condensed.parquet"
    table.to_parquet(place)
    step = in_words(pd.Timedelta(kept.step))
    notes = [
        f"{rows:,} rows are too many to be held: brought to steps of {step} while they were read (data.resample=1h for others)"
    ]
    if kept.left:
        notes.append(
            f"columns without numbers, or with more than {MOST_WORDS} words, were left out: {', '.join(kept.left)}"
        )
    units = {without_unit(name, unit): unit for name, unit in kept.units.items() if unit}
    return Condensed(place, (*notes, *dict.fromkeys(kept.notes)), units)


@dataclass
class _Kept:
    """What is kept of the pieces so far."""

    clock: PieceTimes
    step: int
    """Nanoseconds."""
    words: list[str]
    numbers: list[str]
    counters: list[str]
    label: str | None
    left: list[str]
    parts: list[pd.DataFrame] = field(default_factory=list)
    units: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, path: Path, shown: str, piece: pd.DataFrame, how: Reading) -> "_Kept":
        """Decide from the first piece what each column is, and how much has to be left out."""
        column = how.time or named(piece, TIME_NAMES) or str(piece.columns[0])
        clock = PieceTimes.of(path, shown, column, how)
        label = how.label or named(piece, LABEL_NAMES)
        stamps = PieceTimes(path, column, how, clock.day_first).stamps(piece)
        written = piece[column] if pd.api.types.is_numeric_dtype(piece[column]) else None
        if written is None and not pd.api.types.is_datetime64_any_dtype(piece[column]):
            written = texts(path, piece, column)
        notes = [] if written is None else told(written, pd.DatetimeIndex(stamps, tz="UTC"), how.timezone)
        others = [str(name) for name in piece.columns if name not in (column, label)]
        numbers = [name for name in others if holds_numbers(piece[name])]
        many = {name: piece[name].nunique() for name in others if name not in numbers}
        words = [name for name, count in many.items() if 0 < count <= MOST_WORDS]
        if not _several(piece, words, {column, label, *numbers}, stamps, how):
            # Words that change along one series are no hosts: their rows belong together.
            words = [name for name in words if many[name] == 1]
        moves = np.diff(np.unique(stamps))
        if not len(moves):
            raise DataError(f"{path}: its first {len(piece)} rows all have one time")
        own = piece.sort_values(words, kind="stable") if words else piece
        counters = [name for name in numbers if _rises(own, name, words)]
        step = _coarser(path, piece, usual_step(moves), len(numbers), how)
        left = [name for name in others if name not in numbers and name not in words]
        return cls(clock, step, words, numbers, counters, label, left, notes=notes)

    def add(self, path: Path, piece: pd.DataFrame) -> None:
        """Take in the rows of a piece."""
        columns: dict[str, Any] = {CLOCK: self.clock.stamps(piece) // self.step * self.step}
        for name in self.words:
            columns[name] = piece[name].astype("string").str.strip().fillna("").astype("category").to_numpy()
        # What was empty so far may begin later.
        late = [name for name in self.left if piece[name].notna().any() and holds_numbers(piece[name])]
        self.left = [name for name in self.left if name not in late]
        self.numbers += late
        for name in self.numbers:
            values = self._values(path, piece, name)
            columns[name] = values
            if name not in self.counters:
                columns[COUNT + name] = np.isfinite(values)
        if self.label is not None and self.label in piece:
            columns[self.label] = yes_or_no(path, piece[self.label])
        self.parts.append(self._together(pd.DataFrame(columns)))
        self.notes += piece.attrs[NOTES]
        if len(self.parts) > 1 and sum(map(len, self.parts[1:])) > len(self.parts[0]):
            self.parts = [self._together(pd.concat(self.parts, ignore_index=True))]

    def _values(self, path: Path, piece: pd.DataFrame, name: str) -> Any:
        """Return the numbers of a column in base units, which are those of the pieces before."""
        column = piece[name]
        if name in self.counters and pd.api.types.is_integer_dtype(column):
            return column.to_numpy()
        plain = pd.api.types.is_numeric_dtype(column)
        values, unit = (column.to_numpy(dtype=np.float64), "") if plain else measured(path, column)
        before = self.units.get(name)
        if not np.isfinite(values).any() or unit == before:
            return values
        scaled = any(
            len(family) > 1 for family in FAMILIES for one in (unit, before) if one and one in family
        )
        if before is not None and ((unit and before) or scaled):
            rows = f"rows {piece.index[0] + HEADER_ROWS} to {piece.index[-1] + HEADER_ROWS}"
            raise DataError(
                f"{path}, column {name!r}: {rows}: cells are in {unit or 'no unit'}, those before in {before or 'none'}"
            )
        self.units[name] = unit or before or ""
        return values

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
                given = np.nan_to_num(column.astype(np.float64), posinf=np.inf, neginf=-np.inf)
                out[name] = add.reduceat(given, first, dtype=np.float64)
        return pd.DataFrame(out)

    def table(self) -> pd.DataFrame:
        """Return what is left."""
        table = self._together(pd.concat(self.parts, ignore_index=True)).sort_values([CLOCK, *self.words])
        out: dict[str, Any] = {self.clock.column: pd.DatetimeIndex(table[CLOCK].to_numpy(), tz="UTC")}
        out |= {name: table[name].to_numpy() for name in self.words}
        for name in self.numbers:
            values = table[name].to_numpy()
            if name not in self.counters:
                with np.errstate(invalid="ignore"):
                    values = values / table[COUNT + name].to_numpy(dtype=np.float64)
            out[without_unit(name, self.units.get(name, ""))] = values
        if self.label in table:
            out[str(self.label)] = table[self.label].to_numpy()
        return pd.DataFrame(out)


def _several(piece: pd.DataFrame, words: list[str], taken: set[Any], stamps: Any, how: Reading) -> bool:
    """Return whether words tell hosts or metrics apart: the user says so, or times repeat, or the rows of each are regular."""
    if how.metric or how.entity or metric_and_value(piece, how.metric, taken) is not None:
        return True
    repeated = 1 - len(np.unique(stamps)) / len(stamps)
    return (
        repeated >= REPEATED
        or entity_column(piece[words], set(), pd.DatetimeIndex(stamps, tz="UTC")) is not None
    )


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
    rows = size_of(path) / (len(sample) / min(len(piece), 1000))
    needed = usual * rows * max(columns, 1) / CELLS
    return next((step for step in ROUND if step >= max(needed, usual)), ROUND[-1])
