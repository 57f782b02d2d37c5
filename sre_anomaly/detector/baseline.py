"""An adaptive baseline for each metric: how surprising a value is after all that came before it."""

import math
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Annotated, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field

from sre_anomaly.clock import Duration, rows_in, wall_clock
from sre_anomaly.contracts import Detector
from sre_anomaly.frame import Array, Known, MetricFrame, Times
from sre_anomaly.kernels.bounds import NOTHING_KNOWN, best_expected, bound, matters
from sre_anomaly.kernels.compiled import compiled, prefetch, step
from sre_anomaly.kernels.seasonal import DAY
from sre_anomaly.kernels.surprise import (
    EVIDENCE,
    LOWEST,
    PROFILE,
    ROWS,
    SLOTS,
    WARM,
    expect,
    learn,
    learn_gap,
    new_surprise,
    silence,
)
from sre_anomaly.registry import register

FEWEST_A_DAY = 4
"""With fewer rows a day there is no time of day."""
CHANCE = 0.1
"""By how much the strongest few of more metrics are larger where nothing is wrong, for each e-fold of their number."""
LEAST_ROWS = 0.55
"""The memory of evidence is no shorter than so many rows."""


@register("detector", "baseline")
@dataclass
class Baseline(Detector):
    """Score = how surprising the strongest few metrics are, in units that mean the same for every metric.

    Each metric is compared with a few simple expectations (the last value, running medians, an exponential mean, the same time of
    day), each in its own usual error, and with how rare such a value, change, mean and spread were so far. The
    product of both is its evidence; evidence that lasts for some rows counts more than a blip of one (`kernels.surprise` has the
    formulas). Metrics are put together so that one alone can be enough: the root of the sum of the ``strongest`` few to the power
    of ``sharpness``, less what so many metrics give by chance. A row without a value is evidence the longer the silence lasts against the longest before.

    Nothing is fitted: every row is scored by what came before it, from the 31st row on, in 4 kB a metric for ever. A change that stays is
    reported when it comes and is usual after some hours; the usual time of day follows it over ``days``.
    """

    memory: Duration = timedelta(seconds=90)
    sharpness: Annotated[float, Field(ge=1, le=4)] = 1.5
    days: Annotated[float, Field(ge=1)] = 14.0
    strongest: Annotated[int, Field(ge=1)] = 3

    unit = "surprise"
    handles_missing = True
    handles_nothing = True
    prequential = True
    export_name = "baseline"

    step_s_: float = field(init=False, default=60.0, repr=False)
    slots_: int = field(init=False, default=0, repr=False)
    """Parts of the day that are told apart, 0 where rows have no time of day."""
    zone_: str = field(init=False, default="UTC", repr=False)
    limits_: Array = field(init=False, default_factory=lambda: NOTHING_KNOWN[np.newaxis], repr=False)
    """(d, 5) what the owner knows of each metric: its side, the least change, as a share, the lowest and highest possible."""

    def meet(self, history: MetricFrame) -> None:
        """Note the clock."""
        self.step_s_, self.zone_ = history.step.total_seconds(), history.timezone
        a_day = rows_in(timedelta(seconds=DAY), history.step)
        self.slots_ = min(a_day, SLOTS) if history.has_clock and a_day >= FEWEST_A_DAY else 0
        self.limits_ = np.array([_limits(history.known.get(metric)) for metric in history.metrics])

    def fit(self, X: Array, y: Array | None = None, validation: tuple[Array, Array] | None = None) -> Self:
        """Learn nothing beforehand."""
        del y, validation
        if len(X) <= WARM:
            self.note = f"{len(X)} data points are too few: a metric is scored from its {WARM + 1}st on"
        return self

    def new_state(self, columns: int) -> Array:
        """Return the state of each column, one after the other."""
        return np.tile(new_surprise(self.slots_, round(DAY / self.step_s_)), columns)

    def advance(self, states: Array, times: Times, rows: Array, shares: Array | None = None) -> Array:
        """Return (k,) scores, NaN while no metric has enough rows; a column's share is its own score."""
        own = np.empty(rows.shape) if shares is None else shares
        out = np.empty(len(rows))
        run = _scores.for_rows(len(rows))
        run(states, rows, self._slots_of(times), self._numbers(), self._limits_of(rows), own, out)
        return out

    def bands(self, states: Array, times: Times, rows: Array, levels: Array) -> Array:
        """Return (k, d, 3): what was expected of each column, and the bounds outside which it alone exceeds the level.

        Rows are taken into the states as `advance` does. NaN where a column cannot say yet; a missing value has the bounds
        that a value would have had.
        """
        out = np.full((*rows.shape, 3), np.nan)
        _bands.for_rows(len(rows))(
            states, rows, self._slots_of(times), self._numbers(), self._limits_of(rows), levels, out
        )
        return out

    def _slots_of(self, times: Times) -> npt.NDArray[np.int64]:
        if not self.slots_:
            return np.full(len(times), -1, dtype=np.int64)
        if len(times) == 1:
            # Whole numbers cost a third of what arrays of one do, and someone waits for the answer.
            of_day = int(wall_clock(times, self.zone_)[0]) // 1_000_000_000 % DAY
            return np.array([of_day * self.slots_ // DAY])
        second = wall_clock(times, self.zone_) // 1_000_000_000 % DAY
        return np.asarray(second * self.slots_ // DAY, dtype=np.int64)

    def _limits_of(self, rows: Array) -> Array:
        """Return what is known of each column: nothing where the columns are not the metrics themselves."""
        columns = rows.shape[1]
        return self.limits_ if len(self.limits_) == columns else np.tile(NOTHING_KNOWN, (columns, 1))

    def _numbers(self) -> tuple[float, ...]:
        return _numbers_of(
            self.memory, self.step_s_, self.slots_, self.sharpness, self.days, float(self.strongest)
        )


@cache
def _numbers_of(
    memory: timedelta, step_s: float, slots: int, sharpness: float, days: float, strongest: float
) -> tuple[float, ...]:
    rows = max(memory.total_seconds() / step_s, LEAST_ROWS)
    each_slot = max(1.0, DAY / step_s / max(slots, 1))
    rate = 1.0 - (1.0 - 1.0 / days) ** (1.0 / each_slot)
    return (0.5 ** (1.0 / rows), sharpness, rate, strongest)


def _limits(known: Known | None) -> list[float]:
    if known is None:
        return NOTHING_KNOWN.tolist()
    side = {"both": 0.0, "above": 1.0, "below": -1.0}[known.direction]
    low, high = known.possible
    ends = (-math.inf if low is None else low, math.inf if high is None else high)
    return [side, known.least_change, known.least_share, *ends]


@step
def _one(state: Array, value: float, slot: int, numbers: tuple[float, ...], limits: Array) -> float:
    """Return the score of a value of one metric, NaN before there are rows enough, and take it in."""
    keep, power, rate, _ = numbers
    expect(state, slot)
    missing = math.isnan(value)
    now = silence(state) if missing else matters(state, value, best_expected(state), limits)
    state[EVIDENCE] = keep * state[EVIDENCE] + (1.0 - keep) * now**power
    score = state[EVIDENCE] ** (1.0 / power) if state[ROWS] >= WARM else math.nan
    if missing:
        learn_gap(state)
    else:
        learn(state, value, slot, rate)
    return float(score)


@compiled
def _scores(
    states: Array,
    rows: Array,
    slots: Array,
    numbers: tuple[float, ...],
    limits: Array,
    own: Array,
    out: Array,
) -> None:
    """Write each column's score to ``own`` (k, d) and those of the rows to ``out`` (k,)."""
    out[:] = np.nan
    columns = rows.shape[1]
    size = states.shape[1] // columns
    power, most = numbers[1], int(numbers[3])
    for row in range(len(rows)):
        state = states[row if len(states) > 1 else 0]
        known = 0
        for column in range(columns):
            part = state[column * size : (column + 1) * size]
            # While this one is counted, the next is fetched: its memory and its place in the profile.
            begin = (row * columns + column + 1) * size
            if len(states) > 1:
                prefetch(states, begin, begin + PROFILE)
                prefetch(states, begin + PROFILE + int(slots[row]), begin + PROFILE + int(slots[row]) + 1)
            own[row, column] = _one(part, rows[row, column], int(slots[row]), numbers, limits[column])
            known += not math.isnan(own[row, column])
        if known == 0:
            continue
        if known <= most:
            total = 0.0
            for score in own[row]:
                total += 0.0 if math.isnan(score) else score**power
        else:
            ranked = np.sort(own[row])[known - most : known]
            total = 0.0
            for score in ranked:
                total += score**power
        # The largest of many is larger by chance alone.
        out[row] = total ** (1.0 / power) / (1.0 + CHANCE * math.log(known))


@compiled
def _bands(
    states: Array,
    rows: Array,
    slots: Array,
    numbers: tuple[float, ...],
    limits: Array,
    levels: Array,
    out: Array,
) -> None:
    """Write (k, d, 3) expected, lower and upper to ``out``."""
    columns = rows.shape[1]
    size = states.shape[1] // columns
    for row in range(len(rows)):
        state = states[row if len(states) > 1 else 0]
        for column in range(columns):
            part = state[column * size : (column + 1) * size]
            expect(part, int(slots[row]))
            middle = best_expected(part)
            if part[ROWS] >= WARM and not math.isnan(levels[row]):
                out[row, column, 0] = middle
                keep, power = numbers[0], numbers[1]
                needed = max((levels[row] ** power - keep * part[EVIDENCE]) / (1.0 - keep), 0.0) ** (
                    1.0 / power
                )
                value = rows[row, column]
                lower = bound(part, middle, value, -1.0, needed, limits[column])
                # What has never been negative hardly can be.
                possible = part[LOWEST] >= 0.0 and not value < 0.0
                out[row, column, 1] = max(lower, 0.0) if possible else lower
                out[row, column, 2] = bound(part, middle, value, 1.0, needed, limits[column])
            _one(part, rows[row, column], int(slots[row]), numbers, limits[column])
