"""Tomorrow will be like this minute."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from sre_anomaly.contracts import Forecaster
from sre_anomaly.frame import Array
from sre_anomaly.kernels.rolling import filled_each
from sre_anomaly.registry import register


@register("forecaster", "last_value")
@dataclass
class LastValue(Forecaster):
    """Forecast = the last value that was measured: the baseline that every forecaster has to beat."""

    export_name = "last_value_forecaster"

    def fit(self, values: Array) -> Self:
        """Learn nothing."""
        del values
        return self

    def predict(self, history: Array, horizon: int) -> Array:
        """Return the last present value of each metric, (h, m)."""
        return np.repeat(filled_each(history)[-1:], horizon, axis=0)

    def predict_each(self, values: Array, origins: Sequence[int], horizon: int) -> Array:
        """Return the same for many origins at once, (k, h, m)."""
        return np.repeat(filled_each(values)[np.asarray(origins) - 1][:, np.newaxis], horizon, axis=1)
