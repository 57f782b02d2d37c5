"""How far a row is from the most similar earlier one at about the same time of the day.

Earlier rows stand in half hours of the day. They are searched from the row's own half hour outwards, and the search
stops when the hours between alone are more than the best distance: the minimum is exact, and a few per cent of the
history is read. Each half hour has room for a fixed number of rows; once it is full a new row takes the place of one
drawn by its row number, so that memory stays constant and old rows fade.
"""

import math

import numpy as np

from sre_anomaly.frame import Array
from sre_anomaly.kernels.compiled import step

DAY, HALF_HOUR = 86_400.0, 1_800.0
BINS = 48


def new_neighbours(features: int, most: int) -> Array:
    """Return an empty store for so many rows of so many features.

    Each row is kept as its features, its second of the day and the row number from which it may be compared with.
    """
    each = max(1, -(-most // BINS))
    return np.zeros(BINS + BINS * each * (features + 2))


@step
def around(one: float, other: float) -> float:
    """Return the seconds between two times of the day.

    Examples
    --------
    >>> around(100.0, 86_300.0)
    200.0
    """
    gap = abs(one - other)
    return gap if gap <= DAY / 2 else DAY - gap


@step
def nearest(
    store: Array, features: Array, weights: Array, second: float, row: float, per_second: float
) -> float:
    """Return the distance to the nearest row that may be compared with, NaN where there is none.

    Parameters
    ----------
    features, weights : (d,)
        What the row looks like, and what a squared difference in each feature counts.
    second, row : float
        Second of the day and row number.
    per_second : float
        What a second of difference in the time of day counts; 0 where rows have no time.
    """
    home = int(second // HALF_HOUR) if per_second > 0.0 else int(row) % BINS
    inside = second - home * HALF_HOUR
    best = _nearest_there(store, home, features, weights, second, row, per_second, np.inf)
    for apart in range(1, BINS // 2 + 1):
        after, before = apart * HALF_HOUR - inside, inside + (apart - 1) * HALF_HOUR
        if (min(after, before) * per_second) ** 2 >= best:
            break
        # Opposite on the clock, the half hours after and before meet in one.
        if apart == BINS // 2 or (after * per_second) ** 2 < best:
            at = (home + apart) % BINS
            best = _nearest_there(store, at, features, weights, second, row, per_second, best)
        if apart < BINS // 2 and (before * per_second) ** 2 < best:
            at = (home - apart) % BINS
            best = _nearest_there(store, at, features, weights, second, row, per_second, best)
    return math.sqrt(best) if best < np.inf else np.nan


@step
def _nearest_there(
    store: Array,
    at: int,
    features: Array,
    weights: Array,
    second: float,
    row: float,
    per_second: float,
    best: float,
) -> float:
    """Return the squared distance to the nearest row of one half hour if that is less than the best so far."""
    width = len(features)
    wide = width + 2
    each = (len(store) - BINS) // (BINS * wide)
    start = BINS + at * each * wide
    for place in range(start, start + int(min(store[at], each)) * wide, wide):
        distance = (around(second, store[place + width]) * per_second) ** 2
        if distance >= best:
            continue
        for j in range(width):
            difference = features[j] - store[place + j]
            distance += weights[j] * difference * difference
        if distance < best and store[place + width + 1] <= row:
            best = distance
    return best


@step
def mixed(number: int) -> int:
    """Return a number as good as chance, and the same again for the same row (the mixing of MurmurHash3, 32 bits)."""
    number = ((number ^ (number >> 16)) * 0x45D9F3B) & 0xFFFFFFFF
    number = ((number ^ (number >> 16)) * 0x45D9F3B) & 0xFFFFFFFF
    return number ^ (number >> 16)


@step
def keep(store: Array, features: Array, second: float, row: float, usable_from: float, timed: bool) -> None:
    """Keep a row; it may be compared with from row ``usable_from`` on."""
    width = len(features)
    wide = width + 2
    each = (len(store) - BINS) // (BINS * wide)
    at = int(second // HALF_HOUR) if timed else int(row) % BINS
    slot = int(store[at])
    store[at] += 1.0
    if slot >= each:
        slot = mixed(slot) % each
    place = BINS + (at * each + slot) * wide
    for j in range(width):
        store[place + j] = features[j]
    store[place + width] = second
    store[place + width + 1] = usable_from


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
