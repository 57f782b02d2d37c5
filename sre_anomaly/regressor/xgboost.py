"""Boosted trees for a number, and for the interval that it most likely lies in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field

from sre_anomaly.frame import Array
from sre_anomaly.kernels.trees.from_file import booster_from, sound, text_of
from sre_anomaly.registry import register
from sre_anomaly.table_contracts import Regressor


@register("regressor", "xgboost")
@dataclass
class XGBoost(Regressor):
    """Gradient-boosted quantiles (Chen and Guestrin, 2016; Koenker and Bassett, 1978).

    The answer is the median; the interval lies between the two quantiles that leave out the same share on
    either side.
    """

    n_estimators: Annotated[int, Field(ge=1)] = 300
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.05
    max_depth: Annotated[int, Field(ge=1, le=20)] = 4
    coverage: Annotated[float, Field(gt=0, lt=1)] = 0.9
    n_jobs: Annotated[int, Field(ge=1)] = 1
    seed: int = 0
    export_name = "xgboost"

    model_: Any = field(init=False, repr=False)

    def fit(self, X: Any, y: Array) -> Self:
        """Boost three quantiles at once."""
        import xgboost

        parameters = {
            "objective": "reg:quantileerror",
            "quantile_alpha": np.array([(1 - self.coverage) / 2, 0.5, (1 + self.coverage) / 2]),
            "tree_method": "hist",
            "learning_rate": self.learning_rate,
            "max_depth": self.max_depth,
            "nthread": self.n_jobs,
            "seed": self.seed,
        }
        self.model_ = xgboost.train(
            parameters, xgboost.QuantileDMatrix(X, y, nthread=self.n_jobs), self.n_estimators
        )
        return self

    def predict(self, X: Any) -> Array:
        """Return (n,) medians."""
        return self._ask(X)[:, 1]

    def quantiles(self, X: Any) -> Array:
        """Return (n, 2) lower and upper ends; sorted, since quantiles grown apart may cross."""
        return np.sort(self._ask(X)[:, [0, 2]], axis=1)

    def _ask(self, X: Any) -> Array:
        import xgboost

        if isinstance(self.model_, bytes):
            self.model_ = booster_from(self.model_, nthread=self.n_jobs)
        return np.asarray(
            self.model_.predict(xgboost.DMatrix(X, nthread=self.n_jobs)), dtype=np.float64
        ).reshape(-1, 3)

    def learned(self) -> dict[str, Any]:
        """Return the trees in XGBoost's own JSON."""
        return {"booster": self.model_ if isinstance(self.model_, bytes) else text_of(self.model_)}

    def restore(self, learned: Mapping[str, Any]) -> Self:
        """Put the trees back; XGBoost itself is loaded when it is asked."""
        self.model_ = sound(learned["booster"])
        return self
