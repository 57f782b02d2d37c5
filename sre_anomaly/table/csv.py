"""A CSV or Parquet file with an answer in one of its columns."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sre_anomaly.dataset import Table, TextColumn
from sre_anomaly.errors import ConfigError, DataError, naming_keys_of_table
from sre_anomaly.frame import NANOSECONDS
from sre_anomaly.io.tables import column, numbers, read_table
from sre_anomaly.io.timestamps import times
from sre_anomaly.registry import register
from sre_anomaly.table_contracts import TableSource

WORDS_OF_A_TEXT = 3.0
"""A column whose cells have so many words on average holds sentences, one with fewer holds categories."""
MOST_DIFFERENT = 0.5
"""A column of words in which more than this share is different names its rows and says nothing else."""

A_TIME = r"\s*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T].*)?"
A_NUMBER = r"\s*[€$£]?\s*[+-]?\d[\d.,' ]*\s*[^\d\s]{0,5}\s*"
"""Digits with what stands between thousands, or with a unit before or behind."""


@register("table", "csv")
@dataclass
class CsvTable(TableSource):
    """Numbers, categories and texts are told apart by what the columns hold; ``texts`` and ``categories`` overrule."""

    path: str
    target: str
    group: str | None = None
    time: str | None = None
    texts: list[str] | None = None
    categories: list[str] | None = None
    leave_out: list[str] | None = None
    timezone: str = "UTC"
    day_first: bool | None = None

    @naming_keys_of_table()
    def table(self) -> Table:
        """Read the file.

        Raises
        ------
        DataError
            If the file, a column or a cell cannot be read: says which and where.
        """
        path = Path(self.path).expanduser()
        content = read_table(path)
        self._check_names(path, content)
        content, notes = self._answered(path, content)
        taken = {self.target, self.group, self.time, *(self.leave_out or ())}
        found: dict[str, dict[str, Any]] = {"numbers": {}, "categories": {}, "texts": {}}
        for name in content.columns:
            if name in taken:
                continue
            kind = self._kind(content[name])
            if kind == "name":
                notes.append(f"column {name} was left out: {_why_left_out(content[name])}")
            elif kind == "numbers":
                found[kind][name] = numbers(path, content[name])
                if _counts_rows(found[kind][name]):
                    notes.append(
                        f"column {name} numbers the rows, which cannot predict a new one; "
                        f"table.leave_out=[{name}] leaves it out"
                    )
            else:
                found[kind][name] = _words(content[name])
        if not any(found.values()):
            raise DataError(f"{path}: beside table.target={self.target} there is no column to learn from")
        stamps = None
        if self.time:
            index = times(path, content[self.time], self.timezone, day_first=self.day_first)
            stamps = index.as_unit(NANOSECONDS).asi8
        group = _words(content[self.group]) if self.group else None
        return Table(
            path.stem, found["numbers"], found["categories"], found["texts"], target=_target(content[self.target]), target_name=self.target, group=group, time=stamps,
            notes=tuple(notes),
        )  # fmt: skip

    def _check_names(self, path: Path, content: pd.DataFrame) -> None:
        for key in ("target", "group", "time"):
            if name := getattr(self, key):
                column(path, content, name, f"table.{key}")
        for key in ("texts", "categories", "leave_out"):
            for name in getattr(self, key) or ():
                column(path, content, name, f"table.{key}")
                if name == self.target:
                    raise ConfigError(
                        f"table.{key}: {name!r} is the target, which is predicted from the others"
                    )

    def _answered(self, path: Path, content: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
        """Return the rows that have an answer, and what to say of the others."""
        absent = content[self.target].isna()
        if absent.all():
            raise DataError(f"{path}, column {self.target!r}: has no value at all")
        if not absent.any():
            return content, []
        answered = content[~absent].reset_index(drop=True)
        if len(answered[self.target].unique()) == 1:
            raise DataError(
                f"{path}, column {self.target!r}: every cell is {str(answered[self.target].iloc[0])!r} or empty, and an empty "
                "one means that nobody knows; write no or 0 where that is the answer"
            )
        several = bool(absent.sum() > 1)
        return answered, [
            f"{int(absent.sum())} row{'s' * several} without {self.target} {'were' if several else 'was'} left out"
        ]

    def _kind(self, series: Any) -> str:
        name = series.name
        if name in (self.texts or ()):
            return "texts"
        if name in (self.categories or ()) or pd.api.types.is_bool_dtype(series):
            return "categories"
        if pd.api.types.is_numeric_dtype(series):
            return "numbers"
        present = series.dropna().astype(str)
        if not len(present):
            return "numbers"
        # Mostly numbers and a few words: a broken number, which is told, and no category.
        if pd.to_numeric(present, errors="coerce").notna().mean() > MOST_DIFFERENT:
            return "numbers"
        if present.str.split().str.len().mean() >= WORDS_OF_A_TEXT:
            return "texts"
        return "name" if present.nunique() > max(20, MOST_DIFFERENT * len(present)) else "categories"


def _why_left_out(series: Any) -> str:
    """Return why a column that has a word of its own in nearly every row is not learned from, and what would be right."""
    name, words = series.name, series.dropna().astype(str)
    example = str(words.iloc[0])
    if words.str.fullmatch(A_TIME).mean() > MOST_DIFFERENT:
        return f"it holds times, such as {example!r}; table.time={name} splits the rows by it"
    if words.str.fullmatch(A_NUMBER).mean() > MOST_DIFFERENT:
        return f"{example!r} is no number; write numbers without a unit and without a sign between thousands"
    return f"nearly every row has a word of its own, such as {example!r}; table.texts=[{name}] keeps it"


def _counts_rows(values: Any) -> bool:
    """Return whether a column goes up by one from row to row, as a number of rows does."""
    return len(values) > 1 and bool((np.diff(values) == 1).all())


def _words(series: Any) -> TextColumn:
    """Return cells as texts; an empty one is "", which is a category like any other."""
    return np.array(
        ["" if absent else str(cell) for cell, absent in zip(series, series.isna(), strict=True)],
        dtype=object,
    )


def _target(series: Any) -> Any:
    """Return numbers as they are, anything else as texts; 1.0 for 1 only where there are fractions."""
    if pd.api.types.is_bool_dtype(series):
        return np.array([str(value).lower() for value in series], dtype=object)
    if pd.api.types.is_numeric_dtype(series):
        values = series.to_numpy(dtype=np.float64)
        return (
            values.astype(np.int64)
            if np.isfinite(values).all() and (values == np.floor(values)).all()
            else values
        )
    return np.array([str(value).strip() for value in series], dtype=object)
