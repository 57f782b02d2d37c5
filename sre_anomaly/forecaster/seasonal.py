"""The usual day and week, and what is off now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Self

import numpy as np
from pydantic import Field

from sre_anomaly.contracts import Forecaster
from sre_anomaly.forecaster._recursive import row_numbers
from sre_anomaly.frame import Array
from sre_anomaly.kernels.forecast.buckets import Rows, bucket_of
from sre_anomaly.kernels.forecast.experts import EXPERTS, ROBUST, WEEK, mix_each
from sre_anomaly.kernels.forecast.tracks import Clock, tracks_of
from sre_anomaly.registry import register


@register("forecaster", "seasonal")
@dataclass
class Seasonal(Forecaster):
    """Forecast = what is usual at that time of the day and week, and how far off the last two hours were.

    The usual day is the median of the same time on the last seven days, so no single bad day moves it; a usual week
    counts beside it as soon as there is one. What is off now fades, by half in eight hours. Before there is a day of
    history the last value is repeated. A gap holds the value of the day before.
    """

    week: Annotated[float, Field(ge=0, le=1)] = 0.0
    """How much the usual week counts beside the usual day."""
    export_name = "seasonal_forecaster"

    def start(self, step: timedelta) -> None:
        """Count the rows of a day."""
        self.clock = Clock.of(step)

    def fit(self, values: Array) -> Self:
        """Learn nothing: all it needs is in the history that it is asked with."""
        del values
        return self

    def predict(self, history: Array, horizon: int) -> Array:
        """Return (h, m) expected values."""
        return self.predict_each(history, [len(history)], horizon)[0]

    def predict_each(self, values: Array, origins: Sequence[int], horizon: int) -> Array:
        """Return the same for many origins at once, (k, h, m)."""
        weights = np.zeros((1, len(EXPERTS)))
        weights[0, ROBUST], weights[0, WEEK] = 1 - self.week, self.week
        return mixed(values, origins, horizon, self.clock, [weights] * values.shape[1], np.array([horizon]))


def mixed(
    values: Array, origins: Sequence[int], horizon: int, clock: Clock, weights: Sequence[Array], edges: Rows
) -> Array:
    """Return (k, h, m) forecasts that weigh the rules of each metric by its own (b, e) weights."""
    starts = row_numbers(origins)
    bucket = bucket_of(edges, horizon)
    out = np.empty((len(starts), horizon, values.shape[1]))
    for metric, column in enumerate(values.T):
        tracks = tracks_of(column, clock)
        mix_each(tracks, starts, clock.day, clock.width, weights[metric], bucket, out[:, :, metric])
    return out
