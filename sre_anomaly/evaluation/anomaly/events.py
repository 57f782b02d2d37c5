"""Anomalies as whole events: found or not, and how soon.

An event is an unbroken run of rows labelled 1. A row without a score is never flagged by its caller.
"""

from dataclasses import dataclass

import numpy as np

from sre_anomaly.evaluation.anomaly.threshold_sweep import Sweep, first_in_runs, one_level, runs
from sre_anomaly.frame import Array, Mask

DRAWS = 20
"""Random baselines are the mean of so many."""


@dataclass(frozen=True)
class PointAdjusted:
    """A point-adjusted F1, and what scores that know nothing reach: the one says little without the other."""

    f1: float
    random: float


def point_adjusted(flags: Mask, labels: Array, seed: int) -> PointAdjusted:
    """Return the F1 after every row of an event counts as flagged if one is (Xu et al., 2018).

    Long events make this easy for chance (Kim et al., 2022), so the mean of as many flags in random places comes
    with it.

    Parameters
    ----------
    flags : bool (n,)
    labels : (n,)
        1 anomalous; anything else counts as normal.
    seed : int
        Of the random places.

    Notes
    -----
    0 when nothing is flagged, NaN when no row is anomalous.

    Examples
    --------
    >>> point_adjusted(np.array([0, 1, 0, 0]) == 1, np.array([1.0, 1.0, 1.0, 0.0]), seed=0).f1
    1.0
    """
    draw = np.random.default_rng(seed)
    chance = [_adjusted_once(draw.permutation(flags), labels) for _ in range(DRAWS)]
    return PointAdjusted(_adjusted_once(flags, labels), float(np.mean(chance)))


def _adjusted_once(flags: Mask, labels: Array) -> float:
    return float(adjusted_f1_curve(one_level(flags), labels)[0])


def adjusted_f1_curve(sweep: Sweep, labels: Array, *, spare_row_0: bool = False) -> Array:
    """Return the point-adjusted F1 at each level of a sweep, (T,); not to be shown without its baseline.

    ``spare_row_0`` leaves the very first row of the series as it was flagged, as TSB-AD's code does (its loop
    back over an event ends at row 1).
    """
    events = runs(labels == 1)
    positives = int(events.lengths.sum())
    if not positives:
        return np.full(len(sweep.flags), np.nan)
    found = first_in_runs(sweep, events)
    hits = sweep.counted(sweep.first[labels == 1])
    adjusted = sweep.counted(found, events.lengths.astype(np.float64))
    if spare_row_0 and events.starts[0] == 0:
        adjusted -= sweep.counted(found[:1]) - sweep.counted(sweep.first[:1])
    return 2 * adjusted / (adjusted + sweep.flags - hits + positives)


def event_f1(flags: Mask, labels: Array) -> float:
    """Return the harmonic mean of the share of events found and the share of flagged rows that are anomalous.

    The event-based F1 of TSB-AD (Liu and Paparrizos, 2024; after Garg et al., 2021). An event is found if any of
    its rows is flagged. 0 when nothing is flagged, NaN when no row is anomalous.

    Parameters
    ----------
    flags : bool (n,)
    labels : (n,)
        1 anomalous; anything else counts as normal.

    Examples
    --------
    >>> event_f1(np.array([1, 0, 0, 1]) == 1, np.array([1.0, 1.0, 0.0, 0.0])).__round__(3)
    0.667
    """
    return float(event_f1_curve(one_level(flags), labels)[0])


def event_f1_curve(sweep: Sweep, labels: Array) -> Array:
    """Return `event_f1` at each level of a sweep, (T,)."""
    events = runs(labels == 1)
    if not len(events):
        return np.full(len(sweep.flags), np.nan)
    recall = sweep.counted(first_in_runs(sweep, events)) / len(events)
    precision = sweep.counted(sweep.first[labels == 1]) / np.maximum(sweep.flags, 1)
    both = precision + recall
    return 2 * precision * recall / np.where(both > 0, both, 1.0)
