"""What each of a few simple rules forecasts of one metric, from any row to any later one."""

import math

import numpy as np
import numpy.typing as npt

from sre_anomaly.frame import Array
from sre_anomaly.kernels.compiled import compiled, step
from sre_anomaly.kernels.forecast.tracks import (
    DAYS,
    FAST,
    GROWTH,
    HELD,
    LEVEL,
    LEVEL_LONG,
    MIDDLE,
    OFF,
    OFF_LONG,
    OFF_MIDDLE,
    SAME,
    SLOW,
    USUAL,
    WEEKLY,
)

EXPERTS = (
    "last value",
    "level of a quarter of an hour",
    "level of two hours",
    "median of the last day",
    "same time yesterday",
    "same time last week",
    "usual day",
    "usual day, learned fast",
    "usual week",
    "usual day and what is off now",
    "usual day and what was off for two hours",
    "median of the same time on seven days",
    "that, and what was off for two hours",
    "same time yesterday, and the usual growth",
)
"""In the order of `ask`'s answers."""
ROBUST, WEEK = 12, 8
SOON, LATER = 1.0, 8.0
"""Hours after which half of what is off now has gone, and of what was off for two hours."""
Rows = npt.NDArray[np.int64]


@step
def _before(track: Array, origin: int, target: int, season: int, width: int) -> float:
    """Return what a track held whole seasons before the target, at the latest row known at the origin with its neighbours."""
    back = (target - origin + width + season) // season
    row = target - back * season
    return track[row] if row >= 0 else math.nan


@step
def _or(value: float, other: float) -> float:
    return other if math.isnan(value) else value


@step
def _left(ahead: int, day: int) -> tuple[float, float]:
    """Return the shares of what is off now, and was off for two hours, that are left so many steps ahead."""
    hours = ahead * 24.0 / day
    return 0.5 ** (hours / SOON), 0.5 ** (hours / LATER)


@step
def ask(
    tracks: Array, origin: int, target: int, day: int, width: int, left: tuple[float, float], out: Array
) -> None:
    """Write each rule's forecast of row ``target`` from the rows before ``origin``, (`EXPERTS`,); NaN where nothing was measured before.

    One that needs more days than there are says what the next simpler one does. ``left`` is what `_left` says of the distance.
    """
    now = origin - 1
    soon, later = left
    last = tracks[HELD, now]
    yesterday = _or(_before(tracks[SAME], origin, target, day, 0), last)
    slow = _or(_before(tracks[SLOW], origin, target, day, width), yesterday)
    usual = _or(_before(tracks[USUAL], origin, target, day, width), yesterday)
    out[0] = last
    out[1] = tracks[LEVEL, now]
    out[2] = tracks[LEVEL_LONG, now]
    out[3] = tracks[MIDDLE, now]
    out[4] = yesterday
    out[5] = _or(_before(tracks[SAME], origin, target, DAYS * day, 0), yesterday)
    out[6] = slow
    out[7] = _or(_before(tracks[FAST], origin, target, day, width), yesterday)
    out[8] = _or(_before(tracks[WEEKLY], origin, target, DAYS * day, width), slow)
    out[9] = slow + soon * _or(tracks[OFF, now], 0.0)
    out[10] = slow + later * _or(tracks[OFF_LONG, now], 0.0)
    out[11] = usual
    out[12] = usual + later * _or(tracks[OFF_MIDDLE, now], 0.0)
    out[13] = yesterday + (target - now + day - 1) // day * _or(tracks[GROWTH, now], 0.0)


@compiled
def ask_each(tracks: Array, origins: Rows, steps: Rows, day: int, width: int, out: Array) -> None:
    """Write (k, s, `EXPERTS`) forecasts from each origin, so many ``steps`` ahead; 1 is the row of the origin itself."""
    for place in range(len(steps)):
        left = _left(steps[place], day)
        for number in range(len(origins)):
            target = origins[number] + steps[place] - 1
            ask(tracks, origins[number], target, day, width, left, out[number, place])


@compiled
def mix_each(
    tracks: Array, origins: Rows, day: int, width: int, weights: Array, bucket: Rows, out: Array
) -> None:
    """Write (k, h): the forecasts of every step up to the horizon, weighted as their bucket (h,) of ``weights`` (b, `EXPERTS`) says."""
    said = np.empty(weights.shape[1])
    for ahead in range(out.shape[1]):
        left = _left(ahead + 1, day)
        for number in range(len(origins)):
            ask(tracks, origins[number], origins[number] + ahead, day, width, left, said)
            total = 0.0
            for expert in range(len(said)):
                if weights[bucket[ahead], expert] > 0.0:
                    total += weights[bucket[ahead], expert] * said[expert]
            out[number, ahead] = total
