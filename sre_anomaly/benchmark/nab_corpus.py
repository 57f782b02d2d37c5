"""The files and windows that results are judged on: those of the Numenta Anomaly Benchmark, or others laid out like it."""

from dataclasses import dataclass
from pathlib import Path

from sre_anomaly.data.public._nab_rows import NabRows, read_rows, stated_windows
from sre_anomaly.data.public.nab import WINDOWS, nab_file
from sre_anomaly.errors import DataError
from sre_anomaly.evaluation.nab.score import Labelled, check_windows
from sre_anomaly.frame import Array


@dataclass(frozen=True)
class CorpusFile(NabRows):
    """One file of a corpus."""

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
    found = []
    for name, stated in stated_windows(labels).items():
        path = nab_file(f"data/{name}") if folder is None else folder / "data" / name
        rows = read_rows(name, path, stated, labels)
        check_windows(f"{labels}: {name}", rows.windows, len(rows.values))
        found.append(CorpusFile(**vars(rows)))
    return found
