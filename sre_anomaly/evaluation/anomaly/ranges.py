"""Range precision and recall: stretches of flags against stretches of anomalous rows."""

from dataclasses import dataclass

import numpy as np

from sre_anomaly.evaluation.anomaly.threshold_sweep import Runs, Sweep, runs
from sre_anomaly.frame import Array, Mask
from sre_anomaly.kernels.ranking import Rows

ALPHA = 0.2
"""The share of recall given for touching an anomaly at all, as TSB-AD has it."""


@dataclass(frozen=True)
class RangeScore:
    """Precision, recall and their harmonic mean; recall and F1 are NaN when no row is anomalous."""

    precision: float
    recall: float
    f1: float


def range_score(flags: Mask, labels: Array, alpha: float = ALPHA) -> RangeScore:
    """Judge (n,) flags by ranges (Tatbul et al., 2018), with TSB-AD's choices: flat bias, cardinality 1/x.

    Recall is the mean over anomalies of ``alpha`` (if any of its rows is flagged) plus ``1 - alpha`` times the
    share of its rows flagged, divided by the number of separate runs of flags in it. Precision is the mean over
    runs of flags of the share of the run that is anomalous, divided by the number of anomalies it meets.

    Parameters
    ----------
    flags : bool (n,)
    labels : (n,)
        1 anomalous; anything else counts as normal.
    alpha : float, 0 to 1

    Notes
    -----
    Nothing flagged gives 0 for all three; no anomaly gives precision 0 (if anything is flagged, it is wrong) and
    NaN for the others. One run may be the whole series.

    Examples
    --------
    >>> found = range_score(np.array([0, 1, 1, 0]) == 1, np.array([0.0, 1.0, 0.0, 0.0]))
    >>> (found.precision, found.recall)
    (0.5, 1.0)
    """
    truth = Truth.of(labels)
    precision, recall = truth.judge(runs(flags), alpha)
    return RangeScore(precision, recall, _f1(precision, recall))


def range_f1_curve(sweep: Sweep, labels: Array, alpha: float = ALPHA) -> Array:
    """Return the F1 of `range_score` at each level of a sweep, (T,)."""
    truth = Truth.of(labels)
    return np.array(
        [_f1(*truth.judge(runs(sweep.at(level)), alpha)) for level in range(len(sweep.flags))],
        dtype=np.float64,
    )


@dataclass(frozen=True)
class Truth:
    """The anomalies, and how many rows, beginnings and ends of them lie before each row."""

    anomalies: Runs
    rows: Rows
    """(n + 1,) anomalous rows before row x."""
    begun: Rows
    """(n + 1,) anomalies that begin before row x."""
    ended: Rows
    """(n + 1,) anomalies that stop at row x or before."""

    @classmethod
    def of(cls, labels: Array) -> "Truth":
        """Count (n,) labels."""
        anomalous = labels == 1
        found = runs(anomalous)
        counts = np.zeros((3, len(labels) + 1), dtype=np.int64)
        counts[0, 1:] = anomalous
        # A run that begins at row s counts from s + 1 on; one that stops at e, from e on.
        counts[1, found.starts + 1] = 1
        counts[2, found.stops] = 1
        return cls(found, *np.cumsum(counts, axis=1))

    def judge(self, flagged: Runs, alpha: float) -> tuple[float, float]:
        """Return precision and recall of runs of flags."""
        recall = self._recall(flagged, alpha)
        if not len(flagged):
            return 0.0, recall
        inside = self.rows[flagged.stops] - self.rows[flagged.starts]
        right = np.flatnonzero(inside)
        starts, stops = flagged.starts[right], flagged.stops[right]
        met = self.begun[stops] - self.ended[starts]
        return float((inside[right] / (stops - starts) / met).sum() / len(flagged)), recall

    def _recall(self, flagged: Runs, alpha: float) -> float:
        if not len(self.anomalies):
            return float("nan")
        if not len(flagged):
            return 0.0
        covered = _covered(flagged, self.anomalies.stops) - _covered(flagged, self.anomalies.starts)
        pieces = np.searchsorted(flagged.starts, self.anomalies.stops, side="left") - np.searchsorted(
            flagged.stops, self.anomalies.starts, side="right"
        )
        share = covered / self.anomalies.lengths / np.maximum(pieces, 1)
        return float(np.mean(alpha * (covered > 0) + (1 - alpha) * share))


def _covered(flagged: Runs, places: Rows) -> Rows:
    """Return how many flagged rows lie before each place."""
    before = np.concatenate([[0], np.cumsum(flagged.lengths)])
    begun = np.searchsorted(flagged.starts, places, side="left")
    # The last run that begins before the place may reach beyond it.
    beyond = np.append(0, flagged.stops)[begun] - places
    covered: Rows = before[begun] - np.maximum(beyond, 0)
    return covered


def _f1(precision: float, recall: float) -> float:
    if np.isnan(recall):
        return recall
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
