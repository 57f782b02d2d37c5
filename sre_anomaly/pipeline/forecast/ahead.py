"""Forecasts of one horizon from many origins, what came of them, and the interval that each had when it was made."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from sre_anomaly.contracts import Forecaster
from sre_anomaly.frame import Array
from sre_anomaly.kernels.forecast.margins import Errors, margins
from sre_anomaly.pipeline.forecast.horizons import Horizon

QUANTILES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
MOST_ERRORS = 20_000
"""Errors of a metric to begin with, at most: memory stays flat however long the history."""
Rows = npt.NDArray[np.int64]


@dataclass
class Ahead:
    """k origins, h steps, m metrics; what lies beyond the evaluation period is NaN in ``actual``."""

    horizon: Horizon
    origins: Rows
    actual: Array
    mean: Array
    lower: Array
    upper: Array
    quantiles: Array
    """(k, h, m, q) at `QUANTILES`."""

    def flat(self, values: Array, rows: int) -> Array:
        """Return (k, h, m) as one row for each row of the evaluation period, (rows, m): origins are a horizon apart."""
        return values.reshape(-1, *values.shape[2:])[:rows]

    def table(self, time: pd.DatetimeIndex, metrics: tuple[str, ...]) -> pd.DataFrame:
        """Return each forecast as a row; ``time`` (n,) is that of the evaluation period, whose first row is the first origin."""
        rows, horizon = len(time), self.horizon.rows
        numbers = np.arange(rows)
        origins = time[numbers // horizon * horizon]
        columns = {
            "actual": self.actual,
            "mean": self.mean,
            "lower": self.lower,
            "upper": self.upper,
            **{f"q{share * 100:.0f}": self.quantiles[..., n] for n, share in enumerate(QUANTILES)},
        }
        parts = []
        for metric, name in enumerate(metrics):
            values = {key: self.flat(column, rows)[:, metric] for key, column in columns.items()}
            parts.append(pd.DataFrame({"origin": origins, "time": time, "metric": name, **values}))
        found = pd.concat(parts, ignore_index=True)
        found.insert(0, "horizon", self.horizon.asked)
        return found


def rolled(values: Array, forecaster: Forecaster, span: slice, horizon: int) -> tuple[Rows, Array]:
    """Return origins ``horizon`` rows apart, and (k, h, m) forecasts from each: every row of the span is forecast once."""
    origins = range(span.start, span.stop, horizon)
    return np.array(origins, dtype=np.int64), forecaster.predict_each(values, origins, horizon)


def came(values: Array, origins: Rows, horizon: int, end: int) -> Array:
    """Return (k, h, m) what was measured from each origin on; NaN from row ``end`` on."""
    targets = origins[:, np.newaxis] + np.arange(horizon)
    found = values[np.minimum(targets, len(values) - 1)]
    return np.where((targets < end)[:, :, np.newaxis], found, np.nan)


def past_errors(values: Array, forecaster: Forecaster, held: slice, horizon: int) -> list[Errors]:
    """Return each metric's errors on the rows of ``held``, from origins spread over it."""
    number = int(np.clip(MOST_ERRORS // horizon, 24, 1000))
    last = max(held.stop - 1, held.start)
    origins = np.unique(np.linspace(held.start, last, number).astype(np.int64))
    missed = came(values, origins, horizon, held.stop) - forecaster.predict_each(
        values, list(origins), horizon
    )
    return [Errors(origins, missed[:, :, metric]) for metric in range(values.shape[1])]


def look_ahead(
    values: Array,
    forecaster: Forecaster,
    test: slice,
    horizon: Horizon,
    before: list[Errors],
    step: timedelta,
    coverage: float,
    possible: Array,
) -> Ahead:
    """Return forecasts of a span with their intervals.

    Parameters
    ----------
    before : list of Errors
        One for each metric, of rows before the span.
    possible : (m, 2)
        The lowest and highest that each metric can be.
    """
    origins, mean = rolled(values, forecaster, test, horizon.rows)
    actual = came(values, origins, horizon.rows, test.stop)
    shares = np.array(QUANTILES)
    bounds = np.empty((*mean.shape, 2))
    told = np.empty((*mean.shape, len(shares)))
    for metric, known in enumerate(before):
        errors = Errors(origins, actual[:, :, metric] - mean[:, :, metric])
        bounds[:, :, metric], told[:, :, metric] = margins(known, errors, step, coverage, shares)
    low, high = possible[:, 0], possible[:, 1]
    return Ahead(
        horizon,
        origins,
        actual,
        np.clip(mean, low, high),
        np.clip(mean + bounds[..., 0], low, high),
        np.clip(mean + bounds[..., 1], low, high),
        np.clip(mean[..., np.newaxis] + told, low[:, np.newaxis], high[:, np.newaxis]),
    )
