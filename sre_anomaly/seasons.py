"""The usual course of one metric over the day and the week, learned from its past."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from sre_anomaly.frame import Array

DAY = 86_400
WEEKEND = 5
"""Monday is 0, so 5 and 6 are the weekend."""
LEARN_WEEKS = pd.Timedelta(days=14)
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
    def learn(cls, time: pd.DatetimeIndex, values: Array, slot: pd.Timedelta) -> Self:
        """Learn from (n,) values; a slot seen on too few days takes the metric's overall median."""
        seconds = max(1, min(DAY, round(slot.total_seconds())))
        slots = -(-DAY // seconds)
        present = np.isfinite(values)
        overall = float(np.median(values[present])) if present.any() else np.nan
        slot_of, weekend = _slot(time, seconds), time.day_of_week.to_numpy() >= WEEKEND
        day = time.asi8 // 1_000_000_000 // DAY
        both = _medians(slot_of[present], day[present], values[present], np.full(slots, overall))
        usual = np.stack([both, both])
        if len(time) and time[-1] - time[0] >= LEARN_WEEKS:
            for row, of_kind in enumerate((~weekend, weekend)):
                keep = present & of_kind
                usual[row] = _medians(slot_of[keep], day[keep], values[keep], both)
        return cls(seconds, usual)

    def expected(self, time: pd.DatetimeIndex) -> Array:
        """Return (n,) usual values at these times."""
        weekend = (time.day_of_week.to_numpy() >= WEEKEND).astype(int)
        return self.usual[weekend, _slot(time, self.slot_seconds)]


@dataclass
class Harmonics:
    """Smooth daily and weekly waves fitted by robust least squares."""

    daily: int
    weekly: int
    coefficients: Array

    @classmethod
    def learn(cls, time: pd.DatetimeIndex, values: Array, harmonics: int) -> Self:
        """Fit by iteratively reweighted least squares with Tukey's biweight (Beaton and Tukey, 1974)."""
        long_enough = len(time) > 0 and time[-1] - time[0] >= LEARN_WEEKS
        weekly = harmonics if long_enough else 0
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
            spread = 1.4826 * np.median(np.abs(residual - np.median(residual)))
            if spread == 0:
                break
            weights = np.clip(1 - (residual / (4.685 * spread)) ** 2, 0, None) ** 2
        return cls(harmonics, weekly, coefficients)

    def expected(self, time: pd.DatetimeIndex) -> Array:
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


def _slot(time: pd.DatetimeIndex, seconds: int) -> npt.NDArray[np.int64]:
    return (time.asi8 // 1_000_000_000 % DAY) // seconds


def _medians(
    slot_of: npt.NDArray[np.int64], day: npt.NDArray[np.int64], values: Array, otherwise: Array
) -> Array:
    slots: Any = pd.DataFrame({"value": values, "day": day}).groupby(slot_of)
    enough = slots["value"].median()[slots["day"].nunique() >= FEWEST_DAYS]
    out = otherwise.copy()
    out[enough.index.to_numpy()] = enough.to_numpy()
    return out


def _waves(time: pd.DatetimeIndex, daily: int, weekly: int) -> Array:
    seconds = time.asi8 / 1e9
    columns = [np.ones(len(time))]
    for period, count in ((DAY, daily), (7 * DAY, weekly)):
        for k in range(1, count + 1):
            angle = 2 * np.pi * k * seconds / period
            columns += [np.sin(angle), np.cos(angle)]
    return np.column_stack(columns)
