"""Your own fleet: a folder of CSV or Parquet files, one for each entity."""

import glob
from collections import Counter
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

from sre_anomaly.errors import ConfigError, DataError, UserError
from sre_anomaly.frame import MetricFrame
from sre_anomaly.io.files.reading import FileReading
from sre_anomaly.io.hosts_in_a_file import words_of
from sre_anomaly.io.tables import column, read_table
from sre_anomaly.registry import register
from sre_anomaly.sources import Corpus

FOLDERS, NAME = "**", "*"
"""Stand for the folders of a file below those that the pattern names, and for its name without its ending."""


@register("data", "csv_folder")
@dataclass
class CsvFolder(FileReading, Corpus):
    """Every file that a pattern finds; each is read as ``data=csv`` reads one.

    With ``host`` each word of that column, or label of an export, is a series, called as the file and the word; an export
    of several entities is divided by itself. A file without its label file, or without the label column, is run and not judged.
    """

    path: str
    host: str | None = None

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
            hint = (
                f"; did you mean data.path='{pattern}/*{_suffix(Path(pattern))}'?"
                if Path(pattern).is_dir()
                else ""
            )
            raise DataError(f"data.path: no file matches {self.path!r}{hint}")
        # Files of a fleet are alike: where the first that can be read is of one entity, so are the others, and none is read twice.
        divided = self.host is not None or next(
            (len(one) > 1 for path in found if (one := self._series(path))), False
        )
        found = [name for path in found for name in (self._series(path) or [path])] if divided else found
        if self.incidents:
            self._check_labels(found)
        return found

    def _series(self, path: str) -> list[str]:
        """Return the name of each series in a file: its path, and what tells entities apart where there are several; none where it cannot be read."""
        try:
            words = self.entities(Path(path), self.host)
        except UserError:
            if self.host:
                raise
            return []  # it is refused by itself when it is read
        if self.host and not words:
            words = self._hosts(Path(path), self.host)
        return [f"{path}/{word}" for word in words] if self.host or len(words) > 1 else [path]

    def tables(self, path: Path) -> list[str]:
        """Return the words that tell apart the series of a file that is a table; none for one series, or an export."""
        return [] if self.is_export(path) else self.entities(path, None)

    def _hosts(self, path: Path, name: str) -> list[str]:
        words = words_of(column(path, read_table(path, self.separator, self.decimal), name, "data.host"))
        return sorted(word for word in words.unique() if word)

    def _parts(self, name: str) -> tuple[Path, str | None]:
        """Return the file of a series, and its word in the column of hosts."""
        if Path(name).is_file():
            return Path(name), None
        # A word may have slashes too: the file is the first part that is one.
        ends = [place for place, sign in enumerate(name) if sign == "/" and Path(name[:place]).is_file()]
        return Path(name[: ends[0]]), name[ends[0] + 1 :]

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
        path, host = self._parts(name)
        below = path.parent.relative_to(fixed) if fixed.is_dir() else Path()
        named = str(self.incidents).replace(FOLDERS, below.as_posix()).replace(NAME, host or path.stem)
        return Path(named).expanduser()

    def version(self, name: str) -> str:
        """Return size and time of change of a file, its labels and the calendar."""
        paths = [
            self._parts(name)[0],
            *([self._labels_of(name)] if self.incidents else []),
            *self.calendar_paths,
        ]
        seen = [path.stat() for path in paths if path.is_file()]
        return " ".join(f"{one.st_size}:{one.st_mtime_ns}" for one in seen)

    def read(self, name: str) -> MetricFrame:
        """Return one file."""
        labels = self._labels_of(name) if self.incidents else None
        path, word = self._parts(name)
        host = None if word is None else (self.host or "", word)
        if labels is None or labels.is_file():
            return self.frame(path, None if labels is None else str(labels), host)
        frame = self.frame(path, None, host)
        return replace(frame, notes=(*frame.notes, f"not evaluated: there is no label file {labels}"))


def _suffix(folder: Path) -> str:
    """Return the ending that most files of a folder have."""
    endings = Counter(path.suffix for path in folder.iterdir() if path.is_file() and path.suffix)
    return endings.most_common(1)[0][0] if endings else ".csv"
