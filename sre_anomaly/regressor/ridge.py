"""A straight-line rule from the columns to the number."""

from dataclasses import dataclass, field
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field

from sre_anomaly.frame import Array
from sre_anomaly.registry import register
from sre_anomaly.table_contracts import Regressor


@register("regressor", "ridge")
@dataclass
class Ridge(Regressor):
    """Ridge regression (Hoerl and Kennard, 1970)."""

    alpha: Annotated[float, Field(ge=0)] = 1.0
    export_name = "ridge"

    coefficients_: Array = field(init=False, repr=False)
    intercept_: float = field(init=False, repr=False)

    def fit(self, X: Any, y: Array) -> Self:
        """Minimise squared errors and a penalty on the coefficients."""
        from sklearn.linear_model import Ridge as ScikitRidge

        # scikit-learn draws lots only with the stochastic solvers; one seed makes that certain.
        model = ScikitRidge(alpha=self.alpha, random_state=0).fit(X, y)
        self.coefficients_ = np.asarray(model.coef_, dtype=np.float64)
        self.intercept_ = float(model.intercept_)
        return self

    def predict(self, X: Any) -> Array:
        """Return (n,) values."""
        return np.asarray(X @ self.coefficients_ + self.intercept_)
