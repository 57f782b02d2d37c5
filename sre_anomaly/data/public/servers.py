"""The server check of the classic anomaly-detection exercise."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from sre_anomaly.data.public._data_folder import VARIABLE, local_folder
from sre_anomaly.errors import DataError
from sre_anomaly.frame import Array, MetricFrame, Split
from sre_anomaly.registry import register
from sre_anomaly.sources import DataSource


@register("data", "servers")
@dataclass
class Servers(DataSource):
    """Unlabelled training rows to be searched, and a few labelled rows on which to choose epsilon.

    Part 1 has two metrics (throughput, latency), part 2 has eleven. The files (``X_part2.npy``,
    ``X_val_part2.npy``, ``y_val_part2.npy``) are course material that cannot be shipped: put them in
    ``folder`` or in the folder ``servers`` under SRE_ANOMALY_DATA.
    """

    part: Literal[1, 2] = 2
    folder: str | None = None

    def frames(self) -> Iterator[MetricFrame]:
        """Yield the one frame: training rows first, then the validation rows.

        Raises
        ------
        DataError
            If a file is missing or does not fit the others.
        """
        train, validation = self._load("X_part"), self._load("X_val_part")
        labels = self._load("y_val_part").ravel()
        if train.shape[1] != validation.shape[1] or len(labels) != len(validation):
            raise DataError(
                f"data=servers: the files of part {self.part} do not fit together: X is {train.shape}, "
                f"X_val {validation.shape}, y_val {labels.shape}"
            )
        metrics: tuple[str, ...] = ("throughput", "latency")
        if train.shape[1] != len(metrics):
            metrics = tuple(f"metric_{number}" for number in range(1, train.shape[1] + 1))
        rows = len(train)
        total = rows + len(validation)
        yield MetricFrame(
            name=f"servers_part{self.part}",
            time=pd.date_range("2000-01-01", periods=total, freq="1min", tz="UTC"),
            values=np.vstack([train, validation]),
            metrics=metrics,
            labels=np.concatenate([np.full(rows, np.nan), labels]),
            split=Split(train=slice(0, rows), validation=slice(rows, total), test=slice(0, rows)),
            has_clock=False,
            notes=("the data have no times: data points are numbered",),
        )

    def _load(self, stem: str) -> Array:
        folder = Path(self.folder) if self.folder else local_folder("servers")
        name = f"{stem}{self.part}.npy"
        if folder is None or not (folder / name).is_file():
            where = folder / name if folder else name
            raise DataError(
                f"data=servers: {where} is not there; set data.folder=<folder with {name}>, or {VARIABLE} to a "
                "folder that has it in its subfolder 'servers'"
            )
        try:
            array = np.load(folder / name, allow_pickle=False)
        except ValueError as error:
            raise DataError(f"{folder / name}: is not a plain .npy array: {error}") from None
        return np.atleast_2d(np.asarray(array, dtype=np.float64))
