"""Results in the formats of the Numenta Anomaly Benchmark: its folder layout, and one file a detector.

NAB's own scorer reads ``<detector>/<category>/<detector>_<file>.csv`` with the columns timestamp, value,
anomaly_score and label. The other form is ``<detector>.csv.gz`` with the columns file, timestamp and anomaly_score.
Either way the order of the rows counts, for some of NAB's files have times twice; the times have to be the corpus's in
that order, or sorted, as they are in some published results where the corpus has an hour twice.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sre_anomaly.benchmark.nab_corpus import CorpusFile
from sre_anomaly.errors import DataError
from sre_anomaly.evaluation.nab.score import Labelled
from sre_anomaly.frame import Array, Times
from sre_anomaly.io.tables import HEADER_ROWS, column, numbers, read_table
from sre_anomaly.io.timestamps import times
from sre_anomaly.kernels.ranking import Rows

STORED = ".csv.gz"
RUN = "nab_results"
"""Where a run over the benchmark leaves its results, in its folder."""
SCORE = "anomaly_score"


def read_detectors(folder: Path, corpus: Sequence[CorpusFile]) -> dict[str, list[Labelled]]:
    """Read every detector's results in a folder: NAB's layout of one detector or of several, or stored files.

    Raises
    ------
    DataError
        If there is none, or one has a file missing or too many, rows missing or too many, a row without a score, or
        rows whose times are not those of the corpus.
    """
    if folder.name.endswith(STORED) and folder.is_file():
        return {folder.name.removesuffix(STORED): read_stored(folder, corpus)}
    if not folder.is_dir():
        raise DataError(f"{folder}: is not there")
    if (folder / RUN).is_dir():
        raise DataError(f"{folder}: is the folder of a run; its results are in {folder / RUN}")
    found = {
        path.name.removesuffix(STORED): read_stored(path, corpus)
        for path in sorted(folder.glob(f"*{STORED}"))
    }
    if any((folder / one.category).is_dir() for one in corpus):
        folders = [folder.resolve()]
    else:
        folders = sorted(path for path in folder.iterdir() if path.is_dir() and any(path.glob("*/*.csv")))
    for path in folders:
        if path.name in found:
            raise DataError(f"{folder}: has {path.name} twice, as a folder and as {path.name}{STORED}")
        found[path.name] = read_layout(path, corpus)
    if not found:
        raise DataError(
            f"{folder}: no results are there; expected <detector>/<category>/<detector>_<file>.csv or "
            f"<detector>{STORED}"
        )
    return found


def read_layout(folder: Path, corpus: Sequence[CorpusFile]) -> list[Labelled]:
    """Read one detector's folder in NAB's layout; NAB's own summaries beside the categories are passed over.

    Raises
    ------
    DataError
        As `read_detectors`.
    """
    wanted = {_placed(folder.name, one.name): one for one in corpus}
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*.csv") if path.parent != folder}
    _same_files(folder, set(wanted), there)
    read = []
    for name, one in wanted.items():
        path = folder / name
        table = read_table(path)
        scores = _scores(path, column(path, table, SCORE, "score-nab"))
        _same_length(path, len(scores), one)
        written, parsed = _times(path, table)
        _same_times(path, np.arange(len(scores)), one, written, parsed)
        read.append(one.scored(scores))
    return read


def read_stored(path: Path, corpus: Sequence[CorpusFile]) -> list[Labelled]:
    """Read one detector's ``<detector>.csv.gz``.

    Raises
    ------
    DataError
        As `read_detectors`.
    """
    table = read_table(path, separator=",")
    scores = _scores(path, column(path, table, SCORE, "score-nab"))
    codes, names = pd.factorize(column(path, table, "file", "score-nab"))
    _same_files(path, {one.name for one in corpus}, {str(name) for name in names})
    place = {str(name): code for code, name in enumerate(names)}
    order = np.argsort(codes, kind="stable")
    written, parsed = _times(path, table)
    edges = np.searchsorted(codes[order], np.arange(len(names) + 1))
    read = []
    for one in corpus:
        rows = order[edges[place[one.name]] : edges[place[one.name] + 1]]
        _same_length(path, len(rows), one)
        _same_times(path, rows, one, written, parsed)
        read.append(one.scored(scores[rows]))
    return read


def write_layout(
    folder: Path, detector: str, corpus: Sequence[CorpusFile], scores: Mapping[str, Array]
) -> None:
    """Write a detector's results in NAB's layout below a folder; ``scores`` holds (n,) for each file by its name.

    Raises
    ------
    DataError
        As `read_detectors`.
    """
    for one in _complete(detector, corpus, scores):
        path = folder / detector / _placed(detector, one.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        label = np.zeros(len(one.values), dtype=np.int64)
        for start, stop in one.windows:
            label[start:stop] = 1
        columns = {"timestamp": one.timestamps, "value": one.values, SCORE: scores[one.name], "label": label}
        pd.DataFrame(columns).to_csv(path, index=False)


def write_stored(
    folder: Path, detector: str, corpus: Sequence[CorpusFile], scores: Mapping[str, Array]
) -> None:
    """Write a detector's results as ``<detector>.csv.gz``; the same scores give the same bytes.

    Raises
    ------
    DataError
        As `read_detectors`.
    """
    parts = [
        pd.DataFrame({"file": one.name, "timestamp": one.timestamps, SCORE: scores[one.name]})
        for one in _complete(detector, corpus, scores)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    packed: Any = {"method": "gzip", "mtime": 0}
    pd.concat(parts).to_csv(folder / f"{detector}{STORED}", index=False, compression=packed)


def _complete(
    detector: str, corpus: Sequence[CorpusFile], scores: Mapping[str, Array]
) -> Sequence[CorpusFile]:
    _same_files(Path(detector), {one.name for one in corpus}, set(scores))
    for one in corpus:
        _same_length(Path(detector), len(scores[one.name]), one)
        one.scored(scores[one.name])
    return corpus


def _placed(detector: str, name: str) -> str:
    category, file = name.split("/")
    return f"{category}/{detector}_{file}"


def _same_files(where: Path, wanted: set[str], there: set[str]) -> None:
    for names, what in ((wanted - there, "has no"), (there - wanted, "has, beside the files of the corpus,")):
        if names:
            more = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
            raise DataError(f"{where}: {what} {min(names)}{more}")


def _same_length(where: Path, rows: int, one: CorpusFile) -> None:
    if rows != len(one.values):
        raise DataError(f"{where}: has {rows} rows for {one.name}, which has {len(one.values)}")


def _times(path: Path, table: pd.DataFrame) -> tuple[pd.Series, Callable[[], Times]]:
    """Return the times as they are written, and what reads them: to compare the text costs far less."""
    written = column(path, table, "timestamp", "score-nab")
    return written, cache(lambda: times(path, written, "UTC").as_unit("ns").asi8)


def _same_times(
    path: Path, rows: Rows, one: CorpusFile, written: pd.Series, parsed: Callable[[], Times]
) -> None:
    """Refuse rows of a table, (n,), whose times are not those of a file of the corpus."""
    if written.iloc[rows].tolist() == list(one.timestamps):
        return
    stamps = parsed()[rows]
    other = stamps != one.stamps
    if other.any() and (stamps != np.sort(one.stamps)).any():
        first = int(np.argmax(other))
        raise DataError(
            f"{path}: row {int(rows[first]) + HEADER_ROWS}: is of {written.iloc[rows[first]]}, where {one.name} has "
            f"{one.timestamps[first]}; the rows have to be those of the corpus, in its order"
        )


def _scores(path: Path, series: Any) -> Array:
    scores = numbers(path, series)
    if (missing := np.isnan(scores)).any():
        raise DataError(f"{path}, column {SCORE!r}: row {int(np.argmax(missing)) + HEADER_ROWS} has no score")
    return scores
