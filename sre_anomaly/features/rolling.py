"""Each value, its change, and the mean and spread of the rows just before."""

from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from pydantic import Field

from sre_anomaly.contracts import Features
from sre_anomaly.frame import Array, MetricFrame, Times
from sre_anomaly.kernels.compiled import compiled
from sre_anomaly.kernels.rolling import (
    HEADER,
    difference,
    new_window,
    push,
    rolling_mean_std,
    window_mean,
    window_std,
)
from sre_anomaly.registry import register


@register("features", "rolling")
@dataclass
class Rolling(Features):
    """Value, difference to the row before, and per window the trailing mean and standard deviation (ddof 1).

    The current row belongs to its own window.
    """

    windows: Annotated[list[Annotated[int, Field(ge=2)]], Field(min_length=1)] = field(
        default_factory=lambda: [12]
    )

    def __post_init__(self) -> None:
        self.lookback = max(self.windows) - 1

    def columns(self, metrics: tuple[str, ...]) -> list[tuple[str, str]]:
        """Return value, diff, mean_w and std_w of each metric."""
        kinds = ["value", "diff", *(f"{what}_{w}" for w in self.windows for what in ("mean", "std"))]
        return [(f"{metric}.{kind}", metric) for metric in metrics for kind in kinds]

    def new_state(self, metrics: int) -> Array:
        """Return the rows seen, and for each metric its last value and its windows, all empty."""
        windows = [new_window(window) for window in self.windows]
        return np.concatenate([[0.0], *([np.array([np.nan]), *windows] * metrics)])

    def advance(self, states: Array, times: Times, rows: Array, out: Array) -> None:
        """Write (k, m * (2 + 2 * windows)) columns."""
        del times
        _advance.for_rows(len(rows))(states, np.array(self.windows), rows, out)

    def transform(self, frame: MetricFrame) -> Array:
        """Return the same columns of a whole frame, metric by metric, which is quicker for long ones."""
        out = np.empty((len(frame), len(self.columns(frame.metrics))))
        column = 0
        for values in np.ascontiguousarray(frame.values.T):
            out[:, column] = values
            out[:, column + 1] = difference(values, 1)
            column += 2
            for window in self.windows:
                out[:, column], out[:, column + 1] = rolling_mean_std(values, new_window(window))
                column += 2
        out[: self.lookback] = np.nan
        return out


@compiled
def _advance(states: Array, windows: Times, rows: Array, out: Array) -> None:
    for k in range(len(rows)):
        state = states[k if len(states) > 1 else 0]
        state[0] += 1
        at, column = 1, 0
        for metric in range(rows.shape[1]):
            value = rows[k, metric]
            out[k, column] = value
            out[k, column + 1] = value - state[at]
            state[at] = value
            at += 1
            column += 2
            for window in windows:
                ring = state[at : at + HEADER + window]
                push(ring, value)
                out[k, column] = window_mean(ring)
                out[k, column + 1] = window_std(ring)
                at += HEADER + window
                column += 2
        if state[0] < windows.max():
            out[k, :] = np.nan
