"""How far ahead is much the same: a forecast of the next quarter of an hour errs otherwise than one of tomorrow."""

from datetime import timedelta

import numpy as np
import numpy.typing as npt

HOURS = (0.25, 1, 3, 6, 12, 24, 48, 96, 168)
Rows = npt.NDArray[np.int64]


def buckets(step: timedelta, horizon: int) -> Rows:
    """Return the last step of each stretch of steps ahead that is treated alike; the first is one row, the last ends at the horizon.

    Examples
    --------
    >>> buckets(timedelta(minutes=5), 288).tolist()
    [1, 3, 12, 36, 72, 144, 288]
    """
    rows = [1, *(int(timedelta(hours=hours) / step) for hours in HOURS), horizon]
    return np.array(sorted({row for row in rows if 1 <= row <= horizon}), dtype=np.int64)


def bucket_of(edges: Rows, horizon: int) -> Rows:
    """Return the bucket of each step up to the horizon, (h,); what is beyond the last edge is in the last.

    Examples
    --------
    >>> bucket_of(np.array([1, 3]), 5).tolist()
    [0, 1, 1, 1, 1]
    """
    return np.minimum(np.searchsorted(edges, np.arange(1, horizon + 1)), len(edges) - 1).astype(np.int64)


def some_steps(edges: Rows, bucket: int, most: int) -> Rows:
    """Return at most so many steps of a bucket, evenly spread, its last among them.

    Examples
    --------
    >>> some_steps(np.array([1, 3, 12]), 2, 3).tolist()
    [4, 8, 12]
    """
    first = int(edges[bucket - 1]) + 1 if bucket else 1
    return np.unique(np.linspace(first, edges[bucket], most).astype(np.int64))


def some_origins(first: int, end: int, most: int) -> Rows:
    """Return at most so many origins from ``first`` to ``end``, both included, evenly spread; none where they are the wrong way round.

    Examples
    --------
    >>> some_origins(10, 20, 3).tolist(), some_origins(20, 10, 3).tolist()
    ([10, 15, 20], [])
    """
    return (
        np.unique(np.linspace(first, end, most).astype(np.int64)) if first <= end else np.empty(0, np.int64)
    )
