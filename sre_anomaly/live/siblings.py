"""A new series beside its siblings: what others usually show is all that is known of it, until it has a history of its own."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np

from sre_anomaly.frame import Array, Mask
from sre_anomaly.records import Reason

RECENT = 15
FIRST = 2 * RECENT
"""Rows of a new series, of which the later half is compared: a start is seldom usual."""
RIPE = 4 * FIRST
"""Rows after which a series is one of the others."""
FEWEST = 8
"""Of fewer others nobody can say what is usual."""
FAR, MOST = 8.0, 10.0
"""Spreads from which on a series is a stranger, and how many times that at most."""
RATE = 1.0 - 0.5 ** (1.0 / FIRST)
LEAST = 0.01
"""A spread is no smaller than this share of what is usual."""
ROWS, MEAN, ERROR, VALUES = range(4)
"""Of each metric: rows so far, their exponential mean, the mean distance from it, and from there on the last values."""
Stranger = tuple[float, Reason]
"""How far it is, as a share of what would be too far, and why."""


class Siblings:
    """What each of n series usually shows of late, and which new ones show something else.

    Each series is compared once, when it has its first 30 values: it is a stranger where the median of the last 15 is more than 8
    spreads from the median of what the others usually show, and beyond all of them. The spread is that between the others, or
    within them, whichever is larger.

    Parameters
    ----------
    series : int
    metrics : iterable of str
    known : mapping of str to mapping
        ``direction`` and ``least_change`` of metrics.

    Examples
    --------
    >>> siblings = Siblings(9, ["cpu"], {})
    >>> old = [siblings.look(np.array([[1.0 + one / 10] for one in range(8)] + [[np.nan]])) for _ in range(RIPE)]
    >>> new = [siblings.look(np.array([[1.0 + one / 10] for one in range(8)] + [[9.0]])) for _ in range(FIRST)]
    >>> print(list(new[-1]), new[-1][8][1])
    [8] cpu = 9, expected about 1.35 (1 to 1.7) by what 8 others usually show
    """

    def __init__(self, series: int, metrics: Iterable[str], known: Mapping[str, Mapping[str, Any]]) -> None:
        self._metrics, self._known = list(metrics), known
        self.usual: Array = np.zeros((series, len(self._metrics), VALUES + RECENT))

    def look(self, values: Array) -> dict[int, Stranger]:
        """Take in a row of every series (n, m), and return the strangers by their number."""
        present = np.isfinite(values)
        rows, mean, error = (self.usual[..., part] for part in (ROWS, MEAN, ERROR))
        rate = np.maximum(RATE, 1.0 / (rows + 1.0))
        change = np.where(present, values - mean, 0.0)
        error += np.where(rows > 0, rate * (np.abs(change) - error), 0.0) * present
        mean += rate * change
        series, metric = np.nonzero(present)
        self.usual[series, metric, VALUES + rows[series, metric].astype(int) % RECENT] = values[present]
        rows += present
        found: dict[int, Stranger] = {}
        for one, of in zip(*np.nonzero(present & (rows == FIRST)), strict=True):
            stranger = self._stranger(int(one), int(of), present[:, of] & (rows[:, of] >= RIPE))
            if stranger is not None and stranger[0] > found.get(int(one), (1.0,))[0]:
                found[int(one)] = stranger
        return found

    def _stranger(self, one: int, of: int, others: Mask) -> Stranger | None:
        if others.sum() < FEWEST:
            return None
        usual, name = self.usual[others, of], self._metrics[of]
        means = usual[:, MEAN]
        middle, low, high = float(np.median(means)), float(means.min()), float(means.max())
        tenth, ninth = np.quantile(means, [0.1, 0.9])
        spread = max(
            1.4826 * float(np.median(np.abs(means - middle))), (ninth - tenth) / 2.563,
            1.2533 * float(np.median(usual[:, ERROR])), LEAST * abs(middle),
        )  # fmt: skip
        seen = float(np.median(self.usual[one, of, VALUES:]))
        known = self._known.get(name, {})
        side = {"above": 1.0, "below": -1.0}.get(str(known.get("direction")), 0.0)
        if low <= seen <= high or side * (seen - middle) < 0.0:
            return None
        far = abs(seen - middle)
        if far < float(known.get("least_change") or 0.0) or far <= FAR * spread or known.get("weight") == 0:
            return None
        reason = Reason(name, seen, middle, low, high, f"by what {others.sum()} others usually show")
        return min(far / (FAR * spread) if spread > 0 else MOST, MOST), reason

    def resume(self, usual: Array | None) -> None:
        """Go on from what was ``usual``; what is of other metrics, or None, is no matter."""
        if usual is not None and usual.shape == self.usual.shape:
            self.usual = usual.astype(float)

    def moved(self, places: Sequence[int | None]) -> Self:
        """Return the same of other series: for each its number here, None for a new one."""
        other = type(self)(len(places), self._metrics, self._known)
        for place, here in enumerate(places):
            if here is not None and here < len(self.usual):
                other.usual[place] = self.usual[here]
        return other
