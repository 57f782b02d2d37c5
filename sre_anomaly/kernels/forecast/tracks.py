"""What is known of one metric after each of its rows: its level, its usual day and week, and how far it is from them now.

Every number after row t comes from rows up to t, in one pass with memory for the days it looks back. A forecast from row t
then only has to look up a few of them (`sre_anomaly.kernels.forecast.experts`), so many origins cost little more than one.
"""

import math
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

import numpy as np

from sre_anomaly.frame import Array
from sre_anomaly.kernels.compiled import compiled, step
from sre_anomaly.kernels.ranks import first_not_below

HELD, SAME, LEVEL, LEVEL_LONG, MIDDLE, SLOW, FAST, WEEKLY, USUAL, OFF, OFF_LONG, OFF_MIDDLE, GROWTH = range(
    13
)
"""Last value; value, or that of a day before where it is missing; mean level of a quarter of an hour and of two hours; median of a
day; usual day that learns slowly, and fast; usual week; median of the same time on seven days; distance from the usual
day now, and over two hours; the median one; usual change from one day to the next."""
TRACKS = 13
DAYS = 7
SLOWLY, QUICKLY = 1.0 / DAYS, 0.4
FAR = 3.0
"""A value moves what is usual at its time of day by no more than so many usual distances."""
FORGET = 0.005
SMOOTHED = timedelta(minutes=7.5)
"""The usual day is taken together with the minutes on both sides."""


@dataclass(frozen=True)
class Clock:
    """Rows in a day, and in the other stretches that matter.

    Examples
    --------
    >>> Clock.of(timedelta(minutes=5))
    Clock(day=288, width=1, hours=24, quarter=3.0)
    """

    day: int
    width: int
    """Rows on each side over which a usual day is smoothed."""
    hours: int
    """Two of them."""
    quarter: float
    """Of an hour; may be less than a row."""

    @classmethod
    def of(cls, step: timedelta) -> "Clock":
        """Return it for rows so far apart."""
        day = max(1, round(timedelta(days=1) / step))
        return cls(day, min(SMOOTHED // step, day // 4), max(1, day // 12), timedelta(minutes=15) / step)

    @property
    def week(self) -> int:
        """Rows in a week."""
        return DAYS * self.day


def tracks_of(values: Array, clock: Clock) -> Array:
    """Return (`TRACKS`, n) of one metric's values (n,), not to be written to; NaN before its first value."""
    return _tracks_of(np.ascontiguousarray(values, dtype=np.float64).tobytes(), clock)


@lru_cache(maxsize=4)
def _tracks_of(values: bytes, clock: Clock) -> Array:
    """Return them; several forecasters are asked of the same rows one after the other."""
    column = np.frombuffer(values)
    out = np.full((TRACKS, len(column)), np.nan)
    present = np.flatnonzero(np.isfinite(column))
    if len(present):
        _follow(
            column[present[0] :].copy(),
            clock.day,
            clock.width,
            clock.hours,
            clock.quarter,
            out[:, present[0] :],
        )
    return out


@step
def _usual(values: Array, season: int, gain: float, out: Array) -> None:
    """Write the usual value of the time in its season: a mean that forgets, moved little by a value far away."""
    scale = math.nan
    seen = np.ones(season)
    for row in range(len(values)):
        value = values[row]
        if row < season:
            out[row] = value
            continue
        gap = value - out[row - season]
        size = abs(gap)
        if math.isnan(scale):
            scale = size
        limit = FAR * scale
        scale += FORGET * ((min(size, 5.0 * scale) if scale > 0.0 else size) - scale)
        at = row % season
        seen[at] += 1.0
        out[row] = out[row - season] + max(gain, 1.0 / seen[at]) * min(max(gap, -limit), limit)


@step
def _smooth(values: Array, width: int) -> None:
    """Replace each value by the mean of those up to ``width`` rows away; the last ones lack the later half."""
    if width == 0:
        return
    before = values.copy()
    last = len(values) - 1
    for row in range(len(values)):
        total = 0.0
        for other in range(row - width, row + width + 1):
            total += before[min(max(other, 0), last)]
        values[row] = total / (2 * width + 1)


@step
def _same_time(values: Array, season: int, out: Array) -> None:
    """Write the median of the same time on the last `DAYS` days."""
    ordered = np.empty(DAYS)
    for row in range(len(values)):
        count = 0
        for day in range(DAYS):
            if row - day * season < 0:
                break
            value = values[row - day * season]
            at = count
            while at > 0 and ordered[at - 1] > value:
                ordered[at] = ordered[at - 1]
                at -= 1
            ordered[at] = value
            count += 1
        out[row] = 0.5 * (ordered[(count - 1) // 2] + ordered[count // 2])


@step
def _median(values: Array, window: int, out: Array) -> None:
    """Write the median of the last ``window`` values, those that are there."""
    ordered = np.empty(window + 1)
    count = 0
    for row in range(len(values)):
        if row >= window and not math.isnan(values[row - window]):
            at = first_not_below(ordered, count, values[row - window])
            for place in range(at, count - 1):
                ordered[place] = ordered[place + 1]
            count -= 1
        if not math.isnan(values[row]):
            at = first_not_below(ordered, count, values[row])
            for place in range(count, at, -1):
                ordered[place] = ordered[place - 1]
            ordered[at] = values[row]
            count += 1
        out[row] = 0.5 * (ordered[(count - 1) // 2] + ordered[count // 2]) if count else math.nan


@step
def _fading(values: Array, half_life: float, out: Array) -> None:
    """Write the mean of the values so far, one ``half_life`` rows ago counting half."""
    rate = 1.0 - 0.5 ** (1.0 / half_life)
    mean, weight = 0.0, 0.0
    for row in range(len(values)):
        if not math.isnan(values[row]):
            weight = weight * (1.0 - rate) + rate
            mean += rate / weight * (values[row] - mean)
        out[row] = mean if weight > 0.0 else math.nan


@compiled
def _follow(values: Array, day: int, width: int, hours: int, quarter: float, out: Array) -> None:
    rows = len(values)
    for row in range(rows):
        gap = math.isnan(values[row])
        out[HELD, row] = out[HELD, row - 1] if gap else values[row]
        out[SAME, row] = out[SAME, row - day] if gap and row >= day else out[HELD, row]
    same = out[SAME]
    _fading(same, quarter, out[LEVEL])
    _fading(same, 8.0 * quarter, out[LEVEL_LONG])
    _median(same, day, out[MIDDLE])
    _usual(same, day, SLOWLY, out[SLOW])
    _usual(same, day, QUICKLY, out[FAST])
    _usual(same, DAYS * day, QUICKLY, out[WEEKLY])
    _same_time(same, day, out[USUAL])
    for track in (SLOW, FAST, WEEKLY, USUAL):
        _smooth(out[track], width)
    off = np.full(rows, math.nan)
    for row in range(day, rows):
        off[row] = values[row] - out[SLOW, row - day]
    _fading(off, quarter, out[OFF])
    _fading(off, 8.0 * quarter, out[OFF_LONG])
    for row in range(day, rows):
        off[row] = values[row] - out[USUAL, row - day]
    _median(off, hours, out[OFF_MIDDLE])
    for row in range(day, rows):
        off[row] = values[row] - same[row - day]
    _median(off, day, out[GROWTH])
