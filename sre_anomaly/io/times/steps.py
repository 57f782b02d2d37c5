"""The step of times that jitter, and the tick of its clock that each is nearest to."""

from typing import Any

import numpy as np

from sre_anomaly.frame import Times

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
ROUND = tuple(
    int(size * unit)
    for unit, sizes in (
        (SECOND // 1000, (1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500)),
        (SECOND, (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)),
        (60 * SECOND, (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)),
        (3600 * SECOND, (1, 2, 3, 4, 6, 8, 12)),
        (DAY, (1, 7)),
    )
    for size in sizes
)
"""Steps that people set."""
NEAR = 0.08
"""A median so near to a round step is that step with jitter."""
EXACT = 0.5
"""A distance that so large a share of rows has is no jitter."""
NEARLY_ALL = 0.95
"""Such a distance with fractions of a second is the step only if so many have it: others jump back."""
CALENDAR = ((28, 31, "month"), (90, 92, "quarter"), (365, 366, "year"))


def usual_step(moves: Any) -> int:
    """Return the step of a clock from distances between rows, ns: the commonest, or the round one near their median.

    Examples
    --------
    >>> usual_step(np.array([29_600, 30_400, 30_300, 29_800, 30_100]) * 10**6) / 10**9
    30.0
    """
    sizes, counts = np.unique(moves, return_counts=True)
    commonest = int(sizes[np.argmax(counts)])
    if counts.max() >= EXACT * len(moves) and (
        commonest % SECOND == 0 or counts.max() > NEARLY_ALL * len(moves)
    ):
        return commonest
    median = float(np.median(moves))
    nearest = min(ROUND, key=lambda step: abs(step - median))
    if abs(nearest - median) <= NEAR * nearest:
        return nearest
    return commonest if counts.max() > 1 else max(int(median), 1)


def origin_of(stamps: Times, step: int) -> int:
    """Return a tick near the first row: at a multiple of the step where rows lie around those, else where most of them lie."""
    angle = 2 * np.pi * (stamps % step) / step
    phase = float(np.angle(np.exp(1j * angle).mean())) / (2 * np.pi)
    offset = 0 if abs(phase) < 0.25 else round(phase * step)
    if offset and step >= 10 * SECOND:
        offset = round(offset / SECOND) * SECOND
    return int(nearest(np.array([stamps[0]]), offset, step)[0] * step + offset)


def nearest(stamps: Times, origin: int, step: int) -> Times:
    """Return the number of the tick that each row is nearest to, (n,)."""
    return (stamps - origin + step // 2) // step


def of_the_calendar(moves: Any) -> str:
    """Return the part of the calendar that rows come once in, such as a month; empty where their step is no such one."""
    days = np.asarray(moves) / DAY
    for least, most, word in CALENDAR:
        if len(days) > 1 and days.min() >= least - 0.1 and days.max() <= most + 0.1 and np.ptp(days) > 0.5:
            return word
    return ""
