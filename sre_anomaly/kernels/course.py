"""The course of each metric so far, in little memory: how long values were missing, and how large changes usually are."""

import math

import numpy as np

from sre_anomaly.frame import Array
from sre_anomaly.kernels.compiled import compiled

BLOCK = 64
BLOCKS = 32
RUN, ENDED, LONGEST, LAST, ROWS, MOST = range(6)
"""Missing values in a row until now, in the last run that ended, in the longest that ended; the last value; rows so
far; the largest change of the block that is not full. The largest changes of the last blocks follow."""
SIZE = MOST + 1 + BLOCKS
MISSING, MISSED, MISSED_MOST, VALUE, CHANGE = range(5)
"""What `summary` says of a metric."""


def new_course(metrics: int) -> Array:
    """Return the state of a series of so many metrics before its first row."""
    one = np.zeros(SIZE)
    one[LAST] = one[MOST:] = np.nan
    return np.tile(one, metrics)


@compiled
def follow(states: Array, rows: Array) -> None:
    """Take in rows (k, m): of one series with a state (1, s), or one row of each of k series."""
    columns = rows.shape[1]
    for row in range(len(rows)):
        state = states[row if len(states) > 1 else 0]
        for column in range(columns):
            at = column * SIZE
            value = rows[row, column]
            if math.isnan(value):
                state[at + RUN] += 1.0
            else:
                if state[at + RUN] > 0.0:
                    state[at + ENDED] = state[at + RUN]
                    state[at + LONGEST] = max(state[at + LONGEST], state[at + RUN])
                    state[at + RUN] = 0.0
                change = abs(value - state[at + LAST])
                if change > state[at + MOST] or math.isnan(state[at + MOST]):
                    state[at + MOST] = change
            state[at + LAST] = value
            state[at + ROWS] += 1.0
            if state[at + ROWS] % BLOCK == 0:
                place = (int(state[at + ROWS]) // BLOCK - 1) % BLOCKS
                state[at + MOST + 1 + place] = state[at + MOST]
                state[at + MOST] = math.nan


def summary(state: Array) -> Array:
    """Return (m, 5) of a series' state: missing values now, in the last silence, in the longest; last value; usual largest change.

    The median of the largest of 64 changes is the largest of most hours at one-minute steps, and about the 99th
    percentile of all. An incident or two of the last 2,048 rows do not move it.

    Examples
    --------
    >>> follow(state := new_course(1)[np.newaxis], np.array([[1.0], [3.0], [np.nan], [4.0], [np.nan], [np.nan]]))
    >>> summary(state[0]).tolist()
    [[2.0, 1.0, 1.0, nan, 2.0]]
    """
    each = state.reshape(-1, SIZE)
    largest = np.sort(each[:, MOST:], axis=1)
    count, metric = np.isfinite(largest).sum(axis=1), np.arange(len(each))
    # Where there is none yet, the place before the first is the last, which is NaN.
    usual = (largest[metric, (count - 1) // 2] + largest[metric, count // 2]) / 2
    return np.column_stack([each[:, [RUN, ENDED, LONGEST, LAST]], usual])
