"""A straight-line rule of its own for each distance ahead, from what is usual and the last values."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field

from sre_anomaly.contracts import Forecaster
from sre_anomaly.forecaster._recursive import row_numbers
from sre_anomaly.frame import Array
from sre_anomaly.kernels.forecast.buckets import bucket_of, buckets, some_origins, some_steps
from sre_anomaly.kernels.forecast.experts import EXPERTS, ROBUST, ask_each
from sre_anomaly.kernels.forecast.tracks import HELD, Clock, tracks_of
from sre_anomaly.kernels.seasonal import MAD_TO_STD
from sre_anomaly.registry import register

STEPS = 3
FAR = 5.0
"""What is further than so many usual distances from the middle counts as if it were no further."""
Rows = npt.NDArray[np.int64]


@register("forecaster", "direct")
@dataclass
class Direct(Forecaster):
    """Ridge regression for each stretch of steps ahead, on `EXPERTS` (day and week among them) and the last ``lags`` values.

    It learns by how much what comes differs from the usual time of day with what is off now; where nothing can be learned
    it says that. No step is fed with the one before it, so errors do not add up; what it looks at and what it learns from
    are cut at `FAR`, so one outlier cannot turn the rule, nor can the answer be further than that.
    """

    lags: Annotated[int, Field(ge=1)] = 12
    alpha: Annotated[float, Field(ge=0)] = 1.0
    days: Annotated[float, Field(gt=0)] = 28.0
    origins: Annotated[int, Field(ge=10)] = 600
    export_name = "direct_forecaster"
    dimensions = (("rules_", 4), ("edges_", 1))

    rules_: Array = field(init=False, repr=False)
    """(m, b, 3, c): coefficients, middle and usual distance of each column; the last column is what is learned."""
    edges_: Rows = field(init=False, repr=False)

    def start(self, step: timedelta) -> None:
        """Count the rows of a day."""
        self.clock, self.step = Clock.of(step), step

    def fit(self, values: Array) -> Self:
        """Solve one ridge for each metric and stretch of steps."""
        self.edges_ = buckets(self.step, self.farthest or min(self.clock.week, max(1, len(values) // 3)))
        columns = len(EXPERTS) + self.lags
        self.rules_ = np.zeros((values.shape[1], len(self.edges_), 3, columns))
        for metric, column in enumerate(values.T):
            tracks = tracks_of(column, self.clock)
            for bucket in range(len(self.edges_)):
                self.rules_[metric, bucket] = self._rule(column, tracks, bucket)
        return self

    def _rule(self, column: Array, tracks: Array, bucket: int) -> Array:
        ahead, rows = int(self.edges_[bucket]), len(column)
        last = rows - ahead
        origins = some_origins(
            max(2 * self.clock.day, last - int(self.days * self.clock.day)), last, self.origins
        )
        steps = some_steps(self.edges_, bucket, STEPS)
        rule = np.zeros((3, len(EXPERTS) + self.lags))
        rule[2] = 1.0
        if len(origins) < self.lags + len(EXPERTS):
            return rule
        seen, usual = self._seen(tracks, origins, steps)
        came = (column[origins[:, np.newaxis] + steps - 1] - usual).reshape(-1)
        table = np.column_stack([seen.reshape(-1, seen.shape[2]), came])
        table = table[np.isfinite(table).all(axis=1)]
        if len(table) < 2 * table.shape[1]:
            return rule
        rule[1] = np.median(table, axis=0)
        distance = np.abs(table - rule[1])
        rule[2] = MAD_TO_STD * np.median(distance, axis=0)
        rule[2] = np.where(rule[2] > 0, rule[2], distance.mean(axis=0))
        moves = rule[2] > 0
        rule[2, ~moves] = 1.0
        cut = np.where(moves, np.clip((table - rule[1]) / rule[2], -FAR, FAR), 0.0)
        X, y = cut[:, :-1], cut[:, -1]
        gram = X.T @ X + self.alpha * len(X) * 0.01 * np.eye(X.shape[1])
        rule[0, :-1] = np.linalg.solve(gram, X.T @ (y - y.mean()))
        # The mean of what was cut, not the median, is what a straight line goes through.
        rule[0, -1] = y.mean() - X.mean(axis=0) @ rule[0, :-1]
        return rule

    def _seen(self, tracks: Array, origins: Rows, steps: Rows) -> tuple[Array, Array]:
        """Return (k, s, c) what is looked at, as distances, and (k, s) what they are distances from."""
        said = np.empty((len(origins), len(steps), len(EXPERTS)))
        ask_each(tracks, origins, steps, self.clock.day, self.clock.width, said)
        now = origins - 1
        back = np.maximum(now[:, np.newaxis] - np.arange(1, self.lags + 1), 0)
        recent = tracks[HELD][back] - tracks[HELD][now][:, np.newaxis]
        usual = said[:, :, ROBUST].copy()
        away = np.delete(said, ROBUST, axis=2) - usual[:, :, np.newaxis]
        spread = np.broadcast_to(recent[:, np.newaxis], (*usual.shape, self.lags))
        return np.concatenate([away, spread], axis=2), usual

    def predict(self, history: Array, horizon: int) -> Array:
        """Return (h, m) expected values."""
        return self.predict_each(history, [len(history)], horizon)[0]

    def predict_each(self, values: Array, origins: Sequence[int], horizon: int) -> Array:
        """Return the same for many origins at once, (k, h, m)."""
        starts = row_numbers(origins)
        out = np.empty((len(starts), horizon, values.shape[1]))
        bucket = bucket_of(self.edges_, horizon)
        for metric, column in enumerate(values.T):
            tracks = tracks_of(column, self.clock)
            for number in np.unique(bucket):
                steps = np.flatnonzero(bucket == number) + 1
                rule = self.rules_[metric, number]
                for place in range(0, len(starts), 256):
                    some = starts[place : place + 256]
                    seen, usual = self._seen(tracks, some, steps)
                    cut = np.clip((seen - rule[1, :-1]) / rule[2, :-1], -FAR, FAR)
                    # Summed column by column: one origin has the same bits as a million.
                    told = np.full(usual.shape, rule[0, -1])
                    for column_number in range(cut.shape[2]):
                        told += rule[0, column_number] * cut[:, :, column_number]
                    off = np.where(rule[0].any(), rule[1, -1] + rule[2, -1] * np.clip(told, -FAR, FAR), 0.0)
                    out[place : place + 256, steps - 1, metric] = usual + off
        return out
