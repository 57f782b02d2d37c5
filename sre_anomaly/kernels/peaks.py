"""How many episodes the past had at any level: exact while there are few, in bounded memory for ever.

Rows above a level that are no more than so many rows apart are one episode. With m the highest of so many scores before
a score x, the score begins an episode at every level u with m <= u < x. So the number of episodes at u is the number of
such x above u less the number of such m above u, and two stores of `ranks` hold all that is needed.
"""

import math

import numpy as np

from sre_anomaly.frame import Array
from sre_anomaly.kernels.compiled import step
from sre_anomaly.kernels.ranks import at_least, new_ranks, next_below, remember

HEADER = 3
AT, FIRST, SIZE = range(HEADER)


def new_episodes(apart: int, most: int) -> Array:
    """Return an empty store: a header, the recent highest scores and their rows, then both ends.

    Examples
    --------
    >>> store = new_episodes(apart=2, most=1000)
    >>> for score in (0.0, 5.0, 1.0, 6.0, 0.0, 0.0, 3.0):
    ...     begins = observe(store, apart=2, score=score)
    >>> [level_with_at_most(store, 2, episodes) for episodes in (0.0, 1.0)]
    [6.0, 3.0]
    """
    ends = new_ranks(most)
    return np.concatenate([np.zeros(HEADER + 2 * (apart + 1)), ends, ends])


@step
def observe(store: Array, apart: int, score: float) -> bool:
    """Take a score in; return whether it begins an episode at any level."""
    room = apart + 1
    start = HEADER + 2 * room
    each = (len(store) - start) // 2
    values, rows = store[HEADER : HEADER + room], store[HEADER + room : start]
    first, size = int(store[FIRST]), int(store[SIZE])
    now = store[AT]
    store[AT] += 1.0
    # Highest scores first, each later than the one before: what is lower and older can never be the highest again.
    while size > 0 and rows[first] < now - apart:
        first = (first + 1) % room
        size -= 1
    highest = values[first] if size > 0 else -math.inf
    begins = score > highest
    if begins:
        remember(store[start : start + each], score)
        if size > 0:
            remember(store[start + each :], highest)
    while size > 0 and values[(first + size - 1) % room] <= score:
        size -= 1
    last = (first + size) % room
    values[last], rows[last] = score, now
    store[FIRST], store[SIZE] = first, size + 1
    return bool(begins)


@step
def level_with_at_most(store: Array, apart: int, most: float) -> float:
    """Return the lowest level from which upwards there were at most so many episodes, minus infinity if any has."""
    start = HEADER + 2 * (apart + 1)
    each = (len(store) - start) // 2
    begins, ends = store[start : start + each], store[start + each :]
    level = math.inf
    while True:
        # Just below a value, it counts as well.
        lower, higher = next_below(begins, level), next_below(ends, level)
        level = max(lower, higher)
        if level == -math.inf or at_least(begins, level) - at_least(ends, level) > most:
            return level
