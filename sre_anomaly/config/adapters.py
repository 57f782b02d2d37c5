"""Classes of other libraries, named in YAML by their path, as detectors that keep our promise.

Classifiers and regressors are adapted in `sre_anomaly.config.learner_adapters`. The adapter of a detector is chosen by what the class has, in a fixed order: our own contract; ``learn_one`` and
``score_one`` (River); ``score_samples`` (scikit-learn, higher = more normal, so negated);
``decision_function`` and ``decision_scores_`` (PyOD, higher = stranger).
"""

import inspect
import warnings
from importlib import import_module
from typing import Any, Self

import numpy as np

from sre_anomaly.config.learner_adapters import LEARNERS, learner_adapter
from sre_anomaly.contracts import Detector
from sre_anomaly.errors import ConfigError, did_you_mean
from sre_anomaly.frame import Array

REFERENCE_ROWS = 1000

EXTRAS = {"pyod": "pyod", "river": "river"}
"""Libraries that one of our extras installs."""


def foreign_class(path: str, key: str) -> type:
    """Import the class that a dotted name stands for.

    Raises
    ------
    ConfigError
        If the library is not installed (says how to), or has no such class.
    """
    module_name, _, class_name = path.rpartition(".")
    library = path.split(".", maxsplit=1)[0]
    try:
        with warnings.catch_warnings():
            # What another library deprecates at import is not this user's concern.
            warnings.simplefilter("ignore")
            module = import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and module_name.startswith(error.name):
            if error.name == library:
                extra = EXTRAS.get(library)
                how = f"pip install 'sre-anomaly[{extra}]'" if extra else f"pip install {library}"
                raise ConfigError(
                    f"{key}.name: {path} needs {library}, which is not installed: {how}"
                ) from None
            raise ConfigError(f"{key}.name: {library} has no module {module_name}") from None
        raise
    cls = getattr(module, class_name, None)
    if not inspect.isclass(cls):
        classes = [name for name, value in vars(module).items() if inspect.isclass(value)]
        raise ConfigError(
            f"{key}.name: {module_name} has no class {class_name!r}; {did_you_mean(class_name, classes)}"
        )
    return cls


def adapt(kind: str, cls: type, arguments: dict[str, Any], *, seed: int, key: str) -> Any:
    """Return a detector, classifier or regressor around a class of another library.

    The run's seed is passed on where the constructor takes ``random_state`` or ``seed`` and YAML says nothing.

    Raises
    ------
    ConfigError
        If the class keeps no promise that an adapter knows, or refuses its arguments.
    """
    if kind not in {"detector", *LEARNERS}:
        raise ConfigError(
            f"{key}.name: only a detector, a classifier or a regressor can be a class path; {key} takes the name of a "
            "registered plugin"
        )
    adapter = learner_adapter(kind, cls, key) if kind in LEARNERS else _adapter_for(cls)
    if adapter is None:
        raise ConfigError(
            f"{key}.name: {cls.__module__}.{cls.__qualname__} is no detector: looked for our own contract, for "
            "learn_one and score_one (River), for score_samples (scikit-learn) and for decision_function with "
            "decision_scores_ (PyOD)"
        )
    known = inspect.signature(cls).parameters
    if not any(p.kind is inspect.Parameter.VAR_KEYWORD for p in known.values()):
        unknown = [name for name in arguments if name not in known]
        if unknown:
            raise ConfigError("\n".join(f"{key}.{n}: no such key; {did_you_mean(n, known)}" for n in unknown))
    for name in ("random_state", "seed"):
        if name in known and arguments.get(name) is None:
            arguments[name] = seed
    try:
        example = cls(**arguments)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{key}: {cls.__qualname__} refuses its arguments: {error}") from None
    if adapter is ScikitLearn and not hasattr(example, "score_samples"):
        hint = f"; set {key}.novelty=true" if "novelty" in known else ""
        raise ConfigError(
            f"{key}: {cls.__qualname__} cannot score new data points with these arguments{hint}"
        )
    return adapter(cls, arguments)


