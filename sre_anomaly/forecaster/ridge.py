"""A straight-line rule from the last values to the next."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field

from sre_anomaly.contracts import Forecaster
from sre_anomaly.forecaster._recursive import row_numbers
from sre_anomaly.frame import Array
from sre_anomaly.kernels.compiled import compiled
from sre_anomaly.kernels.rolling import filled
from sre_anomaly.kernels.seasonal import usual_deviation
from sre_anomaly.registry import register


@register("forecaster", "ridge")
@dataclass
class Ridge(Forecaster):
    """Ridge regression on the last ``lags`` values (Hoerl and Kennard, 1970), one model per metric.

    The lag matrix is never built. Its normal equations are sums of products of the series with itself, and
    each follows from its neighbour by adding and removing what enters and leaves at the two ends, so a
    million rows cost one pass per lag and no memory. Gaps cut the series into stretches whose sums add up.
    """

    lags: Annotated[int, Field(ge=1)] = 24
    alpha: Annotated[float, Field(ge=0)] = 1.0
    cut: Annotated[float, Field(gt=0)] | None = None
    """Values further than so many usual distances from the median count, and are forecast, as if no further; None: as they are."""
    export_name = "ridge_forecaster"
    dimensions = (("coefficients_", 2), ("intercepts_", 1), ("limits_", 2))

    coefficients_: Array = field(init=False, repr=False)
    """(m, lags), lag 1 first."""
    intercepts_: Array = field(init=False, repr=False)
    limits_: Array = field(init=False, repr=False)
    """(m, 2) below and above which nothing counts."""

    def __post_init__(self) -> None:
        self.lookback = self.lags

    def fit(self, values: Array) -> Self:
        """Solve the normal equations of each metric."""
        self.limits_ = np.array([_limits(column, self.cut) for column in values.T])
        cut = values if self.cut is None else np.clip(values, *self.limits_.T)
        learned = [self._solve(column) for column in np.ascontiguousarray(cut.T)]
        self.coefficients_ = np.array([coefficients for coefficients, _ in learned])
        self.intercepts_ = np.array([intercept for _, intercept in learned])
        return self

    def _solve(self, column: Array) -> tuple[Array, float]:
        present = np.isfinite(column)
        middle = float(column[present].mean()) if present.any() else 0.0
        count, sums, products = 0, np.zeros(self.lags + 1), np.zeros((self.lags + 1, self.lags + 1))
        for stretch in _stretches(column - middle, present):
            if len(stretch) > self.lags:
                rows, stretch_sums, stretch_products = lagged_moments(stretch, self.lags)
                count, sums, products = count + rows, sums + stretch_sums, products + stretch_products
        if count == 0:
            return np.zeros(self.lags), middle
        means = sums / count
        centred = products - count * np.outer(means, means)
        gram = centred[1:, 1:] + self.alpha * np.eye(self.lags)
        # A constant series without penalty has no unique answer: lstsq takes the smallest.
        coefficients: Array = np.linalg.lstsq(gram, centred[1:, 0], rcond=None)[0].astype(np.float64)
        intercept = means[0] - means[1:] @ coefficients + middle * (1 - coefficients.sum())
        return coefficients, float(intercept)

    def predict(self, history: Array, horizon: int) -> Array:
        """Return (h, m) values, each step fed with the ones before it."""
        return self.predict_each(history, [len(history)], horizon)[0]

    def predict_each(self, values: Array, origins: Sequence[int], horizon: int) -> Array:
        """Return the same for many origins at once, (k, h, m)."""
        starts = row_numbers(origins)
        out = np.empty((len(starts), horizon, values.shape[1]))
        for metric, column in enumerate(np.ascontiguousarray(values.T)):
            low, high = (float(limit) for limit in self.limits_[metric])
            held = filled(column) if self.cut is None else np.clip(filled(column), low, high)
            _ahead(
                held,
                starts,
                self.coefficients_[metric],
                self.intercepts_[metric],
                (low, high),
                out[:, :, metric],
            )
        return out

    def native(self) -> Any:
        """Return a scikit-learn Ridge (a list of them for several metrics) with these coefficients."""
        from sklearn.linear_model import Ridge as ScikitRidge

        models = []
        for coefficients, intercept in zip(self.coefficients_, self.intercepts_, strict=True):
            model = ScikitRidge(alpha=self.alpha)
            model.coef_, model.intercept_, model.n_features_in_ = coefficients, intercept, self.lags
            models.append(model)
        return models[0] if len(models) == 1 else models


def lagged_moments(values: Array, lags: int) -> tuple[int, Array, Array]:
    """Return (rows, sums, products) of the lag matrix [x_t, x_t-1, ..., x_t-lags] without building it.

    Parameters
    ----------
    values : float64, (n,)
        A stretch without gaps, n > lags.

    Returns
    -------
    rows : int
        n - lags, the rows such a matrix would have.
    sums : (lags + 1,)
        Column sums.
    products : (lags + 1, lags + 1)
        Column inner products.

    Examples
    --------
    >>> rows, sums, products = lagged_moments(np.array([1.0, 2.0, 3.0]), 1)
    >>> rows, sums.tolist(), products.tolist()
    (2, [5.0, 3.0], [[13.0, 8.0], [8.0, 5.0]])
    """
    rows, width = len(values) - lags, lags + 1
    newest = values[lags:]
    products = np.empty((width, width))
    sums = np.empty(width)
    for lag in range(width):
        past = values[lags - lag : lags - lag + rows]
        products[0, lag] = products[lag, 0] = newest @ past
        sums[lag] = past.sum()
    # One step down the diagonal, both columns start one row earlier: a product enters, another leaves.
    enters, leaves = values[:lags][::-1], values[rows:][::-1]
    for i in range(lags):
        for j in range(i, lags):
            moved = products[i, j] + enters[i] * enters[j] - leaves[i] * leaves[j]
            products[i + 1, j + 1] = products[j + 1, i + 1] = moved
    return rows, sums, products


@compiled
def _ahead(
    held: Array,
    starts: npt.NDArray[np.int64],
    coefficients: Array,
    intercept: float,
    limits: tuple[float, float],
    out: Array,
) -> None:
    """Fill in (k, h) forecasts; each step's answer is the next step's last value.

    Added lag by lag: the same order, so the same bits, for one origin or a million.
    """
    for number in range(len(starts)):
        for step in range(out.shape[1]):
            answer = intercept
            for lag in range(len(coefficients)):
                past = out[number, step - 1 - lag] if lag < step else held[starts[number] + step - 1 - lag]
                answer += coefficients[lag] * past
            out[number, step] = min(max(answer, limits[0]), limits[1])


def _limits(column: Array, cut: float | None) -> tuple[float, float]:
    present = column[np.isfinite(column)]
    if cut is None or not len(present):
        return -np.inf, np.inf
    middle = float(np.median(present))
    far = cut * usual_deviation(present - middle)
    return middle - far, middle + far


def _stretches(values: Array, present: Any) -> list[Array]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], present, [False]]).astype(np.int8)))
    return [values[start:end] for start, end in edges.reshape(-1, 2)]
