"""How far the metrics are from what a forecaster expected of them one row before."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field

from sre_anomaly.contracts import Detector, Forecaster
from sre_anomaly.frame import Array, MetricFrame, Times
from sre_anomaly.kernels.compiled import compiled
from sre_anomaly.registry import register


@register("detector", "residual")
@dataclass
class Residual(Detector):
    """Score = mean of the ``strongest`` metrics' forecast errors, in their usual size and smoothed over rows.

    A forecaster learns from the training rows and is asked for each row from those before it (residual analysis, as in
    Hundman et al., 2018). An error counts in units of the usual training error (root mean square), at most ``farthest`` of them; a metric
    that never moved counts as much once it does. An exponentially weighted mean (Roberts,
    1959) lets errors that last count for more than one jump. A missing value leaves its metric's mean as it is. Before
    there are rows enough for a forecast, a value counts by its distance from the training mean, in standard deviations.

    Examples
    --------
    >>> from sre_anomaly.forecaster.last_value import LastValue
    >>> rows = np.random.default_rng(0).normal(size=(500, 1)).cumsum(axis=0)
    >>> found = Residual(LastValue(), half_life=0).fit(rows).score(np.array([[0.0], [0.5], [9.0]]))
    >>> found.round(1)
    array([0.4, 0.5, 8.4])
    """

    forecaster: Forecaster
    half_life: Annotated[float, Field(ge=0)] = 6.0
    strongest: Annotated[int, Field(ge=1)] = 3
    floor: Annotated[float, Field(ge=0, le=1)] = 0.01
    farthest: Annotated[float, Field(gt=0)] = 50.0

    handles_missing = handles_nothing = True
    unit = "sigma"
    export_name = "residual"
    dimensions = (("usual_", 2),)

    step_s_: float = field(init=False, repr=False)
    """Of the clock, by which the forecaster counts durations; 0 where rows have no time."""
    usual_: Array = field(init=False, repr=False)
    """(3, d): mean and standard deviation of the training rows, root mean square of their forecast errors."""

    def __post_init__(self) -> None:
        self.step_s_ = 0.0

    def meet(self, history: MetricFrame) -> None:
        """Tell the forecaster the step of the clock."""
        self._start(history.step.total_seconds())

    def _start(self, step_s: float) -> None:
        self.step_s_ = step_s
        if step_s:
            self.forecaster.start(timedelta(seconds=step_s))

    def fit(self, X: Array, y: Array | None = None, validation: tuple[Array, Array] | None = None) -> Self:
        """Let the forecaster learn, then learn how large its errors usually are."""
        del y, validation
        self.forecaster.fit(X)
        held = np.full((self._kept + len(X), X.shape[1]), np.nan)
        held[self._kept :] = X
        _hold.for_rows(len(held))(held)
        errors = np.abs(X - self._expected(held, len(X)))
        with warnings.catch_warnings():
            # A column without any value has neither.
            warnings.simplefilter("ignore", RuntimeWarning)
            mean, spread = (np.nan_to_num(of(X, axis=0)) for of in (np.nanmean, np.nanstd))
            error = np.nan_to_num(np.sqrt(np.nanmean(errors**2, axis=0)))
        self.usual_ = np.stack([mean, spread, np.maximum(error, self.floor * spread)])
        return self

    @property
    def _kept(self) -> int:
        return self.forecaster.lookback

    def _expected(self, held: Array, count: int) -> Array:
        """Return (count, d): what was expected of the last rows, NaN where there was too little before one."""
        first = len(held) - count
        expected = np.full((count, held.shape[1]), np.nan)
        if first >= self._kept:
            told = self.forecaster.predict_each(held, range(first, len(held)), 1)[:, 0]
            # A row that was filled with nothing to fill it from is no history.
            known = np.isfinite(held[first - self._kept : len(held) - self._kept])
            expected[known] = told[known]
        return expected

    def new_state(self, columns: int) -> Array:
        """Return the last rows, none yet, and each column's smoothed error."""
        return np.full((self._kept + 1) * columns, np.nan)

    def advance(self, states: Array, times: Times, rows: Array, shares: Array | None = None) -> Array:
        """Return (k,) scores; a column's share is its smoothed error, if it is among the strongest."""
        del times
        if len(states) > 1:
            told = [None if shares is None else shares[i : i + 1] for i in range(len(states))]
            each = [self._follow(states[i], rows[i : i + 1], told[i]) for i in range(len(states))]
            return np.concatenate(each)
        return self._follow(states[0], rows, shares)

    def _follow(self, state: Array, rows: Array, shares: Array | None) -> Array:
        columns = rows.shape[1]
        known, smoothed = state[: self._kept * columns].reshape(self._kept, columns), state[-columns:]
        held = np.concatenate([known, rows])
        _hold.for_rows(len(held))(held)
        expected = self._expected(held, len(rows))
        known[:] = held[len(held) - self._kept :]
        weight = 1.0 - 0.5 ** (1.0 / self.half_life) if self.half_life else 1.0
        most = min(self.strongest, columns)
        scores, parts = np.empty(len(rows)), np.empty(rows.shape) if shares is None else shares
        _judge.for_rows(len(rows))(
            rows, expected, self.usual_, self.farthest, weight, smoothed, np.empty(most), scores, parts
        )
        return scores

    def learned(self) -> dict[str, Any]:
        """Return what is usual, the step, and what the forecaster learned."""
        return super().learned() | {f"forecaster.{k}": v for k, v in self.forecaster.learned().items()}

    def restore(self, learned: Mapping[str, Any]) -> Self:
        """Put back what `learned` returned."""
        begin = "forecaster."
        super().restore({k: v for k, v in learned.items() if not k.startswith(begin)})
        self._start(float(self.step_s_))
        self.forecaster.restore({k.removeprefix(begin): v for k, v in learned.items() if k.startswith(begin)})
        return self


@compiled
def _hold(held: Array) -> None:
    """Let the last value stand where one is missing, in place."""
    for row in range(1, len(held)):
        for column in range(held.shape[1]):
            if np.isnan(held[row, column]):
                held[row, column] = held[row - 1, column]


@compiled
def _judge(
    rows: Array,
    expected: Array,
    usual: Array,
    farthest: float,
    weight: float,
    smoothed: Array,
    largest: Array,
    scores: Array,
    parts: Array,
) -> None:
    """Fill in (k,) scores and (k, d) shares; change ``smoothed`` (d,); ``largest`` (strongest,) is room to work in."""
    for row in range(len(rows)):
        largest[:] = -1.0
        for column in range(rows.shape[1]):
            parts[row, column] = np.nan
            if np.isnan(rows[row, column]):
                continue
            far, unit = np.abs(rows[row, column] - expected[row, column]), usual[2, column]
            if np.isnan(far):
                far, unit = np.abs(rows[row, column] - usual[0, column]), usual[1, column]
            size = 0.0
            if far > 0:
                size = min(far / unit, farthest) if unit > 0 else farthest
            before = smoothed[column]
            size = size if np.isnan(before) else before + weight * (size - before)
            smoothed[column] = parts[row, column] = size
            place = 0
            while place < len(largest) and largest[place] < size:
                if place:
                    largest[place - 1] = largest[place]
                largest[place] = size
                place += 1
        known = largest[largest >= 0]
        scores[row] = known.mean() if len(known) else np.nan
        for column in range(rows.shape[1]):
            if not parts[row, column] >= largest[0]:
                parts[row, column] = 0.0
