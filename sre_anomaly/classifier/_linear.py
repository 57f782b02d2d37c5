"""What the linear classifiers share: a weight for each class and column, and classes that weigh alike."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np

from sre_anomaly.frame import Array
from sre_anomaly.table_contracts import Classifier

Imbalance = Literal["none", "sqrt", "full"]
POWER: dict[Imbalance, float] = {"none": 0.0, "sqrt": 0.5, "full": 1.0}


def class_weights(y: Sequence[str], weight: Array | None, imbalance: Imbalance) -> Array:
    """Return (n,) weights of the rows; with ``full`` each class weighs the same in all, with ``none`` each row.

    Examples
    --------
    >>> class_weights(["a", "a", "a", "b"], None, "full").round(2).tolist()
    [0.67, 0.67, 0.67, 2.0]
    """
    classes, number = np.unique(np.asarray(y, dtype=str), return_inverse=True)
    rows = np.ones(len(number)) if weight is None else np.asarray(weight, dtype=np.float64)
    share = np.bincount(number, weights=rows) * len(classes) / rows.sum()
    return np.asarray(rows * share[number] ** -POWER[imbalance])


def softmax(margins: Array) -> Array:
    """Return (n, k) probabilities of (n, k) margins."""
    powers = np.exp(margins - margins.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


class Linear(Classifier):
    """k weights for each column."""

    kept: ClassVar[tuple[str, ...]] = ("coefficients_", "intercepts_")
    coefficients_: Array
    """(k, d)."""
    intercepts_: Array
    """(k,)."""

    def take(self, classes: Sequence[Any], coefficients: Array, intercepts: Array) -> None:
        """Keep what scikit-learn learned; of two classes it has one row, that of the second."""
        self.classes_ = [str(name) for name in classes]
        if len(coefficients) == 1:
            coefficients = np.vstack([np.zeros_like(coefficients), coefficients])
            intercepts = np.concatenate([[0.0], intercepts])
        self.coefficients_, self.intercepts_ = np.asarray(coefficients), np.asarray(intercepts)

    def margins(self, X: Any) -> Array:
        """Return (n, k) weighted sums."""
        return np.asarray(X @ self.coefficients_.T + self.intercepts_)

    def learned(self) -> dict[str, Any]:
        """Return the classes as texts and the weights as arrays."""
        return {"classes_": self.classes_, **{name: getattr(self, name) for name in self.kept}}

    def restore(self, learned: Mapping[str, Any]) -> Self:
        """Put them back."""
        self.classes_ = list(learned["classes_"])
        for name in self.kept:
            setattr(self, name, learned[name])
        return self
