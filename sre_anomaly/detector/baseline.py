"""An adaptive baseline for each metric: how surprising a value is after all that came before it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from itertools import pairwise
from typing import Annotated, Any, Self

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from pydantic import Field

from sre_anomaly.clock import Duration, rows_in, wall_clock
from sre_anomaly.contracts import Detector
from sre_anomaly.frame import Array, MetricFrame, Times
from sre_anomaly.kernels.baseline.bounds import NOTHING_KNOWN, limits_of
from sre_anomaly.kernels.baseline.layout import (
    APART,
    GAP,
    GAPS,
    LONG,
    LONGEST,
    ROWS,
    SLOTS,
    WARM,
    new_surprise,
)
from sre_anomaly.kernels.baseline.rows import band_rows, score_rows
from sre_anomaly.kernels.seasonal import DAY
from sre_anomaly.known import Spans, Windows, inside
from sre_anomaly.registry import register

FEWEST_A_DAY = 4  # with fewer rows a day there is no time of day
LEAST_ROWS = 0.55  # the memory of evidence is no shorter than so many rows
NOT_APART = np.zeros(0, dtype=bool)


@register("detector", "baseline")
@dataclass
class Baseline(Detector):
    """Score = how surprising the strongest few metrics are, in units that mean the same for every metric.

    Each metric is compared with a few simple expectations (the last value, running medians, an exponential mean, the same time of
    day), each in its own usual error, and with how rare such a value, change, mean and spread were so far. The
    product of both is its evidence; evidence that lasts for some rows counts more than a blip of one (`kernels.baseline.surprise` has the
    formulas). Metrics are put together so that one alone can be enough: the root of the sum of the ``strongest`` few to the power
    of ``sharpness``, each by its weight, less what so many metrics give by chance. A row without a value is evidence the longer the silence lasts against the longest before.

    Nothing is fitted: every row is scored by what came before it, from the 31st row on, in 4 kB a metric for ever. A change that stays is
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
    prequential = bounded = True
    export_name = "baseline"
    dimensions = (("limits_", 2), ("windows_", 2))

    step_s_: float = field(init=False, default=60.0, repr=False)
    slots_: int = field(init=False, default=0, repr=False)
    """Parts of the day that are told apart, 0 where rows have no time of day."""
    zone_: str = field(init=False, default="UTC", repr=False)
    limits_: Array = field(init=False, default_factory=lambda: NOTHING_KNOWN[np.newaxis], repr=False)
    """(d, 6) what the owner knows of each metric, as `kernels.baseline.bounds` has it."""
    windows_: Spans = field(init=False, default_factory=lambda: Windows().apart, repr=False)
    """Those that are not learned from."""

    def meet(self, history: MetricFrame) -> None:
        """Note the clock, and what is known of the metrics and of stretches of time."""
        self.step_s_, self.zone_ = history.step.total_seconds(), history.timezone
        self.windows_ = history.windows.apart
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
        run = score_rows.for_rows(len(rows))
        out = np.empty(len(rows))
        run(states, rows, *self._about(times, rows), own, out)
        return out

    def bands(self, states: Array, times: Times, rows: Array, levels: Array) -> Array:
        """Return (k, d, 3): what was expected of each column, and the bounds outside which it alone exceeds the level.

        Rows are taken in as by `advance`. NaN where a column cannot say yet; a missing value has the bounds of any other.
        """
        out = np.full((*rows.shape, 3), np.nan)
        band_rows.for_rows(len(rows))(states, rows, *self._about(times, rows), levels, out)
        return out

    def _about(self, times: Times, rows: Array) -> tuple[Any, ...]:
        """Return what the loops need beside the rows: their slots, which are not learned from, constants and limits."""
        apart = inside(self.windows_, times) if len(self.windows_) else NOT_APART
        # Nothing is known where the columns are not the metrics themselves.
        known = (
            self.limits_ if len(self.limits_) == rows.shape[1] else np.tile(NOTHING_KNOWN, (rows.shape[1], 1))
        )
        return self._slots_of(times), apart, self._numbers(), known

    def hindsight(self, states: Array, times: Times, rows: Array, shares: Array) -> Array:
        """Return (k,) scores of a second look that knows all rows: back from the last to the first, and forth again.

        Going back, what was usual before an incident looks like its begin, too early. So the look back counts no more than what the look
        forth saw until then, in the rows that an expectation remembers.
        """

        def look(states: Array, times: Times, rows: Array) -> Array:
            return np.column_stack([self.advance(states, times, rows, own := np.empty(rows.shape)), own])

        back, forth = self._both_ways(look, states, times, rows)
        scores = np.nan_to_num(forth[:, 0])
        seen = sliding_window_view(np.pad(scores, (LONG, 0)), LONG + 1)
        counted = np.minimum(back[:, 0], seen.max(axis=1))
        shares[:] = np.where((counted > scores)[:, np.newaxis], back[:, 1:], forth[:, 1:])
        return np.asarray(np.fmax(forth[:, 0], counted))

    def hindsight_bands(self, states: Array, times: Times, rows: Array, levels: Array) -> Array:
        """Return (k, d, 3) the bounds of the look forth, or of the look back where only that has the value outside."""
        back, forth = self._both_ways(self.bands, states, times, rows, levels)
        within, beyond = ((rows >= side[..., 1]) & (rows <= side[..., 2]) for side in (forth, back))
        told = within & ~beyond & (back[..., 1] < back[..., 2])  # else memory alone is enough
        return np.where(told[..., np.newaxis], back, forth)

    def _both_ways(self, look: Callable[..., Array], states: Array, *given: Array | Times) -> list[Array]:
        """Return what a look at times, rows and more gives, back from the last to the first, then forth."""
        states, present = states.copy(), np.isfinite(given[1])
        looks: dict[int, list[Array]] = {-1: [], 1: []}
        columns = states.reshape(present.shape[1], -1)
        known = columns[:, ROWS].copy()
        first = np.where(present.any(axis=0), present.argmax(axis=0), len(present))
        parts = [slice(a, b) for a, b in pairwise(sorted({0, *first.tolist(), len(present)}))]
        for way in (-1, 1):
            columns[:, [GAP, LONGEST, GAPS, APART]] = 0.0  # a silence is one the first time that it is met
            for part in parts[::way]:
                # Before its first value there is no metric that could be silent.
                known = np.maximum(known, columns[:, ROWS])
                columns[:, ROWS] = np.where(first <= part.start, known, 0.0)
                looks[way].append(look(states, *(np.ascontiguousarray(one[part][::way]) for one in given)))
        return [np.concatenate(found)[::way] for way, found in looks.items()]

    def _slots_of(self, times: Times) -> npt.NDArray[np.int64]:
        if not self.slots_:
            return np.full(len(times), -1, dtype=np.int64)
        if len(times) == 1:
            # Whole numbers cost a third of what arrays of one do, and someone waits for the answer.
            now = int(wall_clock(times, self.zone_)[0]) // 1_000_000_000 % DAY
            return np.array([now * self.slots_ // DAY])
        second = wall_clock(times, self.zone_) // 1_000_000_000 % DAY
        return np.asarray(second * self.slots_ // DAY, dtype=np.int64)

    def _numbers(self) -> tuple[float, ...]:
        keep, rate = _rates(self.memory, self.days, self.step_s_, self.slots_)
        return keep, self.sharpness, rate, float(self.strongest)


@cache
def _rates(memory: timedelta, days: float, step_s: float, slots: int) -> tuple[float, float]:
    """Return what is kept of evidence after a row, and how much of a deviation the usual time of day follows."""
    rows = max(memory.total_seconds() / step_s, LEAST_ROWS)
    each_slot = max(1.0, DAY / step_s / max(slots, 1))
    return 0.5 ** (1.0 / rows), 1.0 - (1.0 - 1.0 / days) ** (1.0 / each_slot)
