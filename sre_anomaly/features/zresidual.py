"""How far each value is from its own recent past, counted in standard deviations."""

import math
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from sre_anomaly.contracts import Features
from sre_anomaly.frame import Array, Times
from sre_anomaly.kernels.compiled import compiled
from sre_anomaly.kernels.rolling import HEADER, new_window, push, window_mean, window_std
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

    def new_state(self, metrics: int) -> Array:
        """Return an empty window for each metric."""
        return np.concatenate([new_window(self.window)] * metrics)

    def advance(self, states: Array, times: Times, rows: Array, out: Array) -> None:
        """Write (k, m) columns in standard deviations."""
        del times
        _advance.for_rows(len(rows))(states, self.window, rows, out)


@compiled
def _advance(states: Array, window: int, rows: Array, out: Array) -> None:
    for k in range(len(rows)):
        state = states[k if len(states) > 1 else 0]
        for metric in range(rows.shape[1]):
            ring = state[metric * (HEADER + window) : (metric + 1) * (HEADER + window)]
            push(ring, rows[k, metric])
            out[k, metric] = (rows[k, metric] - window_mean(ring)) / (window_std(ring) + TINY)
