"""Many steps ahead from a one-step rule: each answer becomes the next step's history."""

from collections.abc import Callable, Sequence

import numpy as np

from sre_anomaly.causal import filled
from sre_anomaly.frame import Array

BLOCK = 16_384
"""Origins answered together: enough to be fast, few enough that memory stays flat."""


def recursive(
    values: Array,
    origins: Sequence[int],
    horizon: int,
    lookback: int,
    next_value: Callable[[int, list[Array]], Array],
) -> Array:
    """Return (k, h, m) forecasts from each origin.

    ``next_value(metric, recent)`` answers one step; ``recent[i]`` are the values i + 1 rows before it, (k,).
    A gap in the history holds the last value before it.
    """
    starts = np.asarray(origins, dtype=np.int64)
    out = np.empty((len(starts), horizon, values.shape[1]))
    for metric, column in enumerate(np.ascontiguousarray(values.T)):
        held = filled(column)
        for first in range(0, len(starts), BLOCK):
            block = starts[first : first + BLOCK]
            recent = [held[block - lag] for lag in range(1, lookback + 1)]
            for ahead in range(horizon):
                answer = next_value(metric, recent)
                out[first : first + BLOCK, ahead, metric] = answer
                recent = [answer, *recent[:-1]]
    return out
