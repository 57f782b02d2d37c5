"""The widest margin between the classes, with probabilities learned on rows left out."""

from dataclasses import dataclass, field
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field

from sre_anomaly.classifier._linear import Imbalance, Linear, class_weights, softmax
from sre_anomaly.frame import Array
from sre_anomaly.registry import register

FOLDS = 3


@register("classifier", "linear_svm")
@dataclass
class LinearSVM(Linear):
    """A linear support vector machine, one class against the rest (Cortes and Vapnik, 1995).

    Its margins become probabilities by one logistic curve for each class (Platt, 1999), fitted on rows that the
    machine had not seen, a third at a time; then they are scaled to add up to 1.
    """

    C: Annotated[float, Field(gt=0)] = 1.0
    imbalance: Imbalance = "full"
    seed: int = 0
    export_name = "linear_svm"
    kept = ("coefficients_", "intercepts_", "slopes_", "offsets_")

    slopes_: Array = field(init=False, repr=False)
    offsets_: Array = field(init=False, repr=False)

    def fit(self, X: Any, y: Any, weight: Array | None = None) -> Self:
        """Fit margins on all rows, and curves on the margins of rows left out."""
        y = np.asarray(y, dtype=str)
        weights = class_weights(y, weight, self.imbalance)
        # Dealt out class by class, so that each third has its share of the rare ones.
        order = np.argsort(np.random.default_rng(self.seed).random(len(y)), kind="stable")
        order = order[np.argsort(y[order], kind="stable")]
        third = np.empty(len(y), dtype=np.int64)
        third[order] = np.arange(len(y)) % FOLDS
        classes = np.unique(y)
        margins = np.full((len(y), len(classes)), np.nan)
        for number in range(FOLDS):
            held = third == number
            if held.any() and len(np.unique(y[~held])) == len(classes):
                self._machine(X[~held], y[~held], weights[~held])
                margins[held] = self.margins(X[held])
        self._machine(X, y, weights)
        self._curves(margins, y == classes[:, np.newaxis], None if weight is None else np.asarray(weight))
        return self

    def _machine(self, X: Any, y: Any, weights: Array) -> None:
        from sklearn.svm import LinearSVC

        model = LinearSVC(C=self.C, random_state=self.seed, max_iter=20_000).fit(X, y, sample_weight=weights)
        self.take(model.classes_, model.coef_, model.intercept_)
        if len(self.classes_) == 2:
            self.coefficients_[0], self.intercepts_[0] = -self.coefficients_[1], -self.intercepts_[1]

    def _curves(self, margins: Array, truth: Any, weight: Array | None) -> None:
        from sklearn.linear_model import LogisticRegression

        self.slopes_, self.offsets_ = np.ones(len(truth)), np.zeros(len(truth))
        for number, is_class in enumerate(truth):
            seen = np.isfinite(margins[:, number])
            if 0 < is_class[seen].sum() < seen.sum():
                curve = LogisticRegression(C=1e3)
                curve.fit(
                    margins[seen, number : number + 1],
                    is_class[seen],
                    None if weight is None else weight[seen],
                )
                self.slopes_[number] = max(float(curve.coef_[0, 0]), 1e-3)
                self.offsets_[number] = float(curve.intercept_[0])

    def proba(self, X: Any) -> Array:
        """Return (n, k) probabilities."""
        curves = self.slopes_ * self.margins(X) + self.offsets_
        # Logarithms of shares: far from every class, the shares themselves would all be 0.
        return softmax(-np.logaddexp(0.0, -curves))
