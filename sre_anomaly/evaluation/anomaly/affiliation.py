"""Affiliation precision and recall: how near flags are to anomalies, measured against chance (Huet et al., 2022).

Rows are stretches of time, ``[i, i + 1)``. The series is cut into zones halfway between neighbouring anomalies, one
zone for each. In a zone E around an anomaly J a flagged moment scores the probability that a moment drawn at random
from E is farther from J; an anomalous moment scores the probability that a random moment is farther from it than
the nearest flag in E. Precision and recall are the means of these over the zones.
"""

from dataclasses import dataclass

import numpy as np

from sre_anomaly.evaluation.anomaly.threshold_sweep import Runs, Sweep, one_level, runs
from sre_anomaly.frame import Array, Mask
from sre_anomaly.kernels.ranking import Rows


@dataclass(frozen=True)
class Affiliation:
    """Precision is NaN when nothing is flagged; F is then 0. All are NaN when no row is anomalous."""

    precision: float
    recall: float
    f: float


def affiliation(flags: Mask, labels: Array) -> Affiliation:
    """Judge (n,) flags by their distance from the anomalies.

    Precision is the mean over the zones that have flags, recall the mean over all zones; a zone without flags has
    recall 0.

    Parameters
    ----------
    flags : bool (n,)
    labels : (n,)
        1 anomalous; anything else counts as normal.

    Examples
    --------
    >>> found = affiliation(np.array([0, 0, 1, 1, 0]) == 1, np.array([0.0, 1.0, 1.0, 0.0, 0.0]))
    >>> (found.precision, found.recall)
    (0.7, 0.9)
    """
    precision, recall = affiliation_curves(one_level(flags), labels)
    return Affiliation(float(precision[0]), float(recall[0]), float(harmonic(precision, recall)[0]))


def affiliation_f_curve(sweep: Sweep, labels: Array) -> Array:
    """Return the F of `affiliation` at each level of a sweep, (T,)."""
    return harmonic(*affiliation_curves(sweep, labels))


def harmonic(precision: Array, recall: Array) -> Array:
    """Return the harmonic mean; 0 where nothing is flagged (precision NaN) and NaN where recall is."""
    precision = np.where(np.isnan(precision), 0.0, precision)
    both = precision + recall
    return 2 * precision * recall / np.where(both == 0, 1.0, both)


def affiliation_curves(sweep: Sweep, labels: Array) -> tuple[Array, Array]:
    """Return precision and recall at each level of a sweep, each (T,)."""
    events = runs(labels == 1)
    if not len(events):
        return np.full(len(sweep.flags), np.nan), np.full(len(sweep.flags), np.nan)
    zones = _Zones.around(events, len(labels))
    precision, flagged = _precision(sweep, zones)
    return precision, _recall(sweep, zones, flagged)


@dataclass(frozen=True)
class _Zones:
    events: Runs
    left: Array
    """(k,) where each zone begins; boundaries lie on rows or in the middle of one."""
    right: Array
    of_halves: Rows
    """(2 n,) the zone of each half row."""

    @classmethod
    def around(cls, events: Runs, rows: int) -> "_Zones":
        middles = (events.stops[:-1] + events.starts[1:]) / 2
        edges = np.concatenate([[0.0], middles, [float(rows)]])
        halves = np.repeat(np.arange(len(events)), np.diff(2 * edges).astype(np.int64))
        return cls(events, edges[:-1], edges[1:], halves)


def _precision(sweep: Sweep, zones: _Zones) -> tuple[Array, Mask]:
    """Return the precision at each level, (T,), and which zones have flags at which level, (k, T).

    The probability is a line on each half row (its kinks lie on the grid of halves), so half a row's integral is
    the value in its middle.
    """
    levels, zone = len(sweep.flags), zones.of_halves
    middle = np.arange(len(zone)) / 2 + 0.25
    start, stop = zones.events.starts[zone], zones.events.stops[zone]
    left, right = zones.left[zone], zones.right[zone]
    distance = np.maximum(np.maximum(start - middle, middle - stop), 0.0)
    room = np.minimum(start - left, right - stop)
    nearer = (stop - start + distance + np.minimum(distance, room)) / (right - left)
    worth = np.where(distance > 0, 1 - nearer, 1.0)
    cell = zone * (levels + 1) + np.repeat(sweep.first, 2)
    shape = (len(zones.events), levels + 1)
    size = shape[0] * shape[1]
    gained = np.cumsum(np.bincount(cell, worth, minlength=size).reshape(shape), axis=1)[:, :-1]
    length = np.cumsum(np.bincount(cell, minlength=size).reshape(shape), axis=1)[:, :-1]
    flagged = length > 0
    each = gained / np.maximum(length, 1)
    count = flagged.sum(axis=0)
    mean = each.sum(axis=0) / np.maximum(count, 1)
    return np.where(count > 0, mean, np.nan), flagged


