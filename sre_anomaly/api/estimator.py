"""A detector as scikit-learn has them, for pipelines and grids of theirs."""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from sre_anomaly.config.build import build
from sre_anomaly.config.compose import composed
from sre_anomaly.errors import ConfigError
from sre_anomaly.frame import Array


class AnomalyDetector(OutlierMixin, BaseEstimator):  # type: ignore[misc]
    """Scores rows by one of our detectors; rows are samples, without a clock.

    Parameters
    ----------
    detector : str
        An option of ``detector`` that learns without labels, such as ``iforest``, ``gaussian`` or ``kmeans``.
    contamination : float
        The share of the training rows above the threshold, 0 to 0.5.
    seed : int
        Same seed, same scores.

    Notes
    -----
    As in scikit-learn `score_samples` is lower the stranger a row is, `decision_function` is below 0 for an anomaly, and
    `predict` gives -1 for it: the opposite sign of our scores.
    """

    def __init__(self, detector: str = "iforest", contamination: float = 0.05, seed: int = 42) -> None:
        self.detector = detector
        self.contamination = contamination
        self.seed = seed

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn from (n, d) rows; ``y`` is ignored."""
        del y
        X = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
        if not 0 < self.contamination <= 0.5:
            raise ConfigError(f"contamination={self.contamination}: has to be above 0 and at most 0.5")
        node = composed([f"detector={self.detector}", "experiment=csv", "data.path=none"])["detector"]
        self.detector_ = build("detector", node, seed=self.seed)
        if self.detector_.needs_labels or self.detector_.prequential:
            raise ConfigError(
                f"detector={self.detector}: needs labels or a clock; choose iforest, gaussian, kmeans or zscore"
            )
        self.detector_.fit(X)
        self.offset_ = -float(np.quantile(self.detector_.score(X), 1 - self.contamination))
        return self

    def score_samples(self, X: Any) -> Array:
        """Return (n,) scores, lower is stranger."""
        check_is_fitted(self)
        return -np.asarray(self.detector_.score(validate_data(self, X, dtype=np.float64, reset=False)))

    def decision_function(self, X: Any) -> Array:
        """Return (n,) distances from the threshold; below 0 is an anomaly."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: Any) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Return (n,) 1 for a usual row, -1 for an anomaly."""
        return np.where(self.decision_function(X) < 0, -1, 1)
