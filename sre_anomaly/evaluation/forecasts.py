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


def pinball(actual: Array, forecast: Array, quantile: float) -> float:
    """Return the mean pinball loss of forecast quantiles over present entries (Koenker and Bassett, 1978).

    A value above the forecast costs ``quantile`` a unit, one below it ``1 - quantile``; the true quantile has the
    lowest loss. At 0.5 it is half of `mae`. NaN where no entry is present.

    Examples
    --------
    >>> pinball(np.array([3.0]), np.array([1.0]), 0.9)
    1.8
    """
    above = actual - forecast
    return _mean(np.maximum(quantile * above, (quantile - 1) * above))


def mase(actual: Array, forecast: Array, past: Array, season: int = 1) -> float:
    """Return the mean absolute error divided by that of repeating the value ``season`` rows before in the ``past``.

    Below 1 beats that naive forecast one step ahead on the training rows, (n, m) (Hyndman and Koehler, 2006). Each
    metric is scaled by itself. NaN where the past never moved or is no longer than a season.

    Examples
    --------
    >>> mase(np.array([[5.0]]), np.array([[4.0]]), np.array([[1.0], [3.0], [1.0]]))
    0.5
    """
    with np.errstate(invalid="ignore"):
        moves = np.array([_mean(np.abs(column[season:] - column[:-season])) for column in past.T])
    scaled = [
        mae(actual[..., metric], forecast[..., metric]) / move if move > 0 else float("nan")
        for metric, move in enumerate(moves)
    ]
    return _mean(np.array(scaled))


def coverage(actual: Array, lower: Array, upper: Array) -> float:
    """Return the share of present entries inside their interval, its edges included; NaN where there is none.

    Examples
    --------
    >>> coverage(np.array([1.0, 5.0]), np.array([0.0, 0.0]), np.array([1.0, 2.0]))
    0.5
    """
    present = np.isfinite(actual) & np.isfinite(lower) & np.isfinite(upper)
    inside = (actual >= lower) & (actual <= upper)
    return float(inside[present].mean()) if present.any() else float("nan")


def _mean(values: Array) -> float:
    present = values[np.isfinite(values)]
    return float(present.mean()) if len(present) else float("nan")
