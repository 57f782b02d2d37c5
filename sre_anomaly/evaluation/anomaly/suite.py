"""The nine measures by which TSB-AD compares detectors, from one sort of the scores."""

from dataclasses import dataclass

import numpy as np

from sre_anomaly.evaluation.anomaly.affiliation import affiliation_f_curve
from sre_anomaly.evaluation.anomaly.events import PointAdjusted, adjusted_f1_curve, event_f1_curve
from sre_anomaly.evaluation.anomaly.points import pr_area, roc_area
from sre_anomaly.evaluation.anomaly.ranges import range_f1_curve
from sre_anomaly.evaluation.anomaly.threshold_sweep import even_levels
from sre_anomaly.evaluation.anomaly.vus import volumes
from sre_anomaly.evaluation.bootstrap import random_scores
from sre_anomaly.frame import Array
from sre_anomaly.kernels.ranking import ThresholdCurve, rank

LEVELS = 100
"""Levels at which event, range and affiliation measures are taken, as TSB-AD has them."""
NUDGE = 1e-5
"""TSB-AD adds this below the fraction of its standard F1; kept, so that figures can be compared."""


@dataclass(frozen=True)
class Suite:
    """Nine measures, 0 to 1, higher is better. Each F is the best over all levels: chosen with the labels known."""

    auc_pr: float
    auc_roc: float
    vus_pr: float
    vus_roc: float
    f1: float
    point_adjusted_f1: PointAdjusted
    event_f1: float
    range_f1: float
    affiliation_f: float


def suite(scores: Array, labels: Array, window: int, seed: int = 0) -> Suite:
    """Return TSB-AD's measures (Liu and Paparrizos, 2024) of (n,) scores against (n,) labels 1 and 0.

    Parameters
    ----------
    scores : (n,)
        Rows without a score (NaN, infinite) rank together below all others and are never flagged by a level.
    labels : (n,)
        1 anomalous; anything else counts as normal.
    window : int
        The largest buffer of the two volumes, in rows; usually the period of the series.
    seed : int
        Of the random scores beside the point-adjusted F1.

    Notes
    -----
    No anomalous row: all NaN. All rows anomalous: both ROC measures are NaN. All scores alike: no level flags
    anything and the F measures over levels are 0 (TSB-AD's affiliation F is then NaN).

    Examples
    --------
    >>> found = suite(np.array([0.1, 0.9, 0.2, 0.1]), np.array([0.0, 1.0, 0.0, 0.0]), window=2)
    >>> (found.auc_pr, found.event_f1, found.affiliation_f)
    (1.0, 1.0, 1.0)
    """
    labels = (labels == 1).astype(np.float64)
    ranking = rank(scores)
    cuts = ranking.cuts(labels)
    both = volumes(ranking, labels, window)
    sweep = even_levels(ranking, LEVELS)
    chance = even_levels(rank(random_scores(len(scores), seed)), LEVELS)
    return Suite(
        auc_pr=pr_area(cuts),
        auc_roc=roc_area(cuts),
        vus_pr=both.pr,
        vus_roc=both.roc,
        f1=_best_f1(cuts),
        point_adjusted_f1=PointAdjusted(
            float(adjusted_f1_curve(sweep, labels, spare_row_0=True).max()),
            float(adjusted_f1_curve(chance, labels, spare_row_0=True).max()),
        ),
        event_f1=float(event_f1_curve(sweep, labels).max()),
        range_f1=float(range_f1_curve(sweep, labels).max()),
        affiliation_f=float(affiliation_f_curve(sweep, labels).max()),
    )


def _best_f1(cuts: ThresholdCurve) -> float:
    if not cuts.positives:
        return float("nan")
    return float(np.max(2 * cuts.precision * cuts.recall / (cuts.precision + cuts.recall + NUDGE)))
