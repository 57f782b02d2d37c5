"""The files and windows that detectors are judged on: those of the Numenta Anomaly Benchmark, or others laid out like it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sre_anomaly.cuts import Rows
from sre_anomaly.data.nab import WINDOWS, nab_file
from sre_anomaly.errors import DataError
from sre_anomaly.evaluation.nab import Labelled, check_windows
from sre_anomaly.frame import Array
from sre_anomaly.tables import column, numbers, read_table
from sre_anomaly.timestamps import times


@dataclass(frozen=True)
class CorpusFile:
    """One file of a corpus: its name is ``<category>/<file>.csv``."""

    name: str
    timestamps: tuple[str, ...]
    """(n,) as they are written in the file."""
    values: Array
    windows: Rows
    """(k, 2) half-open rows."""

    @property
    def category(self) -> str:
        """The folder that it is in."""
        return self.name.split("/")[0]

    def scored(self, scores: Array) -> Labelled:
        """Return the file with (n,) scores."""
        return Labelled(self.name, self.category, scores, self.windows)


def read_corpus(folder: Path | None = None) -> list[CorpusFile]:
    """Read the data and windows of a folder with NAB's ``data/`` and ``labels/``; by default, NAB itself.

    Raises
    ------
    DataError
        If a file is missing or cannot be read, or a window is none.
    """
    if folder is not None and not (folder / WINDOWS).is_file():
        raise DataError(
            f"data={folder}: {folder / WINDOWS} is not there; name a folder with NAB's data/ and labels/"
        )
    labels = nab_file(WINDOWS) if folder is None else folder / WINDOWS
    try:
        content: Any = json.loads(labels.read_text(encoding="utf-8"))
        stated = {str(name): [(str(start), str(end)) for start, end in content[name]] for name in content}
    except (ValueError, TypeError, LookupError):
        raise DataError(f'{labels}: expected {{"category/file.csv": [[start, end], ...], ...}}') from None
    if not any(stated.values()):
        raise DataError(f"{labels}: has no window; there is nothing to find")
    return [
        _read_file(
            name, nab_file(f"data/{name}") if folder is None else folder / "data" / name, windows, labels
        )
        for name, windows in stated.items()
    ]


def _read_file(name: str, path: Path, stated: Sequence[tuple[str, str]], labels: Path) -> CorpusFile:
    if name.count("/") != 1 or ".." in name:
        raise DataError(f"{labels}: {name!r} is not of the form category/file.csv")
    if not path.is_file():
        raise DataError(f"{path}: is not there, but {labels} has windows for it")
    table = read_table(path)
    stamps = column(path, table, "timestamp", "data")
    clock = times(path, stamps, "UTC").as_unit("ns").asi8
    windows = np.array(
        [
            (_row_of(clock, start, where), _row_of(clock, end, where) + 1)
            for number, (start, end) in enumerate(stated, start=1)
            for where in [f"{labels}: {name}: window {number}"]
        ],
        dtype=np.int64,
    ).reshape(-1, 2)
    check_windows(f"{labels}: {name}", windows, len(table))
    values = numbers(path, column(path, table, "value", "data"))
    return CorpusFile(name, tuple(str(stamp) for stamp in stamps), values, windows)


def _row_of(clock: Rows, text: str, where: str) -> int:
    try:
        stamp = pd.Timestamp(text).as_unit("ns")
    except ValueError:
        raise DataError(f"{where}: {text!r} is not a time") from None
    # The first row of a time that occurs twice, as NAB takes it.
    rows = np.flatnonzero(clock == stamp.value)
    if not len(rows):
        raise DataError(
            f"{where}: {text} is not a time of the file; the window lies outside it or between rows"
        )
    return int(rows[0])
