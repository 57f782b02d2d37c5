"""The usual course of one metric over the day and the week, learned from its past.

Times are nanoseconds since 1970 as the wall clock shows them where the load comes from: see `sre_anomaly.clock.wall_clock`.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

import numpy as np

from sre_anomaly.clock import nanoseconds
from sre_anomaly.frame import Array, Mask, Times

DAY = 86_400
MAD_TO_STD = 1.4826
"""The median absolute deviation of a normal variable is its standard deviation divided by this."""
THURSDAY, SATURDAY = 3, 5
"""Days of the week, Monday is 0; 1 January 1970 was a Thursday."""
LEARN_WEEKS = timedelta(days=14)
"""Weekends and weekly waves are told apart only where at least two weeks are there to learn from."""
FEWEST_DAYS = 3
"""A slot of the day needs values from so many days before its own median is believed."""


@dataclass
class Profile:
    """The median value in each slot of the day, for weekdays and weekends."""

    slot_seconds: int
    usual: Array
    """(2, slots): weekdays, weekends."""

    @classmethod
    def learn(cls, time: Times, values: Array, slot: timedelta) -> Self:
        """Learn from (n,) values; a slot seen on too few days takes the metric's overall median."""
        seconds = max(1, min(DAY, round(slot.total_seconds())))
        slots = -(-DAY // seconds)
        present = np.isfinite(values)
        overall = float(np.median(values[present])) if present.any() else np.nan
        at, weekend, day = slot_of(time, seconds), is_weekend(time), _day(time)
        both = _medians(at[present], day[present], values[present], np.full(slots, overall))
        usual = np.stack([both, both])
        if _long_enough(time):
            for row, of_kind in enumerate((~weekend, weekend)):
                keep = present & of_kind
                usual[row] = _medians(at[keep], day[keep], values[keep], both)
        return cls(seconds, usual)

    def expected(self, time: Times) -> Array:
        """Return (n,) usual values at these times."""
        return self.usual[is_weekend(time).astype(int), slot_of(time, self.slot_seconds)]


@dataclass
class Harmonics:
    """Smooth daily and weekly waves fitted by robust least squares."""

    daily: int
    weekly: int
    coefficients: Array

    @classmethod
    def learn(cls, time: Times, values: Array, harmonics: int) -> Self:
        """Fit by iteratively reweighted least squares with Tukey's biweight (Beaton and Tukey, 1974)."""
        weekly = harmonics if _long_enough(time) else 0
        present = np.isfinite(values)
        design, target = _waves(time[present], harmonics, weekly), values[present]
        if not present.any():
            return cls(harmonics, weekly, np.full(design.shape[1], np.nan))
        weights: Array = np.ones(len(target))
        coefficients: Array = np.zeros(design.shape[1])
        for _ in range(10):
            root = np.sqrt(weights)
            coefficients = np.asarray(
                np.linalg.lstsq(design * root[:, None], target * root, rcond=None)[0], dtype=np.float64
            )
            residual = target - design @ coefficients
            spread = MAD_TO_STD * np.median(np.abs(residual - np.median(residual)))
            if spread == 0:
                break
            weights = np.clip(1 - (residual / (4.685 * spread)) ** 2, 0, None) ** 2
        return cls(harmonics, weekly, coefficients)

    def expected(self, time: Times) -> Array:
        """Return (n,) usual values at these times."""
        # Summed by column: a matrix product may round a row differently when more rows come with it.
        return sum(
            (
                wave * weight
                for wave, weight in zip(
                    _waves(time, self.daily, self.weekly).T, self.coefficients, strict=True
                )
            ),
            np.zeros(len(time)),
        )


def usual_deviation(gaps: Array) -> float:
    """Return the usual size of a deviation, never 0: the median one, or the mean one where most are 0."""
    present = np.abs(gaps[np.isfinite(gaps)])
    if not len(present):
        return 1.0
    return MAD_TO_STD * float(np.median(present)) or float(present.mean()) or 1.0


def is_weekend(time: Times) -> Mask:
    """Return which times lie on a Saturday or Sunday, (n,).

    Examples
    --------
    >>> is_weekend(np.array(["2024-01-05", "2024-01-06"], dtype="M8[ns]").astype(np.int64))
    array([False,  True])
    """
    return (_day(time) + THURSDAY) % 7 >= SATURDAY


def _day(time: Times) -> Times:
    return time // (DAY * 1_000_000_000)


def slot_of(time: Times, seconds: int) -> Times:
    """Return the number of the slot of the day that each time lies in, (n,)."""
    return (time // 1_000_000_000 % DAY) // seconds


def _long_enough(time: Times) -> bool:
    return len(time) > 0 and int(time[-1] - time[0]) >= nanoseconds(LEARN_WEEKS)


def _medians(at: Times, day: Times, values: Array, otherwise: Array) -> Array:
    out = otherwise.copy()
    if not len(at):
        return out  # such as weekends on which nothing was measured
    order = np.argsort(at, kind="stable")
    slots, first = np.unique(at[order], return_index=True)
    for slot, rows in zip(slots, np.split(order, first[1:]), strict=True):
        if len(np.unique(day[rows])) >= FEWEST_DAYS:
            out[slot] = np.median(values[rows])
    return out


def _waves(time: Times, daily: int, weekly: int) -> Array:
    seconds = time / 1e9
    columns = [np.ones(len(time))]
    for period, count in ((DAY, daily), (7 * DAY, weekly)):
        for k in range(1, count + 1):
            angle = 2 * np.pi * k * seconds / period
            columns += [np.sin(angle), np.cos(angle)]
    return np.column_stack(columns)
