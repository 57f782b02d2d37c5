"""Rolling-origin forecasts: stand at each row of the test span, forecast what comes, compare with what came."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from sre_anomaly.contracts import Forecaster
from sre_anomaly.errors import ConfigError, DataError, did_you_mean
from sre_anomaly.forecaster.last_value import LastValue
from sre_anomaly.forecaster.seasonal_naive import SeasonalNaive
from sre_anomaly.frame import Array, MetricFrame, Split
from sre_anomaly.kernels.forecast.margins import Errors
from sre_anomaly.pipeline.forecast.ahead import Ahead, look_ahead, past_errors, rolled
from sre_anomaly.pipeline.forecast.coming import Coming, what_comes
from sre_anomaly.pipeline.forecast.horizons import Horizon, horizons
from sre_anomaly.pipeline.forecast.measures import errors_of, interval_measures, skill, warning

TRAIN_SHARE = 0.8
"""Without a split, the first so many of the rows that have a full history are learned from."""
STRETCHES = 3
"""So many horizons of errors before the test span, at least, make the first interval."""


@dataclass
class OfHorizon:
    """What was forecast so far ahead, and how good it was."""

    ahead: Ahead
    measures: dict[str, Any]
    per_metric: dict[str, dict[str, Any]]
    """The same measures metric by metric: averaged errors mix units."""
    baselines: dict[str, dict[str, Any]]
    warning: str
    """That a naive forecast was better; empty where none was."""

    def record(self) -> dict[str, Any]:
        """Return what a program would want to read."""
        return {
            "horizon": self.ahead.horizon.asked,
            "rows_ahead": self.ahead.horizon.rows,
            "measures": self.measures,
            "per_metric": self.per_metric,
            "baselines": self.baselines,
            "warning": self.warning,
        }


@dataclass
class Forecasts:
    """Forecasts over the test span, n rows of m metrics, each made a horizon ahead at most; those of the nearest horizon as arrays."""

    time: pd.DatetimeIndex
    metrics: tuple[str, ...]
    actual: Array
    mean: Array
    lower: Array
    upper: Array
    measures: dict[str, Any]
    per_metric: dict[str, dict[str, Any]]
    baselines: dict[str, dict[str, Any]]
    each: list[OfHorizon] = field(default_factory=list)
    """Every horizon, nearest first."""
    note: str = ""
    coming: Coming | None = None
    """What comes after the data end."""

    def record(self, forecaster: str) -> dict[str, Any]:
        """Return what a program would want to read: of the nearest horizon, and of each."""
        return {
            "forecaster": forecaster,
            "metrics": list(self.metrics),
            "measures": self.measures,
            "per_metric": self.per_metric,
            "baselines": self.baselines,
            "horizons": [one.record() for one in self.each],
            "limits": self.coming.limits if self.coming is not None else [],
        }

    def warnings(self) -> list[str]:
        """Return what a user should know before trusting the forecasts."""
        return [f"Careful: {one.warning}" for one in self.each if one.warning]

    def table(self) -> pd.DataFrame:
        """Return every forecast as a row: horizon, origin, time, metric, actual, mean, lower, upper, and quantiles such as q10."""
        return pd.concat([one.ahead.table(self.time, self.metrics) for one in self.each], ignore_index=True)


def forecast(
    frame: MetricFrame,
    split: Split,
    forecaster: Forecaster,
    settings: dict[str, Any],
    stage: Callable[[str], Any],
) -> Forecasts:
    """Fit on the training span and forecast every row of the test span from the rows before it, for each horizon.

    Origins are a horizon apart, so that each row is forecast once. The first interval comes from errors on rows after the
    ones fitted on, the next ones also from the errors of earlier origins: never from what was not known at an origin.

    Raises
    ------
    UserError
        If a metric is unknown, there are too few rows, or a horizon is longer than the test span.
    """
    frame = _chosen(frame, settings["metrics"])
    forecaster.start(frame.step)
    train, validation, test = _spans(frame, split, forecaster.lookback)
    asked = horizons(frame, settings["horizon"], test.stop - test.start)
    farthest = forecaster.farthest = asked[-1].rows
    with stage("fit forecaster"):
        # The last fifth of the training rows stands in where there are none for validation; then all of them are learned.
        cut = validation.start if validation else train.start + int(TRAIN_SHARE * (train.stop - train.start))
        end = validation.stop if validation else train.stop
        forecaster.fit(frame.values[train.start : min(cut, train.stop)])
        before = [
            past_errors(frame.values, forecaster, _held(one.rows, forecaster, train, cut, end), one.rows)
            for one in asked
        ]
        if validation is None:
            forecaster.farthest = farthest
            forecaster.fit(frame.values[train])
    with stage("forecast"):
        each = [
            _of_horizon(frame, forecaster, train, test, one, errors, settings["coverage"])
            for one, errors in zip(asked, before, strict=True)
        ]
    first, rows = each[0], test.stop - test.start
    actual, mean, lower, upper = (
        first.ahead.flat(values, rows)
        for values in (first.ahead.actual, first.ahead.mean, first.ahead.lower, first.ahead.upper)
    )
    coming = None
    if len(frame) == test.stop:
        far = each[-1].ahead
        known = [
            Errors(
                np.concatenate([errors.origins, far.origins]),
                np.vstack([errors.of, far.actual[:, :, metric] - far.mean[:, :, metric]]),
            )
            for metric, errors in enumerate(before[-1])
        ]
        coming = what_comes(frame, forecaster, asked, known, _possible(frame, frame.values[train]), settings)
    return Forecasts(
        frame.time[test],
        frame.metrics,
        actual,
        mean,
        lower,
        upper,
        first.measures,
        first.per_metric,
        first.baselines,
        each,
        forecaster.note,
        coming,
    )


def _of_horizon(
    frame: MetricFrame,
    forecaster: Forecaster,
    train: slice,
    test: slice,
    horizon: Horizon,
    before: list[Errors],
    share: float,
) -> OfHorizon:
    rows, past = test.stop - test.start, frame.values[train]
    ahead = look_ahead(
        frame.values, forecaster, test, horizon, before, frame.step, share, _possible(frame, past)
    )
    actual, mean = ahead.flat(ahead.actual, rows), ahead.flat(ahead.mean, rows)
    season = max(1, round(timedelta(days=1) / frame.step))
    measures = errors_of(actual, mean, past, season) | interval_measures(ahead, share)
    naive = {
        name: ahead.flat(rolled(frame.values, baseline, test, horizon.rows)[1], rows)
        for name, baseline in _baselines(frame, test).items()
    }
    baselines = {name: errors_of(actual, answer, past, season) for name, answer in naive.items()}
    best = min(baselines, key=lambda name: baselines[name]["mae"])
    compared = skill(actual, mean, naive[best], horizon.rows)
    measures |= {"rows": len(actual), "horizon": horizon.rows, "best_naive": best, **compared}
    per_metric = {
        name: errors_of(actual[:, [i]], mean[:, [i]], past[:, [i]], season)
        for i, name in enumerate(frame.metrics)
    }
    return OfHorizon(ahead, measures, per_metric, baselines, warning(horizon.words, best, compared))


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
            "data, forecaster=seasonal (which needs no more than one), or forecaster=none"
        )
    return train, validation, test


def _held(horizon: int, forecaster: Forecaster, train: slice, cut: int, end: int) -> slice:
    """Return the rows whose errors make the first interval: those that were not fitted on, and more where these are too short."""
    day = STRETCHES * horizon
    return slice(
        max(min(cut, end - day), forecaster.lookback + 1, train.start + (end - train.start) // 4), end
    )


def _possible(frame: MetricFrame, past: Array) -> Array:
    """Return (m, 2) what each metric can be: as its owner or its name says, and never below 0 where it never was."""
    out = np.tile([-np.inf, np.inf], (len(frame.metrics), 1))
    for metric, name in enumerate(frame.metrics):
        seen = past[:, metric][np.isfinite(past[:, metric])]
        if len(seen) and seen.min() >= 0:
            out[metric, 0] = 0.0
        known = frame.known.get(name)
        low, high = (known.possible if known is not None else None) or (None, None)
        if low is not None:
            out[metric, 0] = low
        if high is not None:
            out[metric, 1] = high
    return out


def _baselines(frame: MetricFrame, test: slice) -> dict[str, Forecaster]:
    baselines: dict[str, Forecaster] = {
        "last_value": LastValue(),
        "seasonal_naive": SeasonalNaive(),
        "seasonal_naive_week": SeasonalNaive(timedelta(days=7)),
    }
    for baseline in baselines.values():
        baseline.start(frame.step)
    return {name: baseline for name, baseline in baselines.items() if baseline.lookback <= test.start}