def _recall(sweep: Sweep, zones: _Zones, flagged: Mask) -> Array:
    """Return the recall at each level, (T,): what gaps between flags lose of the anomalies they lie in."""
    before, after = _neighbours(sweep, zones)
    events = zones.events
    # The anomalies one after the other, each between two rows that count as flagged, so that no gap spans two.
    offset = np.arange(len(events)) + 1 + np.concatenate([[0], np.cumsum(events.lengths)[:-1]])
    event = np.repeat(np.arange(len(events)), events.lengths)
    place = np.arange(len(event)) + event + 1
    rows = place - (offset - events.starts)[event]
    first = np.full(len(event) + len(events) + 1, -1, dtype=np.int64)
    first[place] = sweep.first[rows]
    owner = np.zeros(len(first), dtype=np.int64)
    owner[place] = event
    recall = np.empty(len(sweep.flags))
    for level in range(len(sweep.flags)):
        gaps = runs(first > level)
        mine = owner[gaps.starts]
        shift = (offset - events.starts)[mine]
        start, stop = gaps.starts - shift, gaps.stops - shift
        # A gap inside an anomaly ends at flags; one that reaches an edge of it, at the nearest flags outside.
        to_left = np.where(start > events.starts[mine], start, before[mine, level]).astype(np.float64)
        to_right = np.where(stop < events.stops[mine], stop, after[mine, level]).astype(np.float64)
        lost = _lost(start, stop, to_left, to_right, zones.left[mine], zones.right[mine])
        share = np.bincount(mine, lost, minlength=len(events)) / events.lengths
        recall[level] = np.where(flagged[:, level], 1 - share, 0.0).mean()
    return recall


def _lost(start: Rows, stop: Rows, to_left: Array, to_right: Array, left: Array, right: Array) -> Array:
    """Return for each gap the integral of the probability that a random moment is nearer than the nearest flag.

    ``to_left`` and ``to_right`` are the ends of the flags beside the gap, negative or beyond ``right`` where there
    are none.
    """
    no_left, no_right = to_left < 0, to_right > right
    middle = np.clip((to_left + to_right) / 2, start, stop)
    middle = np.where(no_left, start, np.where(no_right, stop, middle))
    from_left = _integral(middle - to_left, right - to_left) - _integral(start - to_left, right - to_left)
    from_right = _integral(to_right - middle, to_right - left) - _integral(to_right - stop, to_right - left)
    lost = np.where(no_left, 0.0, from_left) + np.where(no_right, 0.0, from_right)
    return np.asarray(lost / (right - left), dtype=np.float64)


def _integral(distance: Array, room: Array) -> Array:
    """Return the integral from 0 to ``distance`` of z + min(z, room - z)."""
    half = room / 2
    return np.where(distance <= half, distance**2, half**2 + room * (distance - half))


def _neighbours(sweep: Sweep, zones: _Zones) -> tuple[Rows, Rows]:
    """Return for each zone and level, (k, T), where the last flags before its anomaly end and the first after begin.

    -1 and a number beyond every row where there are none.
    """
    events, levels, rows = zones.events, len(sweep.flags), len(sweep.first)
    shape = (len(events), levels + 1)
    row = np.arange(rows)
    before = np.full(shape[0] * shape[1], -1, dtype=np.int64)
    # Of a row that two zones share, the right half is the later zone's.
    zone = zones.of_halves[1::2]
    use = np.flatnonzero(row < events.starts[zone])
    np.maximum.at(before, zone[use] * shape[1] + sweep.first[use], use + 1)
    after = np.full(shape[0] * shape[1], rows + 1, dtype=np.int64)
    zone = zones.of_halves[::2]
    use = np.flatnonzero(row >= events.stops[zone])
    np.minimum.at(after, zone[use] * shape[1] + sweep.first[use], use)
    return (
        np.maximum.accumulate(before.reshape(shape), axis=1)[:, :-1],
        np.minimum.accumulate(after.reshape(shape), axis=1)[:, :-1],
    )
