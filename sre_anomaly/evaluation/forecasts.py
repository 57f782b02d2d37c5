"""How far forecasts were from what came."""

import numpy as np

from sre_anomaly.frame import Array


def mae(actual: Array, forecast: Array) -> float:
    """Return the mean absolute error over entries where both are present; NaN where there is none.

    Examples
    --------
    >>> mae(np.array([1.0, 3.0, np.nan]), np.array([2.0, 3.0, 4.0]))
    0.5
    """
    error = np.abs(actual - forecast)
    return _mean(error)


def rmse(actual: Array, forecast: Array) -> float:
    """Return the root of the mean squared error, as `mae` over present entries."""
    return float(np.sqrt(_mean((actual - forecast) ** 2)))


def mase(actual: Array, forecast: Array, past: Array) -> float:
    """Return the mean absolute error divided by that of repeating the last value in the ``past`` (n, m).

    Below 1 beats the naive one-step forecast on the training rows (Hyndman and Koehler, 2006). Each metric is
    scaled by itself. NaN where the past never moved.
    """
    with np.errstate(invalid="ignore"):
        moves = np.array([_mean(np.abs(np.diff(column))) for column in past.T])
    scaled = [
        mae(actual[..., metric], forecast[..., metric]) / move if move > 0 else float("nan")
        for metric, move in enumerate(moves)
    ]
    return _mean(np.array(scaled))


def coverage(actual: Array, lower: Array, upper: Array) -> float:
    """Return the share of present entries inside their interval."""
    present = np.isfinite(actual) & np.isfinite(lower) & np.isfinite(upper)
    inside = (actual >= lower) & (actual <= upper)
    return float(inside[present].mean()) if present.any() else float("nan")


def _mean(values: Array) -> float:
    present = values[np.isfinite(values)]
    return float(present.mean()) if len(present) else float("nan")
