"""The last value, and as much growth as there was on the whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from sre_anomaly.contracts import Forecaster
from sre_anomaly.forecaster._recursive import row_numbers
from sre_anomaly.frame import Array
from sre_anomaly.kernels.rolling import filled
from sre_anomaly.registry import register


@register("forecaster", "drift")
@dataclass
class Drift(Forecaster):
    """Forecast = the straight line from the first value that was measured through the last: right for what only grows."""

    export_name = "drift_forecaster"

    def fit(self, values: Array) -> Self:
        """Learn nothing."""
        del values
        return self

    def predict(self, history: Array, horizon: int) -> Array:
        """Return (h, m) values on the line."""
        return self.predict_each(history, [len(history)], horizon)[0]

    def predict_each(self, values: Array, origins: Sequence[int], horizon: int) -> Array:
        """Return the same for many origins at once, (k, h, m)."""
        now = row_numbers(origins) - 1
        out = np.empty((len(now), horizon, values.shape[1]))
        for metric, column in enumerate(np.ascontiguousarray(values.T)):
            held, first = filled(column), int(np.argmax(np.isfinite(column)))
            slope = (held[now] - held[first]) / np.maximum(now - first, 1)
            out[:, :, metric] = (
                held[now][:, np.newaxis] + slope[:, np.newaxis] * np.arange(1, horizon + 1)[np.newaxis]
            )
        return out
