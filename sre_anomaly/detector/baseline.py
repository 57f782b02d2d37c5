"""An adaptive baseline for each metric: how surprising a value is after all that came before it."""

import math
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field

from sre_anomaly.clock import Duration, rows_in, wall_clock
from sre_anomaly.contracts import Detector
from sre_anomaly.frame import Array, Mask, MetricFrame, Times
from sre_anomaly.kernels.bounds import NOTHING_KNOWN, OF_WEIGHT, band, concern, limits_of
from sre_anomaly.kernels.compiled import compiled, step
from sre_anomaly.kernels.seasonal import DAY
from sre_anomaly.kernels.surprise import (
    EVIDENCE,
    FACE,
    ROWS,
    SLOTS,
    WARM,
    WITHIN,
    expect,
    learn,
    leave,
    new_surprise,
    pass_over,
)
from sre_anomaly.known import Spans, Windows, inside
from sre_anomaly.registry import register

FEWEST_A_DAY = 4
"""With fewer rows a day there is no time of day."""
CHANCE = 0.1
"""By how much the strongest few of more metrics are larger where nothing is wrong, for each e-fold of their number."""
LEAST_ROWS = 0.55
"""The memory of evidence is no shorter than so many rows."""
NOT_APART = np.zeros(0, dtype=bool)