class _Foreign(Detector):
    """A detector of another library, built afresh at each fit."""

    model_: Any

    def __init__(self, cls: type, arguments: dict[str, Any]) -> None:
        self.cls = cls
        self.arguments = arguments
        self.export_name = cls.__name__.lower()

    def native(self) -> Any:
        return self.model_


class ScikitLearn(_Foreign):
    """An outlier detector of scikit-learn: ``score_samples`` is higher for normal rows, so it is negated."""

    def fit(self, X: Array, y: Array | None = None, validation: tuple[Array, Array] | None = None) -> Self:
        """Fit a new model on complete rows."""
        del y, validation
        self.model_ = self.cls(**self.arguments).fit(X)
        return self

    def score(self, X: Array) -> Array:
        """Return the negated ``score_samples``."""
        return -np.asarray(self.model_.score_samples(X), dtype=np.float64)


class PyOD(_Foreign):
    """A detector of PyOD: ``decision_function`` is higher for strange rows, as ours.

    Some of them (ECOD, COPOD) rank the rows they are given among one another, so a row's score would depend
    on rows that come after it. That is tried out at each fit. Such a model is then taught at most
    `REFERENCE_ROWS` evenly spaced training rows and answers one row at a time.
    """

    alone_: bool

    def fit(self, X: Array, y: Array | None = None, validation: tuple[Array, Array] | None = None) -> Self:
        """Fit a new model on complete rows."""
        del y, validation
        self._teach(X)
        probe = X[np.unique(np.linspace(0, len(X) - 1, 16).astype(int))]
        self.alone_ = not np.allclose(self._ask(probe), self._one_by_one(probe), rtol=1e-9, atol=1e-12)
        if self.alone_:
            self._teach(X[np.unique(np.linspace(0, len(X) - 1, REFERENCE_ROWS).astype(int))])
            self.note = (
                f"{self.cls.__name__} ranks rows among those scored with it; to keep later rows out of a score it "
                f"was fitted on at most {REFERENCE_ROWS} training rows and scored one row at a time"
            )
        return self

    def score(self, X: Array) -> Array:
        """Return ``decision_function`` of each row by itself."""
        return self._one_by_one(X) if self.alone_ else self._ask(X)

    def _teach(self, X: Array) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.model_ = self.cls(**self.arguments)
            self.model_.fit(X)

    def _ask(self, X: Array) -> Array:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.asarray(self.model_.decision_function(X), dtype=np.float64)

    def _one_by_one(self, X: Array) -> Array:
        return np.array([self._ask(row[np.newaxis])[0] for row in X], dtype=np.float64)


class River(_Foreign):
    """An online detector of River, taught the training rows in order.

    River's anomaly models expect small bounded numbers, so each column is mapped to [0, 1] by its range in
    the training rows. Scoring never teaches: the model answers as it stood after the last training row.
    """

    low_: Array
    span_: Array

    def fit(self, X: Array, y: Array | None = None, validation: tuple[Array, Array] | None = None) -> Self:
        """Teach a new model the training rows, oldest first."""
        del y, validation
        self.low_ = X.min(axis=0)
        spread = X.max(axis=0) - self.low_
        self.span_ = np.where(spread > 0, spread, 1.0)
        self.model_ = self.cls(**self.arguments)
        for row in self._rows(X):
            self.model_.learn_one(row)
        return self

    def score(self, X: Array) -> Array:
        """Return ``score_one`` of each row."""
        return np.array([float(self.model_.score_one(row)) for row in self._rows(X)], dtype=np.float64)

    def _rows(self, X: Array) -> list[dict[int, float]]:
        return [dict(enumerate(row)) for row in ((X - self.low_) / self.span_).tolist()]


def _adapter_for(cls: type) -> Any:
    if issubclass(cls, Detector):
        return lambda own, arguments: own(**arguments)
    if hasattr(cls, "learn_one") and hasattr(cls, "score_one"):
        return River
    if hasattr(cls, "score_samples"):
        return ScikitLearn
    if hasattr(cls, "decision_function") and any("pyod" in base.__module__ for base in cls.__mro__):
        return PyOD
    return None
