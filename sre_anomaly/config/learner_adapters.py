"""Classifiers and regressors of other libraries, scikit-learn's above all, that keep our promise."""

import inspect
import warnings
from typing import Any, Self

import numpy as np

from sre_anomaly.errors import ConfigError, DataError
from sre_anomaly.frame import Array
from sre_anomaly.table_contracts import Classifier, Regressor

LEARNERS = {"classifier": Classifier, "regressor": Regressor}
MOST_CELLS = 50_000_000
"""A sparse table with more cells than this is not written out in full for a class that wants that."""


class _Foreign:
    """A model of another library, built afresh at each fit."""

    def __init__(self, cls: type, arguments: dict[str, Any]) -> None:
        self.cls = cls
        self.arguments = arguments
        self.export_name = cls.__name__.lower()
        self.model_: Any = None

    def _fit(self, X: Any, y: Any, weight: Array | None) -> None:
        takes_weight = "sample_weight" in inspect.signature(self.cls.fit).parameters  # type: ignore[attr-defined]
        extra = {"sample_weight": weight} if weight is not None and takes_weight else {}
        with warnings.catch_warnings():
            # What another library has to say about its own numbers is not this user's concern.
            warnings.simplefilter("ignore")
            self.model_ = self.cls(**self.arguments)
            try:
                self.model_.fit(self._readable(X), y, **extra)
            except (TypeError, ValueError) as error:
                reason = " ".join(str(error).split())
                raise DataError(
                    f"{self.cls.__qualname__} cannot be trained on this table: {reason}"
                ) from None

    def _readable(self, X: Any) -> Any:
        """Return rows as the model can read them: written out in full where it takes no sparse ones."""
        if not hasattr(X, "toarray"):
            return X
        tags = getattr(self.model_, "__sklearn_tags__", None)
        if tags is not None and tags().input_tags.sparse:
            return X
        if X.shape[0] * X.shape[1] > MOST_CELLS:
            raise DataError(
                f"{self.cls.__qualname__} takes no sparse rows, and {X.shape[0]} rows of {X.shape[1]} columns are too many "
                "to write out: use text=hashing with fewer text.bits, or another class"
            )
        return X.toarray()

    def native(self) -> Any:
        return self.model_


class ForeignClassifier(_Foreign, Classifier):
    """A class with ``fit`` and ``predict_proba``."""

    def fit(self, X: Any, y: Any, weight: Array | None = None) -> Self:
        """Fit a new model."""
        self._fit(X, np.asarray(y, dtype=str), weight)
        self.classes_ = [str(name) for name in self.model_.classes_]
        return self

    def proba(self, X: Any) -> Array:
        """Return ``predict_proba``."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.asarray(self.model_.predict_proba(self._readable(X)), dtype=np.float64)


class ForeignRegressor(_Foreign, Regressor):
    """A class with ``fit`` and ``predict``."""

    def fit(self, X: Any, y: Array) -> Self:
        """Fit a new model."""
        self._fit(X, y, None)
        return self

    def predict(self, X: Any) -> Array:
        """Return its own prediction."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.asarray(self.model_.predict(self._readable(X)), dtype=np.float64).reshape(len_of(X))


def len_of(X: Any) -> int:
    """Return the number of rows, sparse or not."""
    return int(X.shape[0])


def learner_adapter(kind: str, cls: type, key: str) -> Any:
    """Return what builds a classifier or regressor around a class.

    Raises
    ------
    ConfigError
        If the class is neither.
    """
    if issubclass(cls, LEARNERS[kind]):
        return lambda own, arguments: own(**arguments)
    # Clusterings have fit and predict as well, and know no answer to learn.
    nominal = getattr(cls, "_estimator_type", None) or _nominal(cls)
    wanted = "predict_proba" if kind == "classifier" else "predict"
    if not hasattr(cls, "fit") or not hasattr(cls, wanted) or nominal not in {kind, None}:
        better = (
            "; use classifier=linear_svm"
            if kind == "classifier" and hasattr(cls, "decision_function")
            else ""
        )
        raise ConfigError(
            f"{key}.name: {cls.__module__}.{cls.__qualname__} is no {kind}: looked for our own contract, and for fit and "
            f"{wanted} of a {kind} as scikit-learn has them{better}"
        )
    return ForeignClassifier if kind == "classifier" else ForeignRegressor


def _nominal(cls: type) -> str | None:
    bases = {base.__name__ for base in cls.__mro__}
    names = (
        ("ClassifierMixin", "classifier"),
        ("RegressorMixin", "regressor"),
        ("ClusterMixin", "clusterer"),
    )
    return next((kind for mixin, kind in names if mixin in bases), None)