@register("detector", "baseline")
@dataclass
class Baseline(Detector):
    """Score = how surprising the strongest few metrics are, in units that mean the same for every metric.

    Each metric is compared with a few simple expectations (the last value, running medians, an exponential mean, the same time of
    day), each in its own usual error, and with how rare such a value, change, mean and spread were so far. The
    product of both is its evidence; evidence that lasts for some rows counts more than a blip of one (`kernels.surprise` has the
    formulas). Metrics are put together so that one alone can be enough: the root of the sum of the ``strongest`` few to the power
    of ``sharpness``, each by its weight, less what so many metrics give by chance. A row without a value is evidence the longer the silence lasts against the longest before.

    Nothing is fitted: every row is scored by what came before it, from the 31st row on, in 6 kB a metric for ever. A change that stays is
    reported when it comes and is usual after some hours; the usual time of day follows it over ``days``. Rows inside a known window
    are scored, and nothing of them becomes usual.
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
    """(d, 6) what the owner knows of each metric, as `kernels.bounds` has it."""
    windows_: Spans = field(init=False, default_factory=lambda: Windows().apart, repr=False)
    """Those that are not learned from."""
    _numbers: tuple[float, ...] = field(init=False, default=(), repr=False)

    def meet(self, history: MetricFrame) -> None:
        """Note the clock, and what is known of the metrics and of stretches of time."""
        self.step_s_, self.zone_ = history.step.total_seconds(), history.timezone
        self.windows_, self._numbers = history.windows.apart, ()
        self.note = history.by_name
        a_day = rows_in(timedelta(seconds=DAY), history.step)
        self.slots_ = min(a_day, SLOTS) if history.has_clock and a_day >= FEWEST_A_DAY else 0
        self.limits_ = np.array([limits_of(history.known.get(metric)) for metric in history.metrics])

    def fit(self, X: Array, y: Array | None = None, validation: tuple[Array, Array] | None = None) -> Self:
        """Learn nothing beforehand."""
        del y, validation
        if len(X) <= WARM:
            few = f"{len(X)} data points are too few: a metric is scored from its {WARM + 1}st on"
            self.note = f"{few}; {self.note}" if self.note else few
        return self

    def new_state(self, columns: int) -> Array:
        """Return the state of each column, one after the other."""
        return np.tile(new_surprise(self.slots_, round(DAY / self.step_s_)), columns)

    def advance(self, states: Array, times: Times, rows: Array, shares: Array | None = None) -> Array:
        """Return (k,) scores, NaN while no metric has enough rows; a column's share is its own score."""
        own = np.empty(rows.shape) if shares is None else shares
        run = _scores.for_rows(len(rows))
        return np.asarray(run(states, rows, *self._about(times, rows), own))

    def bands(self, states: Array, times: Times, rows: Array, levels: Array) -> Array:
        """Return (k, d, 3): what was expected of each column, and the bounds outside which it alone exceeds the level.

        Rows are taken into the states as `advance` does. NaN where a column cannot say yet; a missing value has the bounds
        that a value would have had.
        """
        out = np.full((*rows.shape, 3), np.nan)
        _bands.for_rows(len(rows))(states, rows, *self._about(times, rows), levels, out)
        return out

    def _about(self, times: Times, rows: Array) -> tuple[Any, ...]:
        """Return what the loops need beside the rows: their slots, which are not learned from, constants and limits."""
        apart = inside(self.windows_, times) if len(self.windows_) else NOT_APART
        # Nothing is known where the columns are not the metrics themselves.
        known = (
            self.limits_ if len(self.limits_) == rows.shape[1] else np.tile(NOTHING_KNOWN, (rows.shape[1], 1))
        )
        return self._slots_of(times), apart, self._numbers or self._constants(), known

    def _slots_of(self, times: Times) -> npt.NDArray[np.int64]:
        if not self.slots_:
            return np.full(len(times), -1, dtype=np.int64)
        second = wall_clock(times, self.zone_) // 1_000_000_000 % DAY
        return np.asarray(second * self.slots_ // DAY, dtype=np.int64)

    def _constants(self) -> tuple[float, ...]:
        rows = max(self.memory.total_seconds() / self.step_s_, LEAST_ROWS)
        each_slot = max(1.0, DAY / self.step_s_ / max(self.slots_, 1))
        rate = 1.0 - (1.0 - 1.0 / self.days) ** (1.0 / each_slot)
        self._numbers = (0.5 ** (1.0 / rows), self.sharpness, rate, float(self.strongest))
        return self._numbers


@step
def _begin(state: Array, slot: int, apart: bool) -> None:
    """Write what is expected of the next row; a known window may end there."""
    if state[WITHIN] == FACE and not apart:
        leave(state)
    expect(state, slot)


@step
def _one(
    state: Array, value: float, slot: int, apart: bool, numbers: tuple[float, ...], known: Array
) -> float:
    """Return the score of a value of one metric, NaN before there are rows enough, and take it in."""
    keep, power, rate, _ = numbers
    _begin(state, slot, apart)
    now = concern(state, value, known)
    state[EVIDENCE] = keep * state[EVIDENCE] + (1.0 - keep) * now**power
    score = known[OF_WEIGHT] * state[EVIDENCE] ** (1.0 / power) if state[ROWS] >= WARM else math.nan
    state[WITHIN] = FACE if apart else max(state[WITHIN] - 1.0, 0.0)
    if apart or math.isnan(value):
        pass_over(state, value, apart)
    else:
        learn(state, value, slot, rate)
    return float(score)


@compiled
def _scores(
    states: Array,
    rows: Array,
    slots: Array,
    apart: Mask,
    numbers: tuple[float, ...],
    known: Array,
    own: Array,
) -> Array:
    """Write each column's score to ``own`` (k, d) and return those of the rows, (k,)."""
    out = np.full(len(rows), np.nan)
    columns = rows.shape[1]
    size = states.shape[1] // columns
    power, most = numbers[1], int(numbers[3])
    for row in range(len(rows)):
        state = states[row if len(states) > 1 else 0]
        beside = len(apart) > 0 and bool(apart[row])
        asked, counted = 0, 0
        for column in range(columns):
            part = state[column * size : (column + 1) * size]
            own[row, column] = _one(part, rows[row, column], int(slots[row]), beside, numbers, known[column])
            scored = not math.isnan(own[row, column])
            asked += scored
            counted += scored and known[column, OF_WEIGHT] > 0.0
        if counted == 0:
            continue
        total = 0.0
        if asked <= most:
            for score in own[row]:
                total += 0.0 if math.isnan(score) else score**power
        else:
            for score in np.sort(own[row])[asked - most : asked]:
                total += score**power
        out[row] = total ** (1.0 / power) / _by_chance(counted)
    return out


@step
def _by_chance(metrics: int) -> float:
    """Return how much larger the strongest of so many metrics are by chance alone."""
    return 1.0 + CHANCE * math.log(metrics)


@compiled
def _bands(
    states: Array,
    rows: Array,
    slots: Array,
    apart: Mask,
    numbers: tuple[float, ...],
    known: Array,
    levels: Array,
    out: Array,
) -> None:
    """Write (k, d, 3) expected, lower and upper to ``out``."""
    columns = rows.shape[1]
    size = states.shape[1] // columns
    keep, power = numbers[0], numbers[1]
    for row in range(len(rows)):
        state = states[row if len(states) > 1 else 0]
        beside = len(apart) > 0 and bool(apart[row])
        counted = 0
        for column in range(columns):
            counted += state[column * size + ROWS] >= WARM and known[column, OF_WEIGHT] > 0.0
        for column in range(columns):
            part = state[column * size : (column + 1) * size]
            _begin(part, int(slots[row]), beside)
            if part[ROWS] >= WARM and not math.isnan(levels[row]):
                needed = math.inf
                if known[column, OF_WEIGHT] > 0.0:
                    # Alone, this metric has to exceed the level.
                    own = levels[row] * _by_chance(counted) / known[column, OF_WEIGHT]
                    needed = max((own**power - keep * part[EVIDENCE]) / (1.0 - keep), 0.0) ** (1.0 / power)
                band(part, rows[row, column], needed, known[column], out[row, column])
            _one(part, rows[row, column], int(slots[row]), beside, numbers, known[column])
