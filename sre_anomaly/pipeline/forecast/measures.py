"""How good forecasts of one horizon are, beside the naive ones."""

from typing import Any

import numpy as np

from sre_anomaly.evaluation.bootstrap import interval
from sre_anomaly.evaluation.forecasts import coverage, crps, mae, mase, rmse, smape, winkler, wql
from sre_anomaly.frame import Array
from sre_anomaly.pipeline.forecast.ahead import QUANTILES, Ahead

BLOCKS = 200
"""Rows are drawn in blocks as long as the horizon, or in so many where that would be more."""

NO_MATTER = 0.005
"""A naive forecast that is better by less than this share is as good."""


def errors_of(actual: Array, mean: Array, past: Array, season: int) -> dict[str, Any]:
    """Return the measures of point forecasts (n, m); ``season`` is a day, in rows."""
    return {
        "mae": mae(actual, mean),
        "rmse": rmse(actual, mean),
        "mase": mase(actual, mean, past),
        "mase_day": mase(actual, mean, past, season),
        "smape": smape(actual, mean),
    }


def interval_measures(ahead: Ahead, share: float) -> dict[str, Any]:
    """Return how good the intervals and quantiles are."""
    shares = np.array(QUANTILES)
    return {
        "coverage": coverage(ahead.actual, ahead.lower, ahead.upper),
        "width": float(np.nanmean(ahead.upper - ahead.lower))
        if np.isfinite(ahead.upper - ahead.lower).any()
        else float("nan"),
        "winkler": winkler(ahead.actual, ahead.lower, ahead.upper, share),
        "wql": wql(ahead.actual, ahead.quantiles, shares),
        "crps": crps(ahead.actual, ahead.quantiles, shares),
    }


def skill(actual: Array, mean: Array, naive: Array, horizon: int, seed: int = 0) -> dict[str, Any]:
    """Return by what share the error is smaller than a naive forecast's, and its 95 % interval, the rows paired.

    Below 0 the naive one is better. The interval is NaN where there are fewer than four stretches as long as the horizon.
    """
    ours, theirs = np.abs(actual - mean), np.abs(actual - naive)
    there = np.isfinite(ours) & np.isfinite(theirs)
    ours, theirs = (np.where(there, one, 0.0).sum(axis=1) for one in (ours, theirs))

    def less(rows: Any) -> float:
        total = theirs[rows].sum()
        return float(1 - ours[rows].sum() / total) if total > 0 else float("nan")

    low, high = interval(len(ours), max(horizon, len(ours) // BLOCKS), less, seed)
    return {"skill": less(slice(None)), "skill_low": low, "skill_high": high}


def warning(words: str, naive: str, found: dict[str, Any]) -> str:
    """Say that a naive forecast was better, and whether that is sure; empty where it was not.

    Examples
    --------
    >>> warning("1 d ahead", "seasonal_naive", {"skill": -0.25, "skill_high": -0.1})
    '1 d ahead the forecast is worse than seasonal naive: its error is 25% larger. Use that, or forecaster=auto'
    """
    if not found["skill"] < -NO_MATTER:
        return ""
    name, by = naive.replace("_", " "), -found["skill"]
    if not found["skill_high"] < 0:
        return f"{words} the forecast is no better than {name} (error {by:.0%} larger, which may be chance)"
    return f"{words} the forecast is worse than {name}: its error is {by:.0%} larger. Use that, or forecaster=auto"
