"""Each value, its change, and the mean and spread of the rows just before."""

from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from pydantic import Field

from sre_anomaly.causal import difference, new_window, rolling_mean_std
from sre_anomaly.contracts import Features
from sre_anomaly.frame import Array, MetricFrame
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

    def transform(self, frame: MetricFrame) -> Array:
        """Return (n, m * (2 + 2 * windows)) columns."""
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
