"""Your own fleet: a folder of CSV or Parquet files, one for each entity."""

import glob
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path
from typing import Literal

from sre_anomaly.clock import Duration
from sre_anomaly.corpora import Corpus
from sre_anomaly.data.csv import CsvFile
from sre_anomaly.errors import ConfigError, DataError
from sre_anomaly.frame import MetricFrame
from sre_anomaly.registry import register

NAME = "*"


@register("data", "csv_folder")
@dataclass
class CsvFolder(Corpus):
    """Every file that a pattern finds; each is read as ``data=csv`` reads one."""

    path: str
    time: str | None = None
    values: list[str] | None = None
    label: str | None = None
    incidents: str | None = None
    timezone: str = "UTC"
    day_first: bool | None = None
    separator: str | None = None
    decimal: Literal[".", ","] | None = None
    resample: Duration | None = None
    interpolate: Duration = timedelta(minutes=15)

    def __post_init__(self) -> None:
        if self.incidents and NAME not in self.incidents:
            raise ConfigError(
                f"data.incidents: {self.incidents!r} has no {NAME}, which stands for a file's name without its ending: labels/*.json"
            )

    def names(self) -> list[str]:
        """Return the files' paths as the pattern finds them, sorted."""
        pattern = str(Path(self.path).expanduser())
        found = [path for path in sorted(glob.glob(pattern, recursive=True)) if Path(path).is_file()]  # noqa: PTH207
        if not found:
            hint = f"; did you mean data.path='{pattern}/*.csv'?" if Path(pattern).is_dir() else ""
            raise DataError(f"data.path: no file matches {self.path!r}{hint}")
        return found

    def read(self, name: str) -> MetricFrame:
        """Return one file."""
        given = {part.name: getattr(self, part.name) for part in fields(CsvFile)} | {"path": name}
        if self.incidents:
            given["incidents"] = self.incidents.replace(NAME, Path(name).stem)
        return next(CsvFile(**given).frames())
