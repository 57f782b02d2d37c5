"""Boosted trees: questions about one column after the other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field

from sre_anomaly.classifier._linear import Imbalance, class_weights
from sre_anomaly.frame import Array
from sre_anomaly.kernels.trees.from_file import booster_from, sound, text_of
from sre_anomaly.registry import register
from sre_anomaly.table_contracts import Classifier


@register("classifier", "xgboost")
@dataclass
class XGBoost(Classifier):
    """Gradient-boosted trees for any number of classes (Chen and Guestrin, 2016)."""

    n_estimators: Annotated[int, Field(ge=1)] = 200
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.1
    max_depth: Annotated[int, Field(ge=1, le=20)] = 5
    imbalance: Imbalance = "sqrt"
    n_jobs: Annotated[int, Field(ge=1)] = 1
    seed: int = 0
    export_name = "xgboost"

    model_: Any = field(init=False, repr=False)

    def fit(self, X: Any, y: Any, weight: Array | None = None) -> Self:
        """Boost."""
        import xgboost

        names, number = np.unique(np.asarray(y, dtype=str), return_inverse=True)
        self.classes_ = [str(name) for name in names]
        parameters = {
            "objective": "multi:softprob",
            "num_class": len(names),
            "tree_method": "hist",
            "learning_rate": self.learning_rate,
            "max_depth": self.max_depth,
            "nthread": self.n_jobs,
            "seed": self.seed,
        }
        rows = xgboost.DMatrix(X, number, weight=class_weights(y, weight, self.imbalance))
        self.model_ = xgboost.train(parameters, rows, self.n_estimators)
        return self

    def proba(self, X: Any) -> Array:
        """Return (n, k) probabilities."""
        import xgboost

        if isinstance(self.model_, bytes):
            self.model_ = booster_from(self.model_, nthread=self.n_jobs)
        return np.asarray(self.model_.predict(xgboost.DMatrix(X)), dtype=np.float64).reshape(
            -1, len(self.classes_)
        )

    def learned(self) -> dict[str, Any]:
        """Return the trees in XGBoost's own JSON."""
        trees = self.model_ if isinstance(self.model_, bytes) else text_of(self.model_)
        return {"classes_": self.classes_, "booster": trees}

    def restore(self, learned: Mapping[str, Any]) -> Self:
        """Put the trees back; XGBoost itself is loaded when it is asked."""
        self.classes_, self.model_ = list(learned["classes_"]), sound(learned["booster"])
        return self
