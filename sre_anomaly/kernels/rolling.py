"""Rolling statistics that never look ahead, each written once as a compiled step with carried state.

A step takes one value and updates a small state array in place; a batch is a loop over the step, so a
stream gives the batch's numbers exactly. Every kernel works on one column, (n,), and NaN is a gap: a
statistic over a window with gaps is taken over what is there, and is NaN while fewer than half of the
window's rows are.
"""

import math

import numpy as np

from sre_anomaly.frame import Array
from sre_anomaly.kernels.compiled import compiled, step

# The state of a moving window: HEADER numbers, then the ring of the last `window` values.
HEADER = 6
SEEN, POSITION, PRESENT, MEAN, SQUARES, LARGEST = range(HEADER)
COLLAPSE = 1e-6
"""Once the squares are this much smaller than they were, what rounding left of the larger ones shows."""


def new_window(window: int) -> Array:
    """Return the empty state of a moving window of so many rows."""
    state = np.zeros(HEADER + window)
    state[HEADER:] = np.nan
    return state


@step
def push(state: Array, value: float) -> None:
    """Move the window on by one value: O(1), and exact again at every turn of the ring.

    Welford's update in both directions (Welford, 1962; West, 1979). Adding and removing leaves rounding
    behind, so the two moments are recomputed from the ring each time it wraps, and also when most of the
    squares have just left: an error cannot outlive one window, nor a spike the window it was in.
    """
    ring = state[HEADER:]
    position = int(state[POSITION])
    old = ring[position]
    ring[position] = value
    state[SEEN] += 1
    position += 1
    if position == len(ring):
        state[POSITION] = 0
        _recompute(state)
        return
    state[POSITION] = position
    if not math.isnan(old) and not math.isnan(value):
        # One leaves and one enters: both updates in one, with one division.
        gap = old - state[MEAN]
        state[MEAN] += (value - old) / state[PRESENT]
        state[SQUARES] += (value - old) * (value - state[MEAN] + gap)
    elif not math.isnan(value):
        state[PRESENT] += 1
        gap = value - state[MEAN]
        state[MEAN] += gap / state[PRESENT]
        state[SQUARES] += gap * (value - state[MEAN])
    elif not math.isnan(old):
        state[PRESENT] -= 1
        if state[PRESENT] == 0:
            state[MEAN] = 0.0
            state[SQUARES] = 0.0
        else:
            gap = old - state[MEAN]
            state[MEAN] -= gap / state[PRESENT]
            state[SQUARES] -= gap * (old - state[MEAN])
    if state[SQUARES] > state[LARGEST]:
        state[LARGEST] = state[SQUARES]
    elif state[SQUARES] < COLLAPSE * state[LARGEST]:
        _recompute(state)


@step
def _recompute(state: Array) -> None:
    ring = state[HEADER:]
    count = 0
    total = 0.0
    # Sums of distances from one of the values: equal values then have no spread at all, to the last bit.
    origin = 0.0
    for value in ring:
        if not math.isnan(value):
            if count == 0:
                origin = value
            count += 1
            total += value - origin
    mean = origin + total / count if count else 0.0
    squares = 0.0
    for value in ring:
        if not math.isnan(value):
            squares += (value - mean) ** 2
    state[PRESENT] = count
    state[MEAN] = mean
    state[SQUARES] = squares
    state[LARGEST] = squares


@step
def window_mean(state: Array) -> float:
    """Return the mean of the window, NaN until it is full and half of it is there."""
    window = len(state) - HEADER
    if state[SEEN] < window or 2 * state[PRESENT] < window:
        return np.nan
    return float(state[MEAN])


@step
def window_std(state: Array) -> float:
    """Return the sample standard deviation (ddof 1) of the window, NaN where the mean is."""
    window = len(state) - HEADER
    if state[SEEN] < window or 2 * state[PRESENT] < window or state[PRESENT] < 2:
        return np.nan
    return math.sqrt(max(state[SQUARES], 0.0) / (state[PRESENT] - 1))


@compiled
def rolling_mean_std(values: Array, state: Array) -> tuple[Array, Array]:
    """Return the rolling mean and standard deviation (ddof 1) of one column, each (n,).

    ``state`` comes from `new_window` and carries on from wherever it stands.

    Examples
    --------
    >>> mean, std = rolling_mean_std(np.array([1.0, 3.0, 5.0]), new_window(2))
    >>> mean.tolist(), std.round(3).tolist()
    ([nan, 2.0, 4.0], [nan, 1.414, 1.414])
    """
    mean = np.empty(len(values))
    std = np.empty(len(values))
    for row in range(len(values)):
        push(state, values[row])
        mean[row] = window_mean(state)
        std[row] = window_std(state)
    return mean, std


@compiled
def difference(values: Array, lag: int) -> Array:
    """Return value - value ``lag`` rows before, (n,), NaN for the first ``lag`` rows."""
    out = np.full(len(values), np.nan)
    for row in range(lag, len(values)):
        out[row] = values[row] - values[row - lag]
    return out


@step
def push_same(state: Array, value: float) -> None:
    """Move (last value, rows for which it has been the same) on by one value; a gap is no news."""
    if math.isnan(value) or value == state[0]:
        state[1] += 1.0
    else:
        state[0] = value
        state[1] = 0.0


@step
def push_mean(state: Array, value: float, keep: float) -> None:
    """Move (weight, exponentially weighted mean) on by one value; a gap leaves it where it was."""
    if not math.isnan(value):
        state[0] = keep * state[0] + 1.0
        state[1] += (value - state[1]) / state[0]


@compiled
def filled(values: Array) -> Array:
    """Return the column with each gap holding the last value before it; a gap at the start stays."""
    out = values.copy()
    for row in range(1, len(out)):
        if math.isnan(out[row]):
            out[row] = out[row - 1]
    return out


def filled_each(values: Array) -> Array:
    """Return (n, m) values with the gaps of each column filled so."""
    return np.column_stack([filled(column) for column in np.ascontiguousarray(values.T)])
