"""Gradient-boosted trees from the last values to the next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field

from sre_anomaly.contracts import Forecaster
from sre_anomaly.forecaster._recursive import recursive
from sre_anomaly.frame import Array
from sre_anomaly.kernels.rolling import filled
from sre_anomaly.kernels.trees.from_file import booster_from, text_of
from sre_anomaly.registry import register


@register("forecaster", "xgboost")
@dataclass
class XGBoostForecaster(Forecaster):
    """Boosted trees on lagged values, one model per metric; they learn the *change* from the last value.

    Trees cannot answer beyond what they saw, so a metric that grows would stay stuck at its old maximum;
    its changes do not have that limit.
    """

    lags: Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1)] = field(
        default_factory=lambda: [1, 2, 3, 4, 6, 8, 12, 24]
    )
    n_estimators: Annotated[int, Field(ge=1)] = 200
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.05
    max_depth: Annotated[int, Field(ge=1, le=20)] = 4
    n_jobs: Annotated[int, Field(ge=1)] = 1
    seed: int = 0
    export_name = "xgboost_forecaster"

    models_: list[Any] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.lookback = max(self.lags)

    def fit(self, values: Array) -> Self:
        """Boost one model per metric on the rows whose value and lags are present."""
        self.models_ = [self._boost(column) for column in np.ascontiguousarray(values.T)]
        return self

    def _boost(self, column: Array) -> Any:
        import xgboost

        held = filled(column)
        origins = np.arange(self.lookback, len(column))
        origins = origins[np.isfinite(column[origins]) & np.isfinite(held[origins - self.lookback])]
        if not len(origins):
            return None
        lagged = self._lagged([held[origins - lag] for lag in range(1, self.lookback + 1)])
        change = column[origins] - held[origins - 1]
        parameters = {
            "objective": "reg:squarederror",
            "tree_method": "hist",
            "learning_rate": self.learning_rate,
            "max_depth": self.max_depth,
            "nthread": self.n_jobs,
            "seed": self.seed,
        }
        return xgboost.train(parameters, xgboost.QuantileDMatrix(lagged, change), self.n_estimators)

    def _lagged(self, recent: list[Array]) -> Array:
        """Return (k, lags): the last value, and how far each longer lag is from it."""
        last = recent[0]
        return np.column_stack([last, *(recent[lag - 1] - last for lag in self.lags if lag > 1)])

    def predict(self, history: Array, horizon: int) -> Array:
        """Return (h, m) values, each step fed with the ones before it."""
        return self.predict_each(history, [len(history)], horizon)[0]

    def predict_each(self, values: Array, origins: Sequence[int], horizon: int) -> Array:
        """Return the same for many origins at once, (k, h, m)."""
        return recursive(values, origins, horizon, self.lookback, self._next)

    def _next(self, metric: int, recent: list[Array]) -> Array:
        model = self.models_[metric]
        if model is None:
            return recent[0]
        return recent[0] + np.asarray(model.inplace_predict(self._lagged(recent)), dtype=np.float64)

    def learned(self) -> dict[str, Any]:
        """Return the trees of each metric in XGBoost's own JSON; empty for a metric without any value."""
        kept = (b"" if model is None else text_of(model) for model in self.models_)
        return {f"booster.{metric}": trees for metric, trees in enumerate(kept)}

    def restore(self, learned: Mapping[str, Any]) -> Self:
        """Put the trees back."""
        kept = (learned[f"booster.{metric}"] for metric in range(len(learned)))
        self.models_ = [booster_from(trees) if trees else None for trees in kept]
        return self

    def native(self) -> Any:
        """Return the boosters, one per metric (a single one for a single metric)."""
        return self.models_[0] if len(self.models_) == 1 else self.models_
