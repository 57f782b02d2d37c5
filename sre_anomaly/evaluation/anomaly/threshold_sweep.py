"""Many levels at once: for each row, the first of falling levels at which it is flagged.

Measures of whole events (range F1, affiliation, VUS) need every level looked at. Each row changes sides once, so
one number a row, and counts of those numbers, say what is flagged at every level.
"""

from dataclasses import dataclass

import numpy as np

from sre_anomaly.frame import Array, Mask
from sre_anomaly.kernels.ranking import Ranking, Rows


@dataclass(frozen=True)
class Sweep:
    """Which rows are flagged at each of T levels, highest level first."""

    first: Rows
    """(n,) the first level that flags the row; T where none does."""
    flags: Rows
    """(T,) rows flagged at each level, never falling."""

    def at(self, level: int) -> Mask:
        """Return the (n,) flags at one level."""
        return self.first <= level

    def counted(self, first: Rows, weights: Array | None = None) -> Array:
        """Return at each level, (T,), how many of ``first`` (or how much weight) have been reached."""
        reached = np.bincount(first, weights, minlength=len(self.flags) + 1)
        return np.cumsum(reached[: len(self.flags)], dtype=np.float64)


def one_level(flags: Mask) -> Sweep:
    """Return (n,) flags as a sweep over the one level that gave them.

    Examples
    --------
    >>> one_level(np.array([True, False])).first.tolist()
    [0, 1]
    """
    return Sweep((~flags).astype(np.int64), np.array([flags.sum()], dtype=np.int64))


def even_levels(ranking: Ranking, levels: int) -> Sweep:
    """Sweep over levels at even distances from the highest score to the lowest; a row above one is flagged.

    At the highest level nothing is flagged, and rows without a score never are.
    """
    known = ranking.scores[np.isfinite(ranking.scores)]
    if not len(known):
        return Sweep(np.full(len(ranking.order), levels, dtype=np.int64), np.zeros(levels, dtype=np.int64))
    cuts = np.linspace(known[-1], known[0], levels)[::-1]
    flags = len(known) - np.searchsorted(known[::-1], cuts, side="right")
    return _swept(ranking, flags)


def ranked_levels(ranking: Ranking, levels: int) -> Sweep:
    """Sweep over the scores of rows at even distances in the ranking; a row at or above one is flagged.

    At the last level every row is flagged, those without a score too: they rank last.
    """
    rows = len(ranking.order)
    cuts = ranking.scores[np.linspace(0, rows - 1, levels).astype(np.int64)]
    return _swept(ranking, rows - np.searchsorted(ranking.scores[::-1], cuts, side="left"))


def _swept(ranking: Ranking, flags: Rows) -> Sweep:
    rows = len(ranking.order)
    first = np.empty(rows, dtype=np.int64)
    steps = np.diff(flags, prepend=0, append=rows)
    first[ranking.order] = np.repeat(np.arange(len(flags) + 1), steps)
    return Sweep(first, flags.astype(np.int64))


@dataclass(frozen=True)
class Runs:
    """Unbroken runs of True in a mask, as half-open rows ``[start, stop)``."""

    starts: Rows
    stops: Rows

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def lengths(self) -> Rows:
        """Rows in each run, (k,)."""
        return self.stops - self.starts


def runs(mask: Mask) -> Runs:
    """Return the runs of an (n,) mask, in order.

    Examples
    --------
    >>> runs(np.array([True, True, False, True]))
    Runs(starts=array([0, 3]), stops=array([2, 4]))
    """
    edges = np.flatnonzero(mask[1:] != mask[:-1]) + 1
    if len(mask) and mask[0]:
        edges = np.concatenate([[0], edges])
    if len(edges) % 2:
        edges = np.append(edges, len(mask))
    return Runs(edges[::2], edges[1::2])


def first_in_runs(sweep: Sweep, within: Runs) -> Rows:
    """Return the first level that flags any row of each run, (k,)."""
    if not len(within):
        return np.empty(0, dtype=np.int64)
    edges = np.column_stack([within.starts, within.stops]).ravel()
    # One row more, so that a run may stop behind the last.
    padded = np.append(sweep.first, len(sweep.flags))
    lowest: Rows = np.minimum.reduceat(padded, edges)[::2]
    return lowest
