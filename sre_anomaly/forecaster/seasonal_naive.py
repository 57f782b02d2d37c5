"""The same time yesterday."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

import numpy as np

from sre_anomaly.clock import Duration, rows_in
from sre_anomaly.contracts import Forecaster
from sre_anomaly.frame import Array
from sre_anomaly.kernels.rolling import filled_each
from sre_anomaly.registry import register


@register("forecaster", "seasonal_naive")
@dataclass
class SeasonalNaive(Forecaster):
    """Forecast = the value one season before; a gap there holds the last value before it."""

    season: Duration = timedelta(days=1)
    export_name = "seasonal_naive_forecaster"

    def start(self, step: timedelta) -> None:
        """Count the rows of a season."""
        self.lookback = max(1, rows_in(self.season, step))

    def fit(self, values: Array) -> Self:
        """Learn nothing."""
        del values
        return self

    def predict(self, history: Array, horizon: int) -> Array:
        """Return the last season's values, repeated where the horizon is longer, (h, m)."""
        return self.predict_each(history, [len(history)], horizon)[0]

    def predict_each(self, values: Array, origins: Sequence[int], horizon: int) -> Array:
        """Return the same for many origins at once, (k, h, m)."""
        held = filled_each(values)
        ahead = np.arange(horizon) % self.lookback
        return held[np.asarray(origins)[:, np.newaxis] - self.lookback + ahead]
