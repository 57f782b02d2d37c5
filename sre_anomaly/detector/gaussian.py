"""How improbable a row is under one Gaussian fitted to the training rows."""

import math
from dataclasses import dataclass, field
from typing import Literal, Self

import numpy as np

from sre_anomaly.contracts import Detector
from sre_anomaly.errors import DataError
from sre_anomaly.frame import Array
from sre_anomaly.kernels.compiled import compiled
from sre_anomaly.registry import register

FEWEST_ROWS = 2
"""So many rows for each column: with as many columns as rows a full covariance finds every row alike."""
NOTHING = np.empty((0, 0))
"""In place of the axes where the columns are taken as independent."""


@register("detector", "gaussian")
@dataclass
class Gaussian(Detector):
    """Score = -log p(row), where p is a Gaussian with the training rows' mean and (co)variance (ddof 0).

    Everything is done in logarithms: the density of 38 metrics underflows. ``diagonal`` takes the metrics as
    independent; ``full`` knows which move together.
    """

    covariance: Literal["diagonal", "full"] = "diagonal"

    unit = "log_density"
    export_name = "gaussian"
    dimensions = (("mean_", 1), ("scale_", 1), ("whiten_", 2))

    mean_: Array = field(init=False, repr=False)
    scale_: Array = field(init=False, repr=False)
    whiten_: Array = field(init=False, repr=False)
    """(d, d): scaled columns times this have unit covariance."""
    constant_: float = field(init=False, repr=False)

    def fit(self, X: Array, y: Array | None = None, validation: tuple[Array, Array] | None = None) -> Self:
        """Learn mean and covariance of complete rows."""
        del y, validation
        self.mean_ = X.mean(axis=0)
        # A column that never moved would have a density without bound.
        floor = 1e-12 * np.maximum(1.0, self.mean_**2)
        self.scale_ = np.sqrt(np.maximum(X.var(axis=0), floor))
        variance, axes = np.ones(X.shape[1]), np.eye(X.shape[1])
        if self.covariance == "full":
            if len(X) < FEWEST_ROWS * X.shape[1]:
                raise DataError(
                    f"detector.covariance=full: {len(X):,} complete training rows are too few to learn how {X.shape[1]:,} "
                    f"columns go together, which takes {FEWEST_ROWS * X.shape[1]:,}; use detector.covariance=diagonal"
                )
            scaled = (X - self.mean_) / self.scale_
            variance, axes = np.linalg.eigh(scaled.T @ scaled / len(X))
            variance = np.maximum(variance, 1e-9)
        self.whiten_ = axes / np.sqrt(variance)
        self.constant_ = 0.5 * float(np.log(2 * math.pi * variance).sum()) + float(np.log(self.scale_).sum())
        return self

    def score(self, X: Array) -> Array:
        """Return (n,) negative log densities, in nats."""
        whiten = self.whiten_ if self.covariance == "full" else NOTHING
        energy = _half_square_distance.for_rows(len(X))
        return np.asarray(self.constant_ + energy(X, self.mean_, self.scale_, whiten))

    def contributions(self, X: Array) -> Array:
        """Return each column's exact share of half the squared Mahalanobis distance, (n, d)."""
        scaled = (X - self.mean_) / self.scale_
        return np.asarray(0.5 * scaled * (scaled @ self.whiten_ @ self.whiten_.T))


@compiled
def _half_square_distance(X: Array, mean: Array, scale: Array, whiten: Array) -> Array:
    """Add up one row at a time in one order: a row alone gives the bits that it gives among many."""
    width = X.shape[1]
    out = np.zeros(len(X))
    scaled = np.empty(width)
    for row in range(len(X)):
        for column in range(width):
            scaled[column] = (X[row, column] - mean[column]) / scale[column]
        if len(whiten) == 0:
            for column in range(width):
                out[row] += 0.5 * scaled[column] ** 2
        else:
            for axis in range(width):
                along = 0.0
                for column in range(width):
                    along += scaled[column] * whiten[column, axis]
                out[row] += 0.5 * along**2
    return out
