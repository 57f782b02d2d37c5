"""Series kept as three arrays: rows to learn from, rows to judge, and the truth about the latter."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from sre_anomaly.data.public._data_folder import VARIABLE, local_folder
from sre_anomaly.errors import DataError
from sre_anomaly.frame import Array, MetricFrame, Split

TRAIN, TEST, LABELS = "_train.npy", "_test.npy", "_test_label.npy"


def folder_of(data: str, given: str | None) -> Path:
    """Return where a data set is.

    Raises
    ------
    DataError
        If it is not on this machine.
    """
    folder = Path(given).expanduser() if given else local_folder(data)
    if folder is None or not folder.is_dir():
        raise DataError(
            f"data={data}: {folder or 'the data set'} is not there; set data.folder=<folder with NAME{TRAIN}, NAME{TEST} "
            f"and NAME{LABELS}>, or {VARIABLE} to a folder that has it in its subfolder {data!r}"
        )
    return folder


def series_in(data: str, folder: Path) -> list[str]:
    """Return the names of all series in a folder.

    Raises
    ------
    DataError
        If there is none.
    """
    names = sorted(path.name.removesuffix(TRAIN) for path in folder.glob(f"*{TRAIN}"))
    if not names:
        raise DataError(f"data={data}: {folder} has no file NAME{TRAIN}")
    return names


def read_series(folder: Path, name: str, step: timedelta) -> MetricFrame:
    """Return a series: its training rows, then its test rows with labels.

    Raises
    ------
    DataError
        If a file is missing or does not fit the others.
    """
    train, test = _array(folder / f"{name}{TRAIN}"), _array(folder / f"{name}{TEST}")
    labels = _array(folder / f"{name}{LABELS}").ravel()
    if train.ndim != 2 or train.shape[1:] != test.shape[1:] or len(labels) != len(test):
        raise DataError(
            f"{folder / name}: its files do not fit together: train is {train.shape}, test {test.shape}, labels "
            f"{labels.shape}"
        )
    rows, total = len(train), len(train) + len(test)
    return MetricFrame(
        name=name,
        time=pd.date_range("2000-01-01", periods=total, freq=step, tz="UTC"),
        values=np.vstack([train, test]),
        metrics=tuple(f"metric_{number:02d}" for number in range(1, train.shape[1] + 1)),
        labels=np.concatenate([np.full(rows, np.nan), labels]),
        split=Split(train=slice(0, rows), validation=None, test=slice(rows, total)),
        notes=("the files carry no times: the clock begins at will",),
    )


def _array(path: Path) -> Array:
    if not path.is_file():
        raise DataError(f"{path}: is not there")
    try:
        return np.asarray(np.load(path, allow_pickle=False), dtype=np.float64)
    except ValueError as error:
        raise DataError(f"{path}: is not a plain .npy array: {error}") from None
