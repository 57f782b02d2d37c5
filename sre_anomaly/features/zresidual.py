"""How far each value is from its own recent past, counted in standard deviations."""

import math
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from sre_anomaly.causal import new_window, rolling_mean_std
from sre_anomaly.contracts import Features
from sre_anomaly.frame import Array, MetricFrame
from sre_anomaly.registry import register

TINY = 1e-8
"""Keeps a window of equal values from dividing by zero."""


@register("features", "zresidual")
@dataclass
class ZResidual(Features):
    """(value - trailing mean) / trailing standard deviation, the current row included in its window.

    Because the row is part of its own window, the answer can never exceed (window - 1) / sqrt(window)
    (Shiffler, 1988): ten rows can never show 3 standard deviations.
    """

    window: Annotated[int, Field(ge=3)] = 12

    def __post_init__(self) -> None:
        self.lookback = self.window - 1
        self.sigma_cap = (self.window - 1) / math.sqrt(self.window)

    def columns(self, metrics: tuple[str, ...]) -> list[tuple[str, str]]:
        """Return one column per metric."""
        return [(f"{metric}.z_{self.window}", metric) for metric in metrics]

    def transform(self, frame: MetricFrame) -> Array:
        """Return (n, m) columns in standard deviations."""
        out = np.empty(frame.values.shape)
        for column, values in enumerate(np.ascontiguousarray(frame.values.T)):
            mean, std = rolling_mean_std(values, new_window(self.window))
            out[:, column] = (values - mean) / (std + TINY)
        return out
