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


def smape(actual: Array, forecast: Array) -> float:
    """Return the mean of the error as a share of what came and what was forecast together, 0 to 2 (Makridakis, 1993).

    Where both are 0 the error is 0.

    Examples
    --------
    >>> smape(np.array([1.0, 0.0]), np.array([3.0, 0.0]))
    0.5
    """
    size = np.abs(actual) + np.abs(forecast)
    with np.errstate(invalid="ignore", divide="ignore"):
        return _mean(np.where(size == 0, 0.0, 2 * np.abs(actual - forecast) / size))


def winkler(actual: Array, lower: Array, upper: Array, share: float) -> float:
    """Return the mean width of intervals that should hold such a share, and 2 / (1 - share) for each unit outside (Winkler, 1972).

    Examples
    --------
    >>> winkler(np.array([1.0, 4.0]), np.array([0.0, 0.0]), np.array([2.0, 2.0]), 0.5)
    6.0
    """
    outside = np.maximum(lower - actual, 0) + np.maximum(actual - upper, 0)
    return _mean(upper - lower + 2 / (1 - share) * outside)


def wql(actual: Array, quantiles: Array, shares: Array) -> float:
    """Return twice the mean pinball loss of all quantiles (..., q), divided by the mean size of what came.

    With many shares, evenly spread, the loss itself is the continuous ranked probability score: `crps`.
    """
    size = _mean(np.abs(np.where(np.isfinite(quantiles).all(axis=-1), actual, np.nan)))
    return crps(actual, quantiles, shares) / size if size > 0 else float("nan")


def crps(actual: Array, quantiles: Array, shares: Array) -> float:
    """Return the continuous ranked probability score as the mean of twice the pinball loss over quantiles (..., q).

    In the metric's unit; for a single quantile at 0.5 it is `mae` (Gneiting and Raftery, 2007).

    Examples
    --------
    >>> crps(np.array([3.0]), np.array([[1.0]]), np.array([0.5]))
    2.0
    """
    losses = [pinball(actual, quantiles[..., number], float(share)) for number, share in enumerate(shares)]
    return 2 * _mean(np.array(losses))


def _mean(values: Array) -> float:
    present = values[np.isfinite(values)]
    return float(present.mean()) if len(present) else float("nan")
