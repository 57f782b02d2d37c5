"""The forecaster that was best so far, for each metric and distance ahead; never one that a simpler rule would have beaten."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field

from sre_anomaly.contracts import Forecaster
from sre_anomaly.forecaster.seasonal import mixed
from sre_anomaly.frame import Array
from sre_anomaly.kernels.forecast.buckets import bucket_of, buckets, some_origins
from sre_anomaly.kernels.forecast.experts import EXPERTS
from sre_anomaly.kernels.forecast.tracks import Clock
from sre_anomaly.registry import register

NAIVE = {"last value": 0, "same time yesterday": 4, "same time last week": 5}
"""What a forecaster has to beat, by the place of the rule among `EXPERTS`."""
SAME = 1.1
"""A naive rule is kept where the first candidate's error was larger than so many times its own: when it was tried the candidate
knew only part of what it will, and a few moments tell no finer."""
FEWEST_DAYS = 3
OFTEN_LESS, FAR = 0.9, 5.0
"""No error counts as more than so many times that which as large a share of the last value's errors do not exceed."""
OFTEN = 1.5
NEAR = 6
"""So many times as many moments for the next hour: each tells little of it."""


@register("forecaster", "auto")
@dataclass
class Auto(Forecaster):
    """Try each candidate on the later part of the training period, from many past moments, and keep the best.

    Rolling origin (Tashman, 2000), for each metric and each stretch of steps ahead. The last value and the same time yesterday
    and last week always compete, and the best of them is kept where it was clearly better than the first candidate. A
    later candidate has to be clearly better than what came before it, below ``margin`` of its error: of several that are about as
    good, the luckiest is no choice. What is kept learns from all of the training period afterwards. Where the history is too
    short to try a distance, the first candidate serves untried, and `untried` says so.
    """

    candidates: dict[str, Forecaster]
    share: Annotated[float, Field(gt=0, lt=1)] = 0.3
    margin: Annotated[float, Field(gt=0, le=1)] = 0.99
    origins: Annotated[int, Field(ge=4)] = 30
    export_name = "auto_forecaster"
    dimensions = (("errors_", 3), ("chosen_", 2), ("edges_", 1))

    edges_: npt.NDArray[np.int64] = field(init=False, repr=False)
    chosen_: npt.NDArray[np.int64] = field(init=False, repr=False)
    """(m, b): first the naive ones, then the candidates."""
    errors_: Array = field(init=False, repr=False)
    """(m, b, c) mean absolute errors when they were tried; NaN where they could not be."""

    def __post_init__(self) -> None:
        self.names = [*NAIVE, *self.candidates]

    def start(self, step: timedelta) -> None:
        """Tell each candidate the step of the clock."""
        self.clock, self.step = Clock.of(step), step
        for candidate in self.candidates.values():
            candidate.start(step)
        self.lookback = max([1, *(candidate.lookback for candidate in self.candidates.values())])

    def fit(self, values: Array) -> Self:
        """Try, choose, and let what was chosen learn."""
        rows = len(values)
        self.edges_ = buckets(self.step, self.farthest or min(self.clock.week, max(1, rows // 3)))
        for candidate in self.candidates.values():
            candidate.farthest = int(self.edges_[-1])
        self._try(values)
        for number, candidate in enumerate(self.candidates.values(), len(NAIVE)):
            if (self.chosen_ == number).any():
                candidate.fit(values)
        self.note = self._say()
        return self

    def _try(self, values: Array) -> None:
        rows, farthest = len(values), int(self.edges_[-1])
        cut = max(min(int((1 - self.share) * rows), rows - 2 * farthest), rows // 2, self.lookback + 1)
        self.errors_ = np.full((values.shape[1], len(self.edges_), len(self.names)), np.nan)
        # A distance is tried with three days more than it to learn from, and several times as much to try it on.
        fit = (self.edges_ + FEWEST_DAYS * self.clock.day <= cut) & (self.edges_ * OFTEN <= rows - cut)
        if fit.any():
            for candidate in self.candidates.values():
                candidate.fit(values[:cut])
            far = int(self.edges_[fit][-1])
            near = min(far, max(1, self.clock.day // 24))
            self._measure(values, cut, near, NEAR * self.origins)
            if far > near:
                self._measure(values, cut, far, self.origins)
        self.chosen_ = np.zeros(self.errors_.shape[:2], dtype=np.int64)
        for metric, of_metric in enumerate(self.errors_):
            self.chosen_[metric] = [self._best(errors) for errors in of_metric]

    def _measure(self, values: Array, cut: int, horizon: int, number: int) -> None:
        """Write the errors of the buckets up to a horizon that have none yet."""
        rows = len(values)
        origins = some_origins(cut, rows - 1, number)
        targets = origins[:, np.newaxis] + np.arange(horizon)
        came = np.where((targets < rows)[:, :, np.newaxis], values[np.minimum(targets, rows - 1)], np.nan)
        bucket = bucket_of(self.edges_, horizon)
        full = np.flatnonzero((self.edges_ <= horizon) & ~np.isfinite(self.errors_).any(axis=(0, 2)))
        most: Array = np.full((len(self.edges_), values.shape[1]), np.inf)
        for rule in range(len(self.names)):
            missed = np.abs(self._answers(rule, values, list(origins), horizon) - came)
            for one in full:
                there = missed[:, bucket == one].reshape(-1, values.shape[1])
                if rule == 0:
                    most[one] = _far(there)
                count = np.isfinite(there).sum(axis=0)
                some = np.where(count > 0, count, np.nan)
                self.errors_[:, one, rule] = np.nansum(np.minimum(there, most[one]), axis=0) / some

    def _best(self, errors: Array) -> int:
        first = min(len(NAIVE), len(errors) - 1)
        if not np.isfinite(errors).any():
            return first
        known = np.where(np.isfinite(errors), errors, np.inf)
        naive = int(np.argmin(known[: len(NAIVE)]))
        best = first if known[first] <= SAME * known[naive] else naive
        for number in range(len(NAIVE) + 1, len(known)):
            if known[number] < self.margin * known[best]:
                best = number
        return best

    def _answers(self, number: int, values: Array, origins: Any, horizon: int) -> Array:
        if number < len(NAIVE):
            weights = np.zeros((1, len(EXPERTS)))
            weights[0, NAIVE[self.names[number]]] = 1.0
            only = np.array([horizon], dtype=np.int64)
            return mixed(values, origins, horizon, self.clock, [weights] * values.shape[1], only)
        return list(self.candidates.values())[number - len(NAIVE)].predict_each(values, origins, horizon)

    def _say(self) -> str:
        said = []
        tried = np.isfinite(self.errors_).max(axis=2)
        naive = [
            chosen
            for chosen, known in zip(self.chosen_, tried, strict=True)
            if known.any() and (chosen[known] < len(NAIVE)).all()
        ]
        if naive:
            names = sorted(
                {self.names[number] for chosen in naive for number in chosen if number < len(NAIVE)}
            )
            of = len(self.chosen_)
            what = "the metric" if of == 1 else f"{len(naive)} of {of} metrics"
            said.append(
                f"Nothing that was tried forecast {what} better than a naive rule ({', '.join(names)}), so that is the forecast"
            )
        if self.untried is not None and self.candidates:
            steps = "any data point" if self.untried == 1 else f"{self.untried:,} data points"
            said.append(
                f"The training period is too short to try forecasts {steps} ahead: there it is {next(iter(self.candidates))}, untried"
            )
        return ". ".join(said)

    @property
    def untried(self) -> int | None:
        """Steps ahead from which nothing could be tried; None where all could."""
        far = np.flatnonzero(~np.isfinite(self.errors_).any(axis=(0, 2)))
        return int(self.edges_[far[0]]) if len(far) else None

    def predict(self, history: Array, horizon: int) -> Array:
        """Return (h, m) expected values."""
        return self.predict_each(history, [len(history)], horizon)[0]

    def predict_each(self, values: Array, origins: Sequence[int], horizon: int) -> Array:
        """Return the same for many origins at once, (k, h, m)."""
        serves = self.chosen_[:, bucket_of(self.edges_, horizon)]
        out = np.empty((len(origins), horizon, values.shape[1]))
        for number in np.unique(serves):
            told = self._answers(int(number), values, origins, horizon)
            for metric in range(values.shape[1]):
                steps = serves[metric] == number
                out[:, steps, metric] = told[:, steps, metric]
        return out

    def learned(self) -> dict[str, Any]:
        """Return what was chosen, and what each candidate learned."""
        kept = super().learned()
        for name, candidate in self.candidates.items():
            if (self.chosen_ == self.names.index(name)).any():
                kept |= {f"{name}.{key}": value for key, value in candidate.learned().items()}
        return kept

    def restore(self, learned: Mapping[str, Any]) -> Self:
        """Put it back."""
        own = {key: value for key, value in learned.items() if "." not in key}
        super().restore(own)
        for name, candidate in self.candidates.items():
            begin = f"{name}."
            inside = {k.removeprefix(begin): v for k, v in learned.items() if k.startswith(begin)}
            if inside:
                candidate.restore(inside)
        return self


def _far(missed: Array) -> Array:
    """Return (m,) what an error (n, m) counts at most: a value that nobody could forecast must not choose the forecaster."""
    usual = np.array(
        [
            np.quantile(one[np.isfinite(one)], OFTEN_LESS) if np.isfinite(one).any() else 0.0
            for one in missed.T
        ]
    )
    return np.where(usual > 0, FAR * usual, np.inf)
