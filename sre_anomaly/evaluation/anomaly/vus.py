"""VUS: the areas under ROC and precision-recall curves that forgive being near, over many widths of nearness.

Paparrizos et al., 2022. For a width w every anomaly gets a buffer of w // 2 rows on each side in which a flag still
counts, with weight sqrt(1 - k / w) at distance k; the areas are averaged over the widths 0..W. The numbers are those
of TSB-AD's `RangeAUC_volume_opt`; from one sort and a few tables they cost no more than ordinary areas.
"""

from dataclasses import dataclass

import numpy as np

from sre_anomaly.evaluation.anomaly.threshold_sweep import Runs, Sweep, first_in_runs, ranked_levels, runs
from sre_anomaly.frame import Array, Mask
from sre_anomaly.kernels.ranking import Ranking, Rows, rank

LEVELS = 250
"""Levels of a curve, as TSB-AD has them."""


@dataclass(frozen=True)
class Volumes:
    """The two volumes; both are NaN when no row is anomalous, and ``roc`` when all are (``pr`` is then 1)."""

    roc: float
    pr: float


def vus(scores: Array, labels: Array, window: int, levels: int = LEVELS) -> Volumes:
    """Return VUS-ROC and VUS-PR of (n,) scores.

    Parameters
    ----------
    scores : (n,)
        Rows without a score (NaN, infinite) rank together below all others. Ties are flagged together.
    labels : (n,)
        1 anomalous; anything else counts as normal.
    window : int
        The largest width W in rows, usually the series' period; see `sre_anomaly.evaluation.anomaly.period`.
    levels : int
        How many rows of the ranking serve as levels.

    Examples
    --------
    >>> found = vus(np.array([0.1, 0.2, 0.9, 0.1]), np.array([0.0, 1.0, 0.0, 0.0]), window=2)
    >>> (round(found.roc, 3), round(found.pr, 3))
    (0.751, 0.592)
    """
    return volumes(rank(scores), labels, window, levels)


def volumes(ranking: Ranking, labels: Array, window: int, levels: int = LEVELS) -> Volumes:
    """Return `vus` from a ranking that is there already."""
    if window < 0:
        raise ValueError(f"a window has 0 rows or more, not {window}")
    anomalous = labels == 1
    events = runs(anomalous)
    if not len(events):
        return Volumes(float("nan"), float("nan"))
    sweep = ranked_levels(ranking, levels)
    rows, positives = len(labels), int(events.lengths.sum())
    near = _buffered(sweep, anomalous, events, window)
    hits = sweep.counted(sweep.first[anomalous]) + near
    found = _found(sweep, events, rows, window // 2)[np.arange(window + 1) // 2]
    # Half way between the rows labelled and the rows that counted, so that buffers do not swell the total.
    positives_there = positives + near / 2
    recall = np.minimum(hits / positives_there, 1.0) * found
    precision = hits / sweep.flags
    gained = np.diff(recall, axis=1, prepend=0.0)
    pr = float((gained * precision).sum(axis=1).mean())
    if positives == rows:
        return Volumes(float("nan"), pr)
    false = (sweep.flags - hits) / (rows - positives_there)
    corners = np.zeros((window + 1, 1)), np.ones((window + 1, 1))
    heights = np.concatenate([corners[0], recall, corners[1]], axis=1)
    widths = np.diff(np.concatenate([corners[0], false, corners[1]], axis=1), axis=1)
    roc = float((widths * (heights[:, 1:] + heights[:, :-1]) / 2).sum(axis=1).mean())
    return Volumes(roc, pr)


def _buffered(sweep: Sweep, anomalous: Mask, events: Runs, window: int) -> Array:
    """Return the weight of flagged buffer rows for each width and level, (W + 1, T).

    Weights are never below sqrt(1/2), so a row in two buffers or more always has the full weight of 1: only its two
    smallest distances to anomalies matter.
    """
    widest, levels = window // 2, len(sweep.flags)
    row, nearest, second = _distances(anomalous, events, widest)
    column = sweep.first[row]
    lone = np.bincount(nearest * (levels + 1) + column, minlength=(widest + 1) * (levels + 1))
    lone = lone.reshape(widest + 1, levels + 1)[:, :levels].astype(np.float64)
    shared = np.zeros(levels)
    by_second = np.argsort(second, kind="stable")
    edges = np.searchsorted(second[by_second], np.arange(widest + 2))
    table = np.zeros((window + 1, levels))
    for half in range(1, widest + 1):
        if edges[half] < edges[half + 1]:
            # From this width on these rows lie in two buffers.
            now = by_second[edges[half] : edges[half + 1]]
            now = now[column[now] < levels]
            np.subtract.at(lone, (nearest[now], column[now]), 1.0)
            shared += np.bincount(column[now], minlength=levels)
        widths = np.arange(2 * half, min(2 * half + 2, window + 1))
        weights = np.sqrt(1 - np.arange(1, half + 1) / widths[:, np.newaxis])
        table[widths] = weights @ lone[1 : half + 1] + shared
    return np.cumsum(table, axis=1)


def _distances(anomalous: Mask, events: Runs, widest: int) -> tuple[Rows, Rows, Rows]:
    """Return the unlabelled rows in the widest buffers, and how far their nearest and next nearest anomalies are."""
    rows = len(anomalous)
    change = np.zeros(rows + 1, dtype=np.int64)
    np.add.at(change, np.maximum(events.starts - widest, 0), 1)
    np.add.at(change, np.minimum(events.stops + widest, rows), -1)
    inside = (np.cumsum(change)[:-1] > 0) & ~anomalous
    begun = np.zeros(rows, dtype=np.int64)
    begun[events.starts] = 1
    begun = np.cumsum(begun)
    row = np.flatnonzero(inside)
    behind = begun[row]
    far = np.full(2, rows + widest + 1)
    # The two last anomalies before a row, and the two next; beyond the ends, as good as none.
    lasts = np.concatenate([-far, events.stops - 1])
    nexts = np.concatenate([events.starts, rows + far])
    left, left_2 = row - lasts[behind + 1], row - lasts[behind]
    right, right_2 = nexts[behind] - row, nexts[behind + 1] - row
    nearest = np.minimum(left, right)
    second = np.minimum(np.maximum(left, right), np.minimum(left_2, right_2))
    return row, nearest, np.minimum(second, widest + 1)


def _found(sweep: Sweep, events: Runs, rows: int, widest: int) -> Array:
    """Return the share of anomalies with a flag in them or their buffer, for each half width and level, (H + 1, T).

    Anomalies whose buffers meet count as one.
    """
    first = first_in_runs(sweep, events)
    gaps = events.starts[1:] - (events.stops[:-1] - 1)
    share = np.empty((widest + 1, len(sweep.flags)))
    for half in range(widest + 1):
        if half:
            left, right = events.starts - half, events.stops - 1 + half
            before = sweep.first[np.maximum(left, 0)]
            after = sweep.first[np.minimum(right, rows - 1)]
            first = np.minimum(first, np.minimum(before, after))
        heads = np.concatenate([[0], np.flatnonzero(gaps > 2 * half) + 1])
        share[half] = sweep.counted(np.minimum.reduceat(first, heads)) / len(heads)
    return share
