"""Each value and the ones just before it, side by side."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from sre_anomaly.contracts import Features
from sre_anomaly.frame import Array, Times
from sre_anomaly.kernels.compiled import compiled
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

    def new_state(self, metrics: int) -> Array:
        """Return the rows seen, and for each metric its last values, oldest first; none yet."""
        state = np.full(1 + metrics * (self.count + 1), np.nan)
        state[0] = 0
        return state

    def advance(self, states: Array, times: Times, rows: Array, out: Array) -> None:
        """Write (k, m * (count + 1)) columns."""
        del times
        _advance.for_rows(len(rows))(states, self.count + 1, rows, out)


@compiled
def _advance(states: Array, width: int, rows: Array, out: Array) -> None:
    for k in range(len(rows)):
        state = states[k if len(states) > 1 else 0]
        state[0] += 1
        for metric in range(rows.shape[1]):
            last = state[1 + metric * width : 1 + (metric + 1) * width]
            for i in range(width - 1):
                last[i] = last[i + 1]
            last[width - 1] = rows[k, metric]
            for lag in range(width):
                out[k, metric * width + lag] = last[width - 1 - lag] if state[0] >= width else np.nan
