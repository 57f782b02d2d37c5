"""The metrics as they are."""

from dataclasses import dataclass

import numpy as np

from sre_anomaly.contracts import Features
from sre_anomaly.frame import Array, Times
from sre_anomaly.registry import register


@register("features", "raw")
@dataclass
class Raw(Features):
    """One column per metric: its value."""

    def columns(self, metrics: tuple[str, ...]) -> list[tuple[str, str]]:
        """Return the metrics' own names."""
        return [(metric, metric) for metric in metrics]

    def new_state(self, metrics: int) -> Array:
        """Return an empty state: nothing is remembered."""
        del metrics
        return np.empty(0)

    def advance(self, states: Array, times: Times, rows: Array, out: Array) -> None:
        """Copy the rows."""
        del states, times
        out[:] = rows
