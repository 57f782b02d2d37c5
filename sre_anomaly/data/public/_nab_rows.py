"""Rows of a NAB file exactly as they stand there: their order counts, and some times occur twice or run backwards."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sre_anomaly.errors import DataError
from sre_anomaly.frame import Array, Times
from sre_anomaly.io.tables import column, numbers, read_table
from sre_anomaly.io.timestamps import times
from sre_anomaly.kernels.ranking import Rows


@dataclass(frozen=True)
class NabRows:
    """One file: its name is ``<category>/<file>.csv``."""

    name: str
    timestamps: tuple[str, ...]
    """(n,) as they are written in the file."""
    stamps: Times
    """(n,) the same as ns since 1970, UTC."""
    values: Array
    windows: Rows
    """(k, 2) half-open rows."""

    @property
    def category(self) -> str:
        """The folder that it is in."""
        return self.name.split("/")[0]


def stated_windows(labels: Path) -> dict[str, list[tuple[str, str]]]:
    """Return the windows of each file as they are written.

    Raises
    ------
    DataError
        If the file is not of that form, or has no window at all.
    """
    try:
        content: Any = json.loads(labels.read_text(encoding="utf-8"))
        stated = {str(name): [(str(start), str(end)) for start, end in content[name]] for name in content}
    except (ValueError, TypeError, LookupError):
        raise DataError(f'{labels}: expected {{"category/file.csv": [[start, end], ...], ...}}') from None
    if not any(stated.values()):
        raise DataError(f"{labels}: has no window; there is nothing to detect")
    return stated


def read_rows(name: str, path: Path, stated: Sequence[tuple[str, str]], labels: Path) -> NabRows:
    """Return the rows of a file, and its windows as rows.

    Raises
    ------
    DataError
        If the file is not there or broken, or a window is not at its times.
    """
    if name.count("/") != 1 or ".." in name:
        raise DataError(f"{labels}: {name!r} is not of the form category/file.csv")
    if not path.is_file():
        raise DataError(f"{path}: is not there, but {labels} has windows for it")
    table = read_table(path)
    written = column(path, table, "timestamp", "data")
    stamps = times(path, written, "UTC").as_unit("ns").asi8
    windows = np.array(
        [
            (_row_of(stamps, start, where), _row_of(stamps, end, where) + 1)
            for number, (start, end) in enumerate(stated, start=1)
            for where in [f"{labels}: {name}: window {number}"]
        ],
        dtype=np.int64,
    ).reshape(-1, 2)
    values = numbers(path, column(path, table, "value", "data"))
    return NabRows(name, tuple(str(stamp) for stamp in written), stamps, values, windows)


def _row_of(stamps: Times, text: str, where: str) -> int:
    try:
        stamp = pd.Timestamp(text).as_unit("ns")
    except ValueError:
        raise DataError(f"{where}: {text!r} is not a time") from None
    # The first row of a time that occurs twice, as NAB takes it.
    rows = np.flatnonzero(stamps == stamp.value)
    if not len(rows):
        raise DataError(
            f"{where}: {text} is not a time of the file; the window lies outside it or between data points"
        )
    return int(rows[0])
