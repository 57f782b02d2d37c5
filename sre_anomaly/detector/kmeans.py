"""How far a row is from the nearest of some typical rows."""

import math
import warnings
from dataclasses import dataclass, field
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field

from sre_anomaly.contracts import Detector
from sre_anomaly.frame import Array
from sre_anomaly.kernels.compiled import compiled
from sre_anomaly.registry import register

MOST_ROWS = 20_000
"""Training rows that the typical rows are sought among, evenly spaced: more change nothing but the time."""
STARTS = 3


@register("detector", "kmeans")
@dataclass
class KMeans(Detector):
    """Score = distance to the nearest of ``clusters`` typical rows, in standard deviations of the training rows.

    The typical rows are the centres of k-means (Lloyd, 1982). All metrics are looked at together, so metrics that
    leave each other are found although each is where it often is.

    A metric that hardly moved in the training rows would count without bound once it does. So no standard deviation
    is taken as less than ``floor`` of the median one, and no metric is counted as further than ``farthest`` from its
    mean. In a row with gaps the metrics that are there count, as if the others were as far.

    Examples
    --------
    >>> rows = np.random.default_rng(0).normal(size=(500, 2))
    >>> KMeans(clusters=3).fit(rows).score(np.array([[0.0, 0.0], [9.0, np.nan]])).round(0)
    array([ 1., 12.])
    """

    clusters: Annotated[int, Field(ge=1)] = 30
    floor: Annotated[float, Field(ge=0, le=1)] = 0.01
    farthest: Annotated[float, Field(gt=0)] = 50.0
    seed: int = 0

    handles_missing = True
    export_name = "kmeans"
    dimensions = (("mean_", 1), ("spread_", 1), ("centres_", 2))

    mean_: Array = field(init=False, repr=False)
    spread_: Array = field(init=False, repr=False)
    centres_: Array = field(init=False, repr=False)
    """(clusters, d), in standard deviations."""

    def fit(self, X: Array, y: Array | None = None, validation: tuple[Array, Array] | None = None) -> Self:
        """Learn the typical rows from the complete training rows, or, if none is complete, with gaps at the mean."""
        from sklearn.cluster import KMeans as Lloyd
        from sklearn.exceptions import ConvergenceWarning

        del y, validation
        with warnings.catch_warnings():
            # A column without any value has no mean.
            warnings.simplefilter("ignore", RuntimeWarning)
            self.mean_ = np.nan_to_num(np.nanmean(X, axis=0))
            spread = np.nan_to_num(np.nanstd(X, axis=0))
        moving = spread[spread > 0]
        least = self.floor * float(np.median(moving)) if len(moving) else 1.0
        # Rounding alone gives a column that never moved some spread.
        self.spread_ = np.maximum(np.maximum(spread, least), 1e-9 * np.maximum(1.0, np.abs(self.mean_)))
        complete = X[np.isfinite(X).all(axis=1)]
        rows = self._in_sigmas(complete if len(complete) else np.where(np.isfinite(X), X, self.mean_))
        rows = rows[:: max(1, -(-len(rows) // MOST_ROWS))]
        seeds = min(self.clusters, len(rows))
        with warnings.catch_warnings():
            # Fewer different rows than clusters: some centres are alike, and no harm is done.
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.centres_ = Lloyd(seeds, n_init=STARTS, random_state=self.seed).fit(rows).cluster_centers_
        return self

    def score(self, X: Array) -> Array:
        """Return (n,) distances to the nearest typical row."""
        return self._nearest(X)[0]

    def contributions(self, X: Array) -> Array:
        """Return each column's share of the squared distance, (n, d); NaN where nothing was measured."""
        return (self._in_sigmas(X) - self.centres_[self._nearest(X)[1]]) ** 2

    def native(self) -> Any:
        """Return mean, spread and centres."""
        return self.learned()

    def _nearest(self, X: Array) -> tuple[Array, Any]:
        run = _nearest_centre.for_rows(len(X))
        distance, which = run(np.ascontiguousarray(self._in_sigmas(X)), np.ascontiguousarray(self.centres_))
        return np.asarray(distance), which

    def _in_sigmas(self, X: Array) -> Array:
        return np.clip((X - self.mean_) / self.spread_, -self.farthest, self.farthest)


@compiled
def _nearest_centre(rows: Array, centres: Array) -> tuple[Array, Any]:
    """Add up one row at a time in one order: a row alone gives the bits that it gives among many."""
    width = rows.shape[1]
    out = np.full(len(rows), np.nan)
    which = np.zeros(len(rows), dtype=np.int64)
    for row in range(len(rows)):
        present = 0
        for column in range(width):
            if not math.isnan(rows[row, column]):
                present += 1
        if present == 0:
            continue
        best = np.inf
        for centre in range(len(centres)):
            distance = 0.0
            for column in range(width):
                gap = rows[row, column] - centres[centre, column]
                if not math.isnan(gap):
                    distance += gap * gap
                if distance >= best:
                    break
            if distance < best:
                best = distance
                which[row] = centre
        out[row] = math.sqrt(best * width / present)
    return out, which
