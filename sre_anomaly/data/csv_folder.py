"""Your own fleet: a folder of CSV or Parquet files, one for each entity."""

import glob
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

from sre_anomaly.errors import ConfigError, DataError
from sre_anomaly.frame import MetricFrame
from sre_anomaly.io.table_metrics import TableReading
from sre_anomaly.registry import register
from sre_anomaly.sources import Corpus

FOLDERS, NAME = "**", "*"
"""Stand for the folders of a file below those that the pattern names, and for its name without its ending."""


@register("data", "csv_folder")
@dataclass
class CsvFolder(TableReading, Corpus):
    """Every file that a pattern finds; each is read as ``data=csv`` reads one.

    A file without its label file, or without the label column, is run and not judged.
    """

    path: str

    label_needed = False

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
        if self.incidents:
            self._check_labels(found)
        return found

    def _check_labels(self, names: list[str]) -> None:
        owners: dict[Path, str] = {}
        for name in names:
            other = owners.setdefault(self._labels_of(name), name)
            if other != name:
                raise DataError(
                    f"data.incidents: {other} and {name} would share {self._labels_of(name)}; put labels in folders "
                    "named alike and write data.incidents='labels/**/*.json'"
                )
        if not any(path.is_file() for path in owners):
            raise DataError(
                f"data.incidents: none of {len(owners)} label files is there, such as {min(owners)}"
            )

    def _labels_of(self, name: str) -> Path:
        """Return where the windows of a file would be."""
        parts = Path(self.path).expanduser().parts
        fixed = Path(*takewhile(lambda part: not glob.has_magic(part), parts))
        below = Path(name).parent.relative_to(fixed) if fixed.is_dir() else Path()
        named = str(self.incidents).replace(FOLDERS, below.as_posix()).replace(NAME, Path(name).stem)
        return Path(named).expanduser()

    def version(self, name: str) -> str:
        """Return size and time of change of a file, its labels and the calendar."""
        paths = [Path(name), *([self._labels_of(name)] if self.incidents else []), *self.calendar_paths]
        seen = [path.stat() for path in paths if path.is_file()]
        return " ".join(f"{one.st_size}:{one.st_mtime_ns}" for one in seen)

    def read(self, name: str) -> MetricFrame:
        """Return one file."""
        labels = self._labels_of(name) if self.incidents else None
        if labels is None or labels.is_file():
            return self.frame(Path(name), None if labels is None else str(labels))
        frame = self.frame(Path(name), None)
        return replace(frame, notes=(*frame.notes, f"not evaluated: there is no label file {labels}"))
