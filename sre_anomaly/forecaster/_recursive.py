"""Many steps ahead from a one-step rule: each answer becomes the next step's history."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from sre_anomaly.frame import Array
from sre_anomaly.kernels.rolling import filled

BLOCK = 16_384
"""Origins answered together: enough to be fast, few enough that memory stays flat."""


def row_numbers(origins: Sequence[int]) -> npt.NDArray[np.int64]:
    """Return origins as an array; a range becomes one at once, not number by number."""
    if isinstance(origins, range):
        return np.arange(origins.start, origins.stop, origins.step, dtype=np.int64)
    return np.asarray(origins, dtype=np.int64)


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
    starts = row_numbers(origins)
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
