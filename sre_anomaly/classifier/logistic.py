"""A weight for each word or column; their sum says how likely a class is."""

from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import Field

from sre_anomaly.classifier._linear import Imbalance, Linear, class_weights, softmax
from sre_anomaly.frame import Array
from sre_anomaly.registry import register


@register("classifier", "logistic")
@dataclass
class Logistic(Linear):
    """Multinomial logistic regression with an L2 penalty (Cox, 1958)."""

    C: Annotated[float, Field(gt=0)] = 3.0
    imbalance: Imbalance = "full"
    max_iter: Annotated[int, Field(ge=1)] = 2000
    export_name = "logistic"

    def fit(self, X: Any, y: Any, weight: Array | None = None) -> Self:
        """Minimise the weighted log loss."""
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(C=self.C, max_iter=self.max_iter)
        model.fit(X, y, sample_weight=class_weights(y, weight, self.imbalance))
        self.take(model.classes_, model.coef_, model.intercept_)
        return self

    def proba(self, X: Any) -> Array:
        """Return (n, k) probabilities."""
        return softmax(self.margins(X))
