"""The score of the Numenta Anomaly Benchmark (Lavin and Ahmad, 2015), for every threshold at once.

A row is flagged when its score is at or above the threshold. Of the flags inside a window only the earliest counts:
the earlier, the more. A window without a flag and every flag outside windows cost points, a flag soon after a window
fewer than one far from it. One threshold holds for all files. A detector that never flags scores 0, a perfect one
100; less than 0 is possible. The first rows of each file, at most 750, are not judged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sre_anomaly.errors import DataError
from sre_anomaly.frame import Array
from sre_anomaly.kernels.ranking import Rows, rank

PROBATION = 0.15
MOST_PROBATION = 750
NOTHING = 1.1
"""NAB's name for the threshold that no score reaches."""


@dataclass(frozen=True)
class Profile:
    """What a window found, a false flag and a missed window weigh."""

    name: str
    hit: float
    false: float
    missed: float


PROFILES = (
    Profile("standard", 1.0, 0.11, 1.0),
    Profile("reward_low_FP_rate", 1.0, 0.22, 1.0),
    Profile("reward_low_FN_rate", 1.0, 0.11, 2.0),
)


@dataclass(frozen=True)
class Labelled:
    """One file: its scores, (n,), and its windows, (k, 2), as half-open rows ``[start, stop)`` in order.

    Raises
    ------
    DataError
        If a score is missing or a window is empty, outside the file or runs into the next one.
    """

    name: str
    category: str
    scores: Array
    windows: Rows

    def __post_init__(self) -> None:
        windows = np.asarray(self.windows, dtype=np.int64).reshape(-1, 2)
        object.__setattr__(self, "windows", windows)
        if (bad := ~np.isfinite(self.scores)).any():
            row = int(np.flatnonzero(bad)[0])
            raise DataError(f"{self.name}: score {row + 1} of {len(self.scores)} is {self.scores[row]}")
        check_windows(self.name, windows, len(self.scores))


def check_windows(name: str, windows: Rows, rows: int) -> None:
    """Refuse (k, 2) half-open windows that a file of so many rows cannot have.

    Raises
    ------
    DataError
        If one ends before it starts, lies outside the file or runs into the next one.
    """
    previous = 0
    for number, (start, stop) in enumerate(windows.tolist(), start=1):
        if stop <= start:
            raise DataError(f"{name}: window {number} ends before it starts")
        if start < 0 or stop > rows:
            raise DataError(f"{name}: window {number} lies outside the file's {rows} rows")
        if start < previous:
            raise DataError(f"{name}: window {number} overlaps or precedes window {number - 1}")
        previous = stop


@dataclass(frozen=True)
class Best:
    """The best that one threshold does under a profile, on the labels it was chosen with."""

    threshold: float
    score: float
    found: int
    """Windows with a flag in them."""
    windows: int
    false_rows: int


@dataclass(frozen=True)
class Ranked:
    """All evaluated rows of a corpus, strangest first, with what each adds when the threshold reaches it."""

    scores: Array
    """(n,) falling."""
    last: Rows
    """(t,) the last row of each distinct score."""
    hit: Array
    """(n,) by how much the row betters what its window brought so far, unweighted."""
    found: Array
    """(n,) 1 where the row is the first of its window."""
    false: Array
    """(n,) the value of a false flag, -1 to 0; 0 inside windows."""
    file: Rows
    """(n,) which file the row is of."""
    windows: Rows
    """(f,) windows of each file that have a judged row."""
    categories: tuple[str, ...]
    """(f,) the category of each file."""


def sigmoid(distance: Array) -> Array:
    """Return NAB's weight at a distance in window widths: near 1 well before, 0 at, near -1 well after the end.

    Examples
    --------
    >>> sigmoid(np.array([-1.0, 0.0, 1.0, 4.0])).round(3).tolist()
    [0.987, 0.0, -0.987, -1.0]
    """
    weight = 2 / (1 + np.exp(5 * np.minimum(distance, 4.0))) - 1
    return np.where(distance > 3, -1.0, weight)


@dataclass(frozen=True)
class Judged:
    """All evaluated rows of a corpus, n of them in order, and what flagging each would be worth, whatever the scores."""

    worth: Array
    window: Rows
    """(n,) the number of the window that the row is in, -1 outside of them."""
    file: Rows
    windows: Rows
    categories: tuple[str, ...]

    def in_order(self, order: Rows, scores: Array) -> Ranked:
        """Return k of the rows strangest first, ``order``, with their (k,) falling scores."""
        hit, found = _bettered(order, self.window, self.worth)
        false = np.where(self.window[order] < 0, self.worth[order], 0.0)
        last = np.flatnonzero(np.append(scores[1:] != scores[:-1], True))
        return Ranked(scores, last, hit, found, false, self.file[order], self.windows, self.categories)


def judged(series: Sequence[Labelled]) -> Judged:
    """Return the rows of a corpus that count."""
    parts = [row_worths(one) for one in series]
    file = np.repeat(np.arange(len(series)), [len(worth) for worth, _ in parts])
    before = np.concatenate([[0], np.cumsum([len(one.windows) for one in series])])
    worth, inside = (np.concatenate(part) for part in zip(*parts, strict=True))
    window = np.where(inside >= 0, inside + before[file], -1)
    counts = np.array([len(np.unique(inside[inside >= 0])) for _, inside in parts])
    return Judged(worth, window, file, counts, tuple(one.category for one in series))


