"""Where to cut a list of scores when the labels are known: every cut at once, from one sort."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sre_anomaly.frame import Array

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ThresholdCurve:
    """What flagging every score at or above each distinct observed score would give, highest cut first."""

    scores: Array
    """(k,) distinct scores, falling."""
    hits: Array
    """(k,) anomalous rows at or above each."""
    flags: Array
    """(k,) rows at or above each."""
    positives: float

    @property
    def precision(self) -> Array:
        """Share of flags that are anomalous, (k,)."""
        return self.hits / self.flags

    @property
    def recall(self) -> Array:
        """Share of anomalous rows that are flagged, (k,); NaN where there is none."""
        return self.hits / self.positives if self.positives else np.full(len(self.hits), np.nan)

    @property
    def f1(self) -> Array:
        """Harmonic mean of precision and recall, (k,)."""
        return 2 * self.hits / (self.flags + self.positives)


@dataclass(frozen=True)
class Ranking:
    """Rows from the strangest down: the one sort that every measure of a list of scores shares."""

    order: Rows
    """(n,) row numbers; tied rows stand in no particular order."""
    scores: Array
    """(n,) the scores in that order, falling."""

    def cuts(self, labels: Array) -> ThresholdCurve:
        """Return every possible cut for (n,) labels 1 and 0."""
        # Compared, not subtracted: rows without a score rank at -infinity, and tie.
        last_of_tie = np.flatnonzero(np.append(self.scores[1:] != self.scores[:-1], True)[: len(self.scores)])
        hits = np.cumsum(labels[self.order])[last_of_tie]
        flags = (last_of_tie + 1).astype(np.float64)
        return ThresholdCurve(self.scores[last_of_tie], hits, flags, float(labels.sum()))


def rank(scores: Array) -> Ranking:
    """Sort (n,) scores; rows without one (NaN, infinite) rank together below all others, at -infinity.

    Examples
    --------
    >>> rank(np.array([1.0, np.nan, 2.0])).order.tolist()
    [2, 0, 1]
    """
    return _sorted(np.where(np.isfinite(scores), scores, -np.inf))


def threshold_curve(scores: Array, labels: Array) -> ThresholdCurve:
    """Return every possible cut of (n,) finite scores with (n,) labels 1 and 0.

    Examples
    --------
    >>> threshold_curve(np.array([1.0, 3.0, 2.0]), np.array([0.0, 1.0, 0.0])).f1.round(2).tolist()
    [1.0, 0.67, 0.5]
    """
    return _sorted(scores).cuts(labels)


def _sorted(scores: Array) -> Ranking:
    order = np.argsort(-scores)
    return Ranking(order, scores[order])


def just_below(score: float) -> float:
    """Return the highest level that this score still exceeds."""
    return float(np.nextafter(score, -np.inf))
