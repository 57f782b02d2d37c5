"""What a value is expected to be: the median of recent days at this time, or of the last values."""

import math

import numpy as np

from sre_anomaly.frame import Array
from sre_anomaly.kernels.compiled import step
from sre_anomaly.kernels.neighbours import BINS, DAY, HALF_HOUR, around

APART = 60.0
"""Of values that come faster, one in so many seconds is kept."""
EACH = 288
"""Values kept of a half hour of the day: a value a minute for nine days and more."""
HALF_DAY = 43_200.0

HEADER = 2
SEEN, SIZE = range(HEADER)


def new_same_time() -> Array:
    """Return an empty store: of each half hour its count and latest time, then rings of times and values."""
    return np.zeros(2 * BINS + 2 * BINS * EACH)


def new_recent(rows: int) -> Array:
    """Return an empty window of so many values: a header, the ring, and its values in order."""
    return np.zeros(HEADER + 2 * rows)


@step
def expected(store: Array, recent: Array, time: float, within: float, days: float) -> float:
    """Return the median of the values at this time of the day, ``within`` so many seconds, on the last ``days``.

    Values of the last twelve hours do not count. Where there are none, it is the median of the recent values, NaN
    before there is any. ``time`` is in seconds.
    """
    second, day = time % DAY, time // DAY
    oldest = (day - days) * DAY
    home = int(second // HALF_HOUR)
    scratch = np.empty(3 * EACH)
    found = 0
    for apart in range(-1, 2):
        at = (home + apart) % BINS
        start = 2 * BINS + 2 * at * EACH
        for slot in range(int(min(store[2 * at], EACH))):
            then = store[start + 2 * slot]
            if abs(time - then) <= HALF_DAY or then < oldest:
                continue
            # As then % DAY, which is slow where it also has to be right for numbers below 0.
            if around(second, then - math.floor(then / DAY) * DAY) <= within:
                scratch[found] = store[start + 2 * slot + 1]
                found += 1
    if found > 0:
        return float(np.median(scratch[:found]))
    return middle(recent)


@step
def note(store: Array, time: float, value: float) -> None:
    """Take a value in."""
    at = int((time % DAY) // HALF_HOUR)
    seen = store[2 * at]
    if seen > 0.0 and 0.0 < time - store[2 * at + 1] < APART:
        return
    place = 2 * BINS + 2 * (at * EACH + int(seen) % EACH)
    store[place], store[place + 1] = time, value
    store[2 * at] += 1.0
    store[2 * at + 1] = time


@step
def middle(recent: Array) -> float:
    """Return the median of the recent values, NaN before there is any."""
    rows = (len(recent) - HEADER) // 2
    size = int(recent[SIZE])
    if size == 0:
        return np.nan
    ordered = HEADER + rows
    return float(0.5 * (recent[ordered + (size - 1) // 2] + recent[ordered + size // 2]))


@step
def slide(recent: Array, value: float) -> None:
    """Move the window of recent values on by one."""
    rows = (len(recent) - HEADER) // 2
    ordered = recent[HEADER + rows :]
    size = int(recent[SIZE])
    place = HEADER + int(recent[SEEN]) % rows
    if size == rows:
        # The oldest leaves its place in the order.
        at = np.searchsorted(ordered[:size], recent[place])
        for move in range(at, size - 1):
            ordered[move] = ordered[move + 1]
        size -= 1
    at = np.searchsorted(ordered[:size], value)
    for move in range(size, at, -1):
        ordered[move] = ordered[move - 1]
    ordered[at] = value
    recent[place] = value
    recent[SEEN] += 1.0
    recent[SIZE] = size + 1.0