def ranked(series: Sequence[Labelled]) -> Ranked:
    """Sort a corpus once; everything below needs no more than this."""
    rows = judged(series)
    kept = np.bincount(rows.file, minlength=len(series))
    scores = [one.scores[len(one.scores) - last :] for one, last in zip(series, kept, strict=True)]
    ranking = rank(np.concatenate(scores))
    return rows.in_order(ranking.order, ranking.scores)


def row_worths(one: Labelled) -> tuple[Array, Rows]:
    """Return what a flag on each judged row is worth, and the window it is in or -1.

    A window of one row has no width to measure distances in: a flag behind it is as wrong as any.
    """
    rows = len(one.scores)
    row = np.arange(min(int(PROBATION * rows), MOST_PROBATION), rows)
    starts, stops = one.windows.T
    latest = np.searchsorted(starts, row, side="right") - 1
    if not len(starts):
        return np.full(len(row), -1.0), latest
    start, last = starts[latest], stops[latest] - 1
    width = (last - start + 1).astype(np.float64)
    early = sigmoid(-(last - row + 1) / width) / sigmoid(np.array(-1.0))
    late = sigmoid((row - last) / np.where(width > 1, width - 1, 1e-9))
    inside = (latest >= 0) & (row <= last)
    worth = np.where(inside, early, np.where(latest >= 0, late, -1.0))
    return worth, np.where(inside, latest, -1)


def _bettered(order: Rows, window: Rows, worth: Array) -> tuple[Array, Array]:
    """Return for the rows in order what each adds to its window's best, and whether it is its window's first."""
    place = np.flatnonzero(window[order] >= 0)
    rows = order[place]
    grouped = np.argsort(window[rows], kind="stable")
    place, rows = place[grouped], rows[grouped]
    group = window[rows]
    first = np.append(True, group[1:] != group[:-1])[: len(group)]
    # The earliest row is worth most, so the best so far is a running minimum of row numbers, made to restart at
    # each window by a large step down.
    step = len(window) * group
    earliest = np.minimum.accumulate(rows - step) + step
    best = worth[earliest]
    hit, found = np.zeros(len(order)), np.zeros(len(order))
    hit[place] = np.where(first, best, best - np.append(0.0, best[:-1])[: len(best)])
    found[place] = first
    return hit, found


def score_at(corpus: Ranked, thresholds: Mapping[str, float]) -> dict[str, float]:
    """Return the score of each named profile at a threshold given for it."""
    return {
        profile.name: normalised(profile, by_file(corpus, thresholds[profile.name]), corpus.windows)
        for profile in PROFILES
        if profile.name in thresholds
    }


def optimise(corpus: Ranked) -> dict[str, Best]:
    """Return for each profile the threshold with the highest score; of equals, the highest threshold."""
    curve = np.cumsum([corpus.hit, corpus.false, corpus.found], axis=1)[:, corpus.last]
    found = {}
    for profile in PROFILES:
        threshold = best_threshold(profile, corpus, curve)
        totals = by_file(corpus, threshold)
        score, windows = normalised(profile, totals, corpus.windows), int(corpus.windows.sum())
        false = int(((corpus.scores >= threshold) & (corpus.false < 0)).sum())
        found[profile.name] = Best(threshold, score, int(totals[2].sum()), windows, false)
    return found


def best_threshold(profile: Profile, corpus: Ranked, curve: Array) -> float:
    """Return the threshold where a (3, t) curve of hits, false flags and windows found is worth most."""
    worth = points(profile, curve)
    best = int(np.argmax(worth)) if len(worth) else 0
    if len(worth) and worth[best] > 0:
        return float(corpus.scores[corpus.last[best]])
    highest = float(corpus.scores[0]) if len(corpus.scores) else 0.0
    return NOTHING if highest < NOTHING else float(np.nextafter(highest, np.inf))


def points(profile: Profile, totals: Array) -> Array:
    """Return the points above a detector that never flags, of hits, false flags and windows found, (3, ...)."""
    worth: Array = profile.hit * totals[0] + profile.false * totals[1] + profile.missed * totals[2]
    return worth


def by_file(corpus: Ranked, threshold: float) -> Array:
    """Return hits, false flags and windows found at a threshold, (3, f)."""
    flagged = slice(0, int(np.searchsorted(-corpus.scores, -threshold, side="right")))
    file, files = corpus.file[flagged], len(corpus.windows)
    parts = (corpus.hit, corpus.false, corpus.found)
    return np.array([np.bincount(file, part[flagged], minlength=files) for part in parts])


def normalised(profile: Profile, totals: Array, windows: Rows) -> float:
    """Return the score, 0 for never flagging and 100 for perfection; NaN where there is no window."""
    perfect = float(windows.sum()) * (profile.hit + profile.missed)
    return float(100 * points(profile, totals).sum() / perfect) if perfect else float("nan")
