"""Series kept as three arrays: rows to learn from, rows to judge, and the truth about the latter."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd

from sre_anomaly.data.public._data_folder import VARIABLE, local_folder
from sre_anomaly.errors import DataError
from sre_anomaly.frame import Array, MetricFrame, Split
from sre_anomaly.sources import Corpus

TRAIN, TEST, LABELS = "_train.npy", "_test.npy", "_test_label.npy"


@dataclass
class TrainTest(Corpus):
    """Training data without labels, then labelled test data, of each machine in a folder."""

    folder: str | None = None

    data: ClassVar[str]
    step: ClassVar[timedelta]

    def names(self) -> list[str]:
        """Return the machines in the folder."""
        folder = self._folder()
        names = sorted(path.name.removesuffix(TRAIN) for path in folder.glob(f"*{TRAIN}"))
        if not names:
            raise DataError(f"data={self.data}: {folder} has no file NAME{TRAIN}")
        return names

    def read(self, name: str) -> MetricFrame:
        """Return one machine."""
        folder = self._folder()
        train, test, labels = (_array(folder / f"{name}{part}") for part in (TRAIN, TEST, LABELS))
        labels = labels.ravel()
        if train.ndim != 2 or train.shape[1:] != test.shape[1:] or len(labels) != len(test):
            raise DataError(
                f"{folder / name}: its files do not fit together: train is {train.shape}, test {test.shape}, labels "
                f"{labels.shape}"
            )
        rows, total = len(train), len(train) + len(test)
        return MetricFrame(
            name=name,
            time=pd.date_range("2000-01-01", periods=total, freq=self.step, tz="UTC"),
            values=np.vstack([train, test]),
            metrics=tuple(f"metric_{number:02d}" for number in range(1, train.shape[1] + 1)),
            labels=np.concatenate([np.full(rows, np.nan), labels]),
            split=Split(train=slice(0, rows), validation=None, test=slice(rows, total)),
            notes=("the files have no times: the dates shown are arbitrary",),
        )

    def _folder(self) -> Path:
        folder = Path(self.folder).expanduser() if self.folder else local_folder(self.data)
        if folder is None or not folder.is_dir():
            raise DataError(
                f"data={self.data}: {folder or 'the data set'} is not there; set data.folder=<folder with NAME{TRAIN}, "
                f"NAME{TEST} and NAME{LABELS}>, or {VARIABLE} to a folder that has it in its subfolder {self.data!r}"
            )
        return folder


def _array(path: Path) -> Array:
    if not path.is_file():
        raise DataError(f"{path}: is not there")
    try:
        return np.asarray(np.load(path, allow_pickle=False), dtype=np.float64)
    except ValueError as error:
        raise DataError(f"{path}: is not a plain .npy array: {error}") from None
