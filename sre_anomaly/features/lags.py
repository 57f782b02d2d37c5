"""Each value and the ones just before it, side by side."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from sre_anomaly.contracts import Features
from sre_anomaly.frame import Array, MetricFrame
from sre_anomaly.registry import register


@register("features", "lags")
@dataclass
class Lags(Features):
    """Value and its last ``count`` values, so that a detector sees the shape of the last rows."""

    count: Annotated[int, Field(ge=1)] = 6

    def __post_init__(self) -> None:
        self.lookback = self.count

    def columns(self, metrics: tuple[str, ...]) -> list[tuple[str, str]]:
        """Return lag_0 (the value itself) to lag_count of each metric."""
        return [(f"{metric}.lag_{lag}", metric) for metric in metrics for lag in range(self.count + 1)]

    def transform(self, frame: MetricFrame) -> Array:
        """Return (n, m * (count + 1)) columns."""
        rows, metrics = frame.values.shape
        out = np.full((rows, metrics, self.count + 1), np.nan)
        for lag in range(self.count + 1):
            out[self.count :, :, lag] = frame.values[self.count - lag : rows - lag]
        return out.reshape(rows, -1)
