"""How many standard deviations the strangest column is from its usual value."""

import math
from dataclasses import dataclass, field
from typing import Literal, Self

import numpy as np

from sre_anomaly.contracts import Detector
from sre_anomaly.frame import Array
from sre_anomaly.kernels.compiled import compiled
from sre_anomaly.kernels.seasonal import MAD_TO_STD
from sre_anomaly.registry import register


@register("detector", "zscore")
@dataclass
class ZScore(Detector):
    """Score = max over columns of |value - centre| / spread, learned from the training rows.

    ``median`` uses the median and the median absolute deviation, which a few anomalies in the training rows
    do not move; ``mean`` the mean and standard deviation; ``none`` takes the columns as standard deviations
    already. ``auto`` is ``none`` behind features that are counted in standard deviations, else ``median``.
    """

    centre: Literal["auto", "median", "mean", "none"] = "auto"

    unit = "sigma"
    handles_missing = True
    export_name = "zscore"
    dimensions = (("centre_", 1), ("spread_", 1))

    centre_: Array = field(init=False, repr=False)
    spread_: Array = field(init=False, repr=False)

    def fit(self, X: Array, y: Array | None = None, validation: tuple[Array, Array] | None = None) -> Self:
        """Learn centre and spread of each column; gaps are left out."""
        del y, validation
        columns = [column[np.isfinite(column)] for column in X.T]
        learned = [self._learn(column) if len(column) else (0.0, 1.0) for column in columns]
        self.centre_ = np.array([centre for centre, _ in learned])
        # A column that never moved has no spread: any move at all is then far beyond every level.
        floor = 1e-9 * np.maximum(1.0, np.abs(self.centre_))
        self.spread_ = np.maximum([spread for _, spread in learned], floor)
        return self

    def _learn(self, column: Array) -> tuple[float, float]:
        if self.centre == "none" or (self.centre == "auto" and self.columns_in_sigmas):
            return 0.0, 1.0
        if self.centre == "mean":
            return float(column.mean()), float(column.std())
        centre = float(np.median(column))
        spread = MAD_TO_STD * float(np.median(np.abs(column - centre)))
        # More than half of the values equal: the median deviation is 0 and says nothing.
        return centre, spread or float(column.std())

    def score(self, X: Array) -> Array:
        """Return the largest |z| of each row, in standard deviations; NaN where every column is."""
        return np.asarray(_furthest.for_rows(len(X))(X, self.centre_, self.spread_))

    def contributions(self, X: Array) -> Array:
        """Return |z| of each column, (n, d)."""
        return np.asarray(np.abs((X - self.centre_) / self.spread_))


@compiled
def _furthest(X: Array, centre: Array, spread: Array) -> Array:
    out = np.full(len(X), np.nan)
    for row in range(len(X)):
        for column in range(X.shape[1]):
            distance = abs((X[row, column] - centre[column]) / spread[column])
            # Not greater, so that NaN gives way to any number.
            if not math.isnan(distance) and not out[row] >= distance:
                out[row] = distance
    return out
