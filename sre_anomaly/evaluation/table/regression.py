"""How far predicted numbers were off, and whether the interval held what it promised."""

import numpy as np

from sre_anomaly.evaluation.forecasts import coverage, mae, rmse
from sre_anomaly.frame import Array


def wape(actual: Array, predicted: Array) -> float:
    """Return the sum of absolute errors as a share of the sum of absolute values; NaN where all are 0.

    Examples
    --------
    >>> wape(np.array([10.0, 30.0]), np.array([12.0, 28.0]))
    0.1
    """
    total = float(np.abs(actual).sum())
    return float(np.abs(actual - predicted).sum() / total) if total else float("nan")


def pinball(actual: Array, predicted: Array, quantile: float) -> float:
    """Return the mean loss by which a quantile is judged: too low costs ``quantile``, too high the rest.

    Reference: Koenker and Bassett (1978).

    Examples
    --------
    >>> pinball(np.array([10.0]), np.array([8.0]), 0.9)
    1.8
    """
    error = actual - predicted
    return float(np.maximum(quantile * error, (quantile - 1) * error).mean())


def measures(
    actual: Array,
    predicted: Array,
    lower: Array | None = None,
    upper: Array | None = None,
    share: float = 0.9,
) -> dict[str, float]:
    """Return all measures of (n,) predictions; those of the interval, meant to hold ``share``, where there is one."""
    found = {"mae": mae(actual, predicted), "rmse": rmse(actual, predicted), "wape": wape(actual, predicted)}
    if lower is not None and upper is not None:
        found["coverage"] = coverage(actual, lower, upper)
        ends = ((lower, (1 - share) / 2), (upper, (1 + share) / 2))
        found["pinball"] = float(np.mean([pinball(actual, end, quantile) for end, quantile in ends]))
        found["width"] = float(np.mean(upper - lower))
    return found
