"""The order of the values in a small window, kept as places of a byte each, so that a median costs little memory."""

import math

import numpy as np
import numpy.typing as npt

from sre_anomaly.frame import Array
from sre_anomaly.kernels.compiled import step

Bytes = npt.NDArray[np.uint8]


@step
def middle(values: Array, order: Bytes, size: int) -> float:
    """Return the median of the values whose places are in the first ``size`` of an order."""
    low, high = values[order[(size - 1) // 2]], values[order[size // 2]]
    return float(low if low == high else 0.5 * (low + high))


@step
def slide(values: Array, order: Bytes, size: int, leaves: int, enters: int) -> int:
    """Take one place out of an order, if it is there, and put another in, unless its value is NaN; return the new size.

    Examples
    --------
    >>> values, order = np.array([1.0, 3.0, 2.0]), np.array([0, 1, 0], dtype=np.uint8)
    >>> slide(values, order, 2, 2, 2), order.tolist(), middle(values, order, 3)
    (3, [0, 2, 1], 2.0)
    """
    new, place = values[enters], 0
    while place < size and order[place] != leaves:
        place += 1
    if math.isnan(new):
        for at in range(place, size - 1):
            order[at] = order[at + 1]
        return size - 1 if place < size else size
    size = max(size, place + 1)
    # Only what lies between the two moves.
    while place + 1 < size and values[order[place + 1]] < new:
        order[place] = order[place + 1]
        place += 1
    while place > 0 and values[order[place - 1]] > new:
        order[place] = order[place - 1]
        place -= 1
    order[place] = enters
    return size
