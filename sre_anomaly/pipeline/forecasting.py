"""Rolling-origin forecasts: stand at each row of the test span, forecast what comes, compare with what came."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sre_anomaly.contracts import Forecaster
from sre_anomaly.errors import ConfigError, DataError, did_you_mean
from sre_anomaly.evaluation.forecasts import coverage, mae, mase, rmse
from sre_anomaly.forecaster.last_value import LastValue
from sre_anomaly.forecaster.seasonal_naive import SeasonalNaive
from sre_anomaly.frame import Array, MetricFrame, Split

TRAIN_SHARE = 0.8
"""Without a split, the first so many of the rows that have a full history are learned from."""


@dataclass
class Forecasts:
    """Forecasts over the test span, k rows of m metrics, each made ``horizon`` rows ahead at most."""

    time: pd.DatetimeIndex
    metrics: tuple[str, ...]
    actual: Array
    mean: Array
    lower: Array
    upper: Array
    measures: dict[str, Any]
    per_metric: dict[str, dict[str, Any]]
    """The same measures metric by metric: averaged errors mix units."""
    baselines: dict[str, dict[str, Any]]


def forecast(
    frame: MetricFrame,
    split: Split,
    forecaster: Forecaster,
    settings: dict[str, Any],
    stage: Callable[[str], Any],
) -> Forecasts:
    """Fit on the training span and forecast every row of the test span from the rows before it.

    Origins are ``horizon`` rows apart, so that each row is forecast once. The interval comes from the errors
    on rows after the ones fitted on, never from the test span.

    Raises
    ------
    UserError
        If a metric is unknown or there are too few rows.
    """
    frame = _chosen(frame, settings["metrics"])
    horizon = int(settings["horizon"])
    forecaster.start(frame.step)
    train, validation, test = _spans(frame, split, forecaster.lookback)
    with stage("fit forecaster"):
        if validation is None:
            # The last fifth of the training rows stands in as validation; then all of them are learned.
            cut = train.start + int(TRAIN_SHARE * (train.stop - train.start))
            held = slice(cut, train.stop)
            forecaster.fit(frame.values[train.start : cut])
            margins = _margins(frame, forecaster, held, horizon, settings["coverage"])
            forecaster.fit(frame.values[train])
        else:
            forecaster.fit(frame.values[train])
            margins = _margins(frame, forecaster, validation, horizon, settings["coverage"])
    with stage("forecast"):
        actual = frame.values[test]
        mean = _roll(frame.values, forecaster, test, horizon)
        low, high = (np.resize(margin, mean.shape) for margin in margins)
        past = frame.values[train]
        result = Forecasts(
            time=frame.time[test],
            metrics=frame.metrics,
            actual=actual,
            mean=mean,
            lower=mean + low,
            upper=mean + high,
            measures=_measures(actual, mean, past),
            per_metric={
                name: _measures(actual[:, [i]], mean[:, [i]], past[:, [i]])
                for i, name in enumerate(frame.metrics)
            },
            baselines={
                name: _measures(actual, _roll(frame.values, baseline, test, horizon), past)
                for name, baseline in _baselines(frame, test).items()
            },
        )
        result.measures["coverage"] = coverage(actual, result.lower, result.upper)
        result.measures["rows"] = len(actual)
        result.measures["horizon"] = horizon
    return result


def _chosen(frame: MetricFrame, metrics: list[str] | None) -> MetricFrame:
    wanted = tuple(metrics or frame.metrics[:1])
    for name in wanted:
        if name not in frame.metrics:
            raise ConfigError(
                f"forecast.metrics: {frame.name} has no metric {name!r}; {did_you_mean(name, frame.metrics)}"
            )
    columns = [frame.metrics.index(name) for name in wanted]
    return replace(frame, metrics=wanted, values=frame.values[:, columns])


def _spans(frame: MetricFrame, split: Split, lookback: int) -> tuple[slice, slice | None, slice]:
    train, validation, test = split.train, split.validation, split.test
    if split.in_sample:
        first = train.start + lookback
        cut = first + int(TRAIN_SHARE * (train.stop - first))
        train, validation, test = slice(train.start, cut), None, slice(cut, train.stop)
    if test.start < lookback + 1 or train.stop - train.start <= lookback + 10 or test.stop <= test.start:
        raise DataError(
            f"{frame.name}: {len(frame)} data points are too few for a forecaster that looks {lookback} back: use more "
            "data, fewer forecaster.lags, or forecaster=none"
        )
    return train, validation, test


def _roll(values: Array, forecaster: Forecaster, span: slice, horizon: int) -> Array:
    """Return (k, m) forecasts of a span, from origins ``horizon`` rows apart."""
    origins = range(span.start, span.stop, horizon)
    ahead = forecaster.predict_each(values, origins, horizon)
    return ahead.reshape(-1, values.shape[1])[: span.stop - span.start]


def _margins(
    frame: MetricFrame, forecaster: Forecaster, span: slice, horizon: int, share: float
) -> tuple[Array, Array]:
    """Return the lower and upper error quantiles at each step ahead, each (h, m)."""
    first = max(span.start, forecaster.lookback)
    errors = frame.values[first : span.stop] - _roll(
        frame.values, forecaster, slice(first, span.stop), horizon
    )
    low, high = np.zeros((horizon, errors.shape[1])), np.zeros((horizon, errors.shape[1]))
    for ahead in range(horizon):
        at = errors[ahead::horizon]
        for metric in range(at.shape[1]):
            seen = at[np.isfinite(at[:, metric]), metric]
            edges: npt.NDArray[np.float64] = (
                np.quantile(seen, [(1 - share) / 2, (1 + share) / 2]) if len(seen) else np.zeros(2)
            )
            low[ahead, metric], high[ahead, metric] = edges
    return low, high


def _measures(actual: Array, mean: Array, past: Array) -> dict[str, Any]:
    return {"mae": mae(actual, mean), "rmse": rmse(actual, mean), "mase": mase(actual, mean, past)}


def _baselines(frame: MetricFrame, test: slice) -> dict[str, Forecaster]:
    baselines: dict[str, Forecaster] = {"last_value": LastValue(), "seasonal_naive": SeasonalNaive()}
    for baseline in baselines.values():
        baseline.start(frame.step)
    return {name: baseline for name, baseline in baselines.items() if baseline.lookback <= test.start}
