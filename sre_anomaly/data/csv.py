"""Your own metrics from a file: CSV, Parquet, or what a tool of monitoring exported."""

import glob
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sre_anomaly.errors import DataError
from sre_anomaly.frame import MetricFrame
from sre_anomaly.io.files.reading import FileReading
from sre_anomaly.registry import register
from sre_anomaly.sources import DataSource


@register("data", "csv")
@dataclass
class CsvFile(FileReading, DataSource):
    """One file, one entity: a time column, a column per metric, and the truth if you have it."""

    path: str

    def frames(self) -> Iterator[MetricFrame]:
        """Yield the one frame.

        Raises
        ------
        DataError
            If the file, a column, a time or a number cannot be read: says which and where.
        """
        path = Path(self.path).expanduser()
        if path.is_dir() or (not path.exists() and glob.has_magic(self.path)):
            what, pattern = (
                ("is a folder", path / "*.csv") if path.is_dir() else ("names several files", path)
            )
            raise DataError(
                f"data.path: {path} {what}, and one file is read here; for many hosts, a file each, there is "
                f"experiment=fleet data.path='{pattern}'"
            )
        yield self.frame(path, self.incidents)
