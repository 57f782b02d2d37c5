"""Fewer points of a long line, without losing a spike."""

import numpy as np
import numpy.typing as npt

from sre_anomaly.frame import Array

Rows = npt.NDArray[np.int64]


def extremes(values: Array, points: int) -> Rows:
    """Return the rows of the lowest and highest value in each of many stretches, in order.

    Parameters
    ----------
    values : float64 (n,)
        NaN is no value; a stretch without any gives its first row.
    points : int
        About as many rows are returned; all of them where there are no more.

    Examples
    --------
    >>> extremes(np.array([0.0, 0.0, 9.0, 0.0, 0.0, -9.0, 0.0, 0.0]), 4).tolist()
    [0, 2, 4, 5]
    """
    if len(values) <= points:
        return np.arange(len(values))
    size = -(-len(values) // max(1, points // 2))
    stretches = np.full((-(-len(values) // size), size), np.nan)
    stretches.flat[: len(values)] = values
    missing = np.isnan(stretches)
    low = np.argmin(np.where(missing, np.inf, stretches), axis=1)
    high = np.argmax(np.where(missing, -np.inf, stretches), axis=1)
    first = size * np.arange(len(stretches))
    return np.unique(np.concatenate([first + low, first + high]))
