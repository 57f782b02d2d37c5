"""Row by row: precision, recall, F1 and the areas under the two curves.

A row without a score (NaN) is never flagged and ranks below every other row, so a detector gains nothing by
staying silent. Rows whose label is not known are left out by the caller.
"""

from dataclasses import dataclass

import numpy as np

from sre_anomaly.frame import Array, Mask
from sre_anomaly.kernels.ranking import ThresholdCurve, rank


@dataclass(frozen=True)
class Counts:
    """Flags against labels."""

    hits: int
    false: int
    missed: int

    @property
    def precision(self) -> float:
        """Share of flags that were right; 0 when nothing was flagged."""
        return self.hits / (self.hits + self.false) if self.hits + self.false else 0.0

    @property
    def recall(self) -> float:
        """Share of anomalous rows that were flagged; NaN when there is none."""
        return self.hits / (self.hits + self.missed) if self.hits + self.missed else float("nan")

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; NaN when no row is anomalous."""
        if not self.hits + self.missed:
            return float("nan")
        return 2 * self.hits / (2 * self.hits + self.false + self.missed)


def count(flags: Mask, labels: Array) -> Counts:
    """Count (n,) flags against (n,) labels 1 and 0.

    Examples
    --------
    >>> count(np.array([True, True, False]), np.array([1.0, 0.0, 1.0]))
    Counts(hits=1, false=1, missed=1)
    """
    truth = labels == 1
    return Counts(int((flags & truth).sum()), int((flags & ~truth).sum()), int((~flags & truth).sum()))


def pr_auc(scores: Array, labels: Array) -> float:
    """Return the area under the precision-recall curve as average precision.

    The sum over cuts of precision times the recall gained there, without interpolation (Davis and Goadrich,
    2006, on why). Ties are cut together. NaN when no row is anomalous; 1 when all are.

    Examples
    --------
    >>> pr_auc(np.array([0.9, 0.8, 0.1]), np.array([1.0, 0.0, 1.0])).__round__(3)
    0.833
    """
    return pr_area(rank(scores).cuts(labels))


def pr_area(cuts: ThresholdCurve) -> float:
    """Return `pr_auc` from cuts that are there already."""
    if not cuts.positives:
        return float("nan")
    gained = np.diff(cuts.recall, prepend=0.0)
    return float((cuts.precision * gained).sum())


def roc_auc(scores: Array, labels: Array) -> float:
    """Return the probability that an anomalous row outranks a normal one, ties counting half.

    NaN when all rows are of one class (Hanley and McNeil, 1982).

    Examples
    --------
    >>> roc_auc(np.array([0.9, 0.8, 0.1]), np.array([1.0, 0.0, 1.0]))
    0.5
    """
    return roc_area(rank(scores).cuts(labels))


def roc_area(cuts: ThresholdCurve) -> float:
    """Return `roc_auc` from cuts that are there already."""
    negatives = cuts.flags[-1] - cuts.positives if len(cuts.flags) else 0.0
    if not cuts.positives or not negatives:
        return float("nan")
    hits = np.append(0.0, cuts.recall)
    false = np.append(0.0, (cuts.flags - cuts.hits) / negatives)
    return float(np.trapezoid(hits, false))
