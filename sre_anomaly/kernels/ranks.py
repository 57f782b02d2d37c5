"""How many past values were at least as large as this one: exact while there are few, in bounded memory for ever.

The store is one array: a header, ``most`` past values in ascending order with the number of values from each one up,
and a small sorted buffer of the latest values, which is merged in when it is full. Asking costs two binary searches.
When there are too many values, neighbours are taken together, but never more than a small share of all the values
above them (the idea of relative-error quantile sketches: Cormode and others, 2021). So the largest values are always
kept one by one and every rank is right to a few per cent, or better; a test measures it.
"""

import numpy as np

from sre_anomaly.frame import Array
from sre_anomaly.kernels.compiled import step

HEADER = 3
KEPT, FRESH, TURN = range(HEADER)
BUFFER = 256
SHARE = 4.0
"""The first attempt to take values together allows this much divided by ``most`` of the values above."""


def new_ranks(most: int) -> Array:
    """Return an empty store for so many values.

    Examples
    --------
    >>> store = new_ranks(1000)
    >>> for value in (3.0, 1.0, 2.0):
    ...     remember(store, value)
    >>> at_least(store, 2.0)
    2.0
    """
    return np.zeros(HEADER + 2 * (most + BUFFER) + BUFFER)


@step
def _room(ranks: Array) -> int:
    return (len(ranks) - HEADER - BUFFER) // 2


@step
def count(ranks: Array) -> float:
    """Return how many values were remembered."""
    first = HEADER + _room(ranks)
    return float(ranks[FRESH] + (ranks[first] if ranks[KEPT] > 0 else 0.0))


@step
def first_not_below(values: Array, size: int, value: float) -> int:
    """Return where the first of ``size`` ordered values stands that is at least as large, ``size`` if none is.

    Examples
    --------
    >>> first_not_below(np.array([1.0, 2.0, 4.0]), 3, 3.0)
    2
    """
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        if values[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@step
def at_least(ranks: Array, value: float) -> float:
    """Return how many remembered values are at least as large."""
    room = _room(ranks)
    kept, fresh = int(ranks[KEPT]), int(ranks[FRESH])
    at = first_not_below(ranks[HEADER:], kept, value)
    above = ranks[HEADER + room + at] if at < kept else 0.0
    return float(above + fresh - first_not_below(ranks[HEADER + 2 * room :], fresh, value))


@step
def exceeded_by(ranks: Array, rows: float) -> float:
    """Return the smallest remembered value that at most so many values exceed; NaN where nothing is remembered."""
    room = _room(ranks)
    values, above, buffer = ranks[HEADER:], ranks[HEADER + room :], ranks[HEADER + 2 * room :]
    kept, fresh = int(ranks[KEPT]), int(ranks[FRESH])
    if kept + fresh == 0:
        return np.nan
    # Walk down from the largest: the number of values above is small where this is asked.
    one, other = kept - 1, fresh - 1
    seen = 0.0
    last = np.inf
    while one >= 0 or other >= 0:
        if other < 0 or (one >= 0 and values[one] >= buffer[other]):
            value = values[one]
            weight = above[one] - (above[one + 1] if one + 1 < kept else 0.0)
            one -= 1
        else:
            value = buffer[other]
            weight = 1.0
            other -= 1
        if seen > rows:
            return float(last)
        last = value
        seen += weight
    return float(last)


@step
def next_below(ranks: Array, value: float) -> float:
    """Return the largest remembered value below another, minus infinity where there is none."""
    kept, fresh = int(ranks[KEPT]), int(ranks[FRESH])
    values, buffer = ranks[HEADER:], ranks[HEADER + 2 * _room(ranks) :]
    at, other = first_not_below(values, kept, value), first_not_below(buffer, fresh, value)
    below = values[at - 1] if at > 0 else -np.inf
    return float(max(below, buffer[other - 1])) if other > 0 else float(below)


@step
def remember(ranks: Array, value: float) -> None:
    """Take a value in."""
    room = _room(ranks)
    buffer = ranks[HEADER + 2 * room :]
    fresh = int(ranks[FRESH])
    at = first_not_below(buffer, fresh, value)
    for place in range(fresh, at, -1):
        buffer[place] = buffer[place - 1]
    buffer[at] = value
    ranks[FRESH] = fresh + 1
    if fresh + 1 == BUFFER:
        _merge(ranks, room)
        share = SHARE / (room - BUFFER)
        while ranks[KEPT] > room - BUFFER:
            _together(ranks, room, share)
            share *= 2.0


@step
def _merge(ranks: Array, room: int) -> None:
    """Merge the buffer into the kept values, largest first, so that nothing is overwritten before it is read."""
    values, above, buffer = ranks[HEADER:], ranks[HEADER + room :], ranks[HEADER + 2 * room :]
    one, other = int(ranks[KEPT]) - 1, int(ranks[FRESH]) - 1
    total, behind = 0.0, 0.0
    ranks[KEPT] += ranks[FRESH]
    for place in range(one + other + 1, -1, -1):
        if other < 0 or (one >= 0 and values[one] >= buffer[other]):
            weight = above[one] - behind
            behind = above[one]
            values[place] = values[one]
            one -= 1
        else:
            weight = 1.0
            values[place] = buffer[other]
            other -= 1
        total += weight
        above[place] = total
    ranks[FRESH] = 0.0


@step
def _together(ranks: Array, room: int, share: float) -> None:
    """Let neighbours stand together while they are a small share of what is above them.

    They take the value of the largest and of the smallest of them in turn, so that errors do not add up.
    """
    values, above = ranks[HEADER:], ranks[HEADER + room :]
    kept = int(ranks[KEPT])
    place = kept
    over, total, behind = 0.0, 0.0, 0.0
    ranks[TURN] = 1.0 - ranks[TURN]
    for at in range(kept - 1, -1, -1):
        weight = above[at] - behind
        behind = above[at]
        # ``over`` counts what lies above the present group, ``total`` that and the group.
        if place < kept and total - over + weight <= share * over:
            if ranks[TURN] > 0.0:
                values[place] = values[at]
        else:
            over = total
            place -= 1
            values[place] = values[at]
        total += weight
        above[place] = total
    for at in range(kept - place):
        values[at] = values[place + at]
        above[at] = above[place + at]
    ranks[KEPT] = kept - place
