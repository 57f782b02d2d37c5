"""The times of a table that is read in pieces: all of them are read one way, whichever piece shows it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from sre_anomaly.errors import DataError
from sre_anomaly.io.files.pieces import Reading, pieces
from sre_anomaly.io.layout.columns import with_dates
from sre_anomaly.io.tables import YEAR
from sre_anomaly.io.times.written import order_in
from sre_anomaly.io.timestamps import times

A_YEAR_BACK = 300 * 24 * 3600 * 10**9
"""Nanoseconds; times without a year that go back so far are in the next one."""


@dataclass
class PieceTimes:
    """Reads the times of one piece after the other."""

    path: Path
    column: str
    how: Reading
    day_first: bool | None
    year: int | None = None
    last: int | None = None

    @classmethod
    def of(cls, path: Path, shown: str, column: str, how: Reading) -> "PieceTimes":
        """Decide whether the day comes first by the first piece that shows it.

        Raises
        ------
        DataError
            If no piece shows it.
        """
        if how.day_first is not None:
            return cls(path, column, how, how.day_first)
        doubt: DataError | None = None
        for piece in pieces(path, shown, how):
            if not len(piece) or column not in piece:
                continue
            try:
                return cls(
                    path, column, how, order_in(f"{path}, column {column!r}", texts(path, piece, column))
                )
            except DataError as error:
                doubt = doubt or error
        if doubt is not None:
            raise doubt
        return cls(path, column, how, None)

    def stamps(self, piece: pd.DataFrame) -> Any:
        """Return the times of a piece in nanoseconds since 1970."""
        if self.column not in piece:
            raise DataError(f"data.time: {self.path} has no column {self.column!r}")
        column = with_dates(self.path, piece, self.column)[self.column]
        year = self.year or self.how.year or piece.attrs.get(YEAR)
        found = self._read(column, year)
        if self.last is not None and year is not None and found[0] < self.last - A_YEAR_BACK:
            found = self._read(column, year + 1)
        if year is not None:
            self.last = int(found[-1])
            self.year = pd.Timestamp(self.last, tz="UTC").tz_convert(self.how.timezone).year
        return found

    def _read(self, column: Any, year: int | None) -> Any:
        found = times(self.path, column, self.how.timezone, day_first=self.day_first, year=year)
        return found.as_unit("ns").asi8


def texts(path: Path, piece: pd.DataFrame, column: str) -> Any:
    """Return the times of a piece as they are written."""
    return with_dates(path, piece, column)[column].astype("string").str.strip()
