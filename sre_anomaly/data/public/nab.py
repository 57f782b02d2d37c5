"""One series of the Numenta Anomaly Benchmark."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from sre_anomaly.clock import Duration
from sre_anomaly.data.public._data_folder import VARIABLE, local_folder
from sre_anomaly.errors import ConfigError, DataError, did_you_mean
from sre_anomaly.frame import Incident, MetricFrame
from sre_anomaly.io.incident_windows import read_windows
from sre_anomaly.io.regular_clock import regularise
from sre_anomaly.io.tables import column, numbers, read_table
from sre_anomaly.io.timestamps import times
from sre_anomaly.registry import register
from sre_anomaly.sources import DataSource

ADDRESS = "https://raw.githubusercontent.com/numenta/NAB/v1.1/"
WINDOWS = "labels/combined_windows.json"


@register("data", "nab")
@dataclass
class Nab(DataSource):
    """A real or artificial series with labelled incident windows (Lavin and Ahmad, 2015; MIT licence).

    Read from the folder ``nab`` under SRE_ANOMALY_DATA, or downloaded once into a cache; either way a file
    that differs from the published one is refused.
    """

    series: str = "realAWSCloudwatch/ec2_cpu_utilization_53ea38.csv"
    resample: Duration | None = None
    interpolate: Duration = timedelta(minutes=15)

    def __post_init__(self) -> None:
        known = [name.removeprefix("data/") for name in _checksums() if name.startswith("data/")]
        ending = f"{self.series.removesuffix('.csv')}.csv"
        found = [name for name in known if name == ending or name.split("/")[1] == ending]
        if not found:
            short = [name.split("/")[1].removesuffix(".csv") for name in known]
            raise ConfigError(
                f"data.series: no NAB series is called {self.series!r}; {did_you_mean(self.series, short)}"
            )
        self.series = found[0]

    def frames(self) -> Iterator[MetricFrame]:
        """Yield the one frame.

        Raises
        ------
        DataError
            If the files are neither here nor to be had (says where to put them), or differ.
        """
        path = nab_file(f"data/{self.series}")
        table = read_table(path)
        regular = regularise(
            self.series,
            times(path, column(path, table, "timestamp", "data.time"), "UTC"),
            numbers(path, column(path, table, "value", "data.values"))[:, np.newaxis],
            resample=self.resample,
            interpolate=self.interpolate,
        )
        step = regular.time[1] - regular.time[0]
        windows = read_windows(nab_file(WINDOWS), "UTC", self.series)
        yield MetricFrame(
            name=Path(self.series).stem,
            time=regular.time,
            values=regular.values,
            metrics=("value",),
            # NAB's windows include their last row; ours do not.
            incidents=tuple(Incident(w.start, w.end + step, id=w.id) for w in windows),
            notes=tuple(regular.notes),
        )


def _checksums() -> dict[str, str]:
    content: Any = json.loads(
        files("sre_anomaly.data.public").joinpath("nab_checksums.json").read_text("utf-8")
    )
    return dict(content)


def nab_file(name: str) -> Path:
    """Return a NAB file from this machine, or download it; its SHA-256 is checked in both cases."""
    import pooch

    expected = _checksums()[name]
    folder = local_folder("nab")
    cache = Path(pooch.os_cache("sre-anomaly")) / "nab"
    path = (folder or cache) / name
    if folder is None and not path.is_file():
        pooch.get_logger().setLevel("WARNING")
        try:
            pooch.retrieve(ADDRESS + name, f"sha256:{expected}", fname=path.name, path=path.parent)
        except (OSError, ValueError) as error:
            raise DataError(
                f"data=nab: {name} cannot be downloaded here ({type(error).__name__}) and is not on this machine: get "
                f"the NAB repository from elsewhere and put it in {cache}, or set {VARIABLE} to a folder that has it "
                "in its subfolder 'nab'"
            ) from None
    if not path.is_file():
        raise DataError(f"data=nab: {path} is not there; {folder} should hold NAB's data/ and labels/")
    if pooch.file_hash(str(path)) != expected:
        raise DataError(
            f"data=nab: {path} is not the published file (its SHA-256 differs); delete it to get it anew"
        )
    return path
