"""Which column of a file tells several hosts apart, so that they are never mixed into one series."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sre_anomaly.errors import DataError

FEWEST_ROWS = 10
"""Of what has fewer rows each, such as a comment, no series could be made."""
REGULAR = 0.5
"""Share of its steps that are alike, from which on the rows of a host are regular."""
REPEATED = 0.05
"""Share of rows that repeat a time, from which on a file is no single series; of a single host less than that do."""
APART = 1.5
"""The rows of a host are so much further apart than those of the file."""
MOST_EMPTY = 0.05
"""Share of rows that may be of no host."""
MOST_TOLD = 4


def words_of(column: Any) -> Any:
    """Return a column as text without blanks around it; an empty cell is an empty text.

    Examples
    --------
    >>> words_of(pd.Series([" web1", None, 7])).tolist()
    ['web1', '', '7']
    """
    return column.astype("string").str.strip().fillna("")


def entity_column(table: pd.DataFrame, taken: set[str | None], time: pd.DatetimeIndex) -> str | None:
    """Return the column whose words divide the rows of a table into regular series; None if there is none.

    Examples
    --------
    >>> clock = pd.date_range("2024-01-01", periods=20, freq="1min", tz="UTC").repeat(2)
    >>> entity_column(pd.DataFrame({"host": ["a", "b"] * 20, "cpu": range(40)}), {"cpu"}, clock)
    'host'
    """
    for name in table.columns:
        if name in taken or pd.api.types.is_numeric_dtype(table[name]):
            continue
        words = words_of(table[name])
        if pd.to_numeric(words, errors="coerce").notna().all() or not _divides(words, time):
            continue
        return str(name)
    return None


def refuse_several_hosts(
    path: Any, table: pd.DataFrame, taken: set[str | None], time: pd.DatetimeIndex
) -> None:
    """Refuse a file in which a column of words divides the rows into regular series.

    Raises
    ------
    DataError
        If there is such a column: names it, and how each of its series is run by itself.
    """
    name = entity_column(table, taken, time)
    if name is not None:
        hosts = sorted(word for word in words_of(table[name]).unique() if word)
        more = ", ..." if len(hosts) > MOST_TOLD else ""
        raise DataError(
            f"{path}: has {len(hosts)} series in one file, told apart by {name!r} ({', '.join(hosts[:MOST_TOLD])}{more}): "
            f"for each by itself, experiment=fleet data.path='{path}' data.host={name}"
        )


def _divides(words: Any, time: pd.DatetimeIndex) -> bool:
    """Return whether the rows of each word follow each other regularly, and only without those of the others."""
    empty = (words == "").to_numpy(dtype=bool)
    if 0 < empty.sum() <= MOST_EMPTY * len(words):
        # A file that was cut short, or a row that is broken, hides no hosts.
        words, time = words[~empty], time[~empty]
    codes, found = pd.factorize(words)
    if not 1 < len(found) <= len(words) / FEWEST_ROWS or "" in set(found):
        return False
    stamps = time.asi8
    order = np.lexsort((stamps, codes))
    ordered, by_word = stamps[order], codes[order]
    own = np.diff(ordered)[np.diff(by_word) == 0]
    of = by_word[1:][np.diff(by_word) == 0]
    every = np.diff(np.sort(stamps))
    if (own == 0).mean() >= REPEATED:
        return False
    mixed = (every == 0).mean() >= REPEATED
    for code in range(len(found)):
        steps = own[of == code]
        usual, share = _commonest(steps)
        if share < REGULAR or not (mixed or usual >= APART * np.median(every)):
            return False
    return True


def _commonest(steps: npt.NDArray[np.int64]) -> tuple[int, float]:
    """Return the step that most rows have, and their share."""
    if not len(steps):
        return 0, 0.0
    sizes, counts = np.unique(steps, return_counts=True)
    return int(sizes[np.argmax(counts)]), float(counts.max() / len(steps))
