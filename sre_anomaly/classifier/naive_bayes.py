"""How often each class has each word or value; the rest is counting."""

from dataclasses import dataclass, field
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field

from sre_anomaly.classifier._linear import Imbalance, Linear, class_weights, softmax
from sre_anomaly.frame import Array, Mask
from sre_anomaly.registry import register

NARROWEST = 1e-9
"""Share of a column's variance that is added to each class's, for a class in which it never varies."""


@register("classifier", "naive_bayes")
@dataclass
class NaiveBayes(Linear):
    """Naive Bayes: multinomial in columns of counts and weights, Gaussian in those with negative numbers.

    Columns are taken as independent (Maron, 1961), so the two kinds simply add up. ``alpha`` is added to each
    count, so that a word a class never had makes it unlikely, not impossible.
    """

    alpha: Annotated[float, Field(gt=0)] = 1.0
    imbalance: Imbalance = "none"
    export_name = "naive_bayes"
    kept = ("coefficients_", "intercepts_", "signed_", "means_", "variances_")

    signed_: Mask = field(init=False, repr=False)
    """(d,) columns with a negative number in the training rows."""
    means_: Array = field(init=False, repr=False)
    variances_: Array = field(init=False, repr=False)

    def fit(self, X: Any, y: Any, weight: Array | None = None) -> Self:
        """Count."""
        from scipy import sparse

        X = sparse.csr_matrix(X)
        y = np.asarray(y, dtype=str)
        weights = class_weights(y, weight, self.imbalance)
        classes, number = np.unique(y, return_inverse=True)
        member = sparse.csr_matrix((weights, (number, np.arange(len(y)))), shape=(len(classes), len(y)))
        total = np.asarray(member.sum(axis=1)).ravel()
        self.signed_ = np.asarray(X.min(axis=0).todense()).ravel() < 0
        counts = np.asarray((member @ X).todense())
        counts[:, self.signed_] = 0.0
        smoothed = counts + self.alpha * ~self.signed_
        logs = np.log(np.where(smoothed > 0, smoothed, 1.0))
        every = np.log(np.maximum(smoothed.sum(axis=1, keepdims=True), NARROWEST))
        self.take(classes.tolist(), np.where(self.signed_, 0.0, logs - every), np.log(total / total.sum()))
        signed = X[:, self.signed_].toarray()
        self.means_ = (member @ signed) / total[:, np.newaxis]
        spread = (member @ signed**2) / total[:, np.newaxis] - self.means_**2
        self.variances_ = np.maximum(spread, 0) + NARROWEST * np.maximum(signed.var(axis=0), 1.0)
        return self

    def proba(self, X: Any) -> Array:
        """Return (n, k) probabilities."""
        margins = self.margins(X)
        if self.signed_.any():
            signed = X[:, self.signed_]
            signed = signed.toarray() if hasattr(signed, "toarray") else signed
            for number, (mean, variance) in enumerate(zip(self.means_, self.variances_, strict=True)):
                margins[:, number] -= 0.5 * (np.log(variance) + (signed - mean) ** 2 / variance).sum(axis=1)
        return softmax(margins)
