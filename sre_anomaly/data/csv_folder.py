"""Your own fleet: a folder of CSV or Parquet files, one for each entity."""

import glob
from dataclasses import dataclass
from pathlib import Path

from sre_anomaly.corpora import Corpus
from sre_anomaly.data._table_reading import TableReading
from sre_anomaly.errors import ConfigError, DataError
from sre_anomaly.frame import MetricFrame
from sre_anomaly.registry import register

NAME = "*"
"""Stands for a file's name without its ending."""


@register("data", "csv_folder")
@dataclass
class CsvFolder(TableReading, Corpus):
    """Every file that a pattern finds; each is read as ``data=csv`` reads one."""

    path: str

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.incidents and NAME not in self.incidents:
            raise ConfigError(
                f"data.incidents: {self.incidents!r} has no {NAME}, which stands for a file's name without its ending: "
                "labels/*.json"
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
        incidents = self.incidents.replace(NAME, Path(name).stem) if self.incidents else None
        return self.frame(Path(name), incidents)
