"""How far from a forecast the value may be: from the errors that were known when it was made, for each distance ahead by itself.

Split conformal prediction (Vovk and others, 2005) on errors of which later ones count more, each side by itself, with the
share left outside adapted to what was left outside so far (Gibbs and Candès, 2021). Nothing is supposed of their shape.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from sre_anomaly.frame import Array
from sre_anomaly.kernels.forecast.buckets import Rows, bucket_of, buckets, some_steps

HALF_LIFE_DAYS = 7.0
"""After which an error counts half."""
ADAPT = 0.05
"""How fast the share outside follows."""
MANY = 8
LEAST, MOST = 0.02, 4.0
"""The share outside never gets below and above so many times what was asked."""
FEW = 1.5
"""Errors of one stretch of time are alike: with n stretches as long as the horizon, 1 + this / n times fewer are left outside."""
KEPT = 2000
STEPS = 24
AGAIN = 0.02
"""The quantiles are drawn again when so large a share of new errors is known."""


@dataclass(frozen=True)
class Errors:
    """What came less what was forecast, from each origin; an error is known from the row after its target on."""

    origins: Rows
    """(k,), ascending."""
    of: Array
    """(k, h), NaN where nothing was measured, or is not to be known."""


def margins(
    before: Errors, now: Errors, step: timedelta, coverage: float, quantiles: Array
) -> tuple[Array, Array]:
    """Return what to add to each forecast of ``now``: (k, h, 2) for its interval, (k, h, q) for quantiles.

    ``before`` are errors of earlier origins to begin with. NaN where no error at all is known. The answer for an origin
    never uses an error that was not known at it.

    Examples
    --------
    >>> past = Errors(np.arange(10, 50), np.tile([[-1.0], [1.0]], (20, 1)))
    >>> bounds, _ = margins(past, Errors(np.array([60]), np.zeros((1, 1))), timedelta(hours=1), 0.8, np.array([0.5]))
    >>> bounds.tolist()
    [[[-1.0, 1.0]]]
    """
    horizon = now.of.shape[1]
    edges = buckets(step, horizon)
    place = bucket_of(edges, horizon)
    bounds = np.empty((len(now.origins), len(edges), 2))
    told = np.empty((len(now.origins), len(edges), len(quantiles)))
    day = timedelta(days=1) / step
    for bucket in range(len(edges)):
        one = _Bucket(some_steps(edges, bucket, STEPS), day, coverage, quantiles)
        one.run(before, now, bounds[:, bucket], told[:, bucket])
    return bounds[:, place], told[:, place]


class _Bucket:
    """The errors of one stretch of steps ahead, and the share that is left outside on each side."""

    def __init__(self, steps: Rows, day: float, coverage: float, quantiles: Array) -> None:
        self.steps, self.day, self.quantiles = steps, day, quantiles
        self.asked = (1 - coverage) / 2
        self.outside = np.full(2, self.asked)
        self.errors, self.rows = np.empty(0), np.empty(0)
        self.fresh = 0
        self.missed: list[tuple[float, float]] = []

    def run(self, before: Errors, now: Errors, bounds: Array, told: Array) -> None:
        """Write the answer for each origin (k, 2) and (k, q)."""
        self._keep(before.of[:, self.steps - 1], before.origins)
        known = 0
        answer: tuple[Array, Array] | None = None
        for number, origin in enumerate(now.origins):
            while known < number and now.origins[known] + self.steps[-1] <= origin:
                errors = now.of[known, self.steps - 1]
                self._compare(errors, bounds[known])
                self._keep(errors[np.newaxis], now.origins[[known]])
                known += 1
            if answer is None or self.fresh > AGAIN * len(self.errors):
                self._adapt()
                answer, self.fresh = self._answer(float(origin)), 0
            bounds[number], told[number] = answer

    def _compare(self, errors: Array, bounds: Array) -> None:
        errors = errors[np.isfinite(errors)]
        if len(errors) and np.isfinite(bounds).all():
            self.missed.append(((errors < bounds[0]).mean(), (errors > bounds[1]).mean()))

    def _adapt(self) -> None:
        """Leave less outside where more was than should have been; many origins at once tell more, but not in proportion."""
        if self.missed:
            gain = ADAPT * min(len(self.missed), MANY)
            moved = self.outside + gain * (self.asked - np.mean(self.missed, axis=0))
            self.outside = np.clip(moved, LEAST * self.asked, MOST * self.asked)
            self.missed = []

    def _keep(self, errors: Array, origins: Rows) -> None:
        there = np.isfinite(errors)
        rows = (origins[:, np.newaxis] + self.steps - 1)[there]
        found = errors[there]
        self.fresh += len(found)
        if len(found) > KEPT:
            some = np.linspace(0, len(found) - 1, KEPT).astype(np.int64)
            found, rows = found[some], rows[some]
        self.errors = np.concatenate([self.errors, found])[-2 * KEPT :]
        self.rows = np.concatenate([self.rows, rows])[-2 * KEPT :]

    def _answer(self, origin: float) -> tuple[Array, Array]:
        if not len(self.errors):
            return np.full(2, np.nan), np.full(len(self.quantiles), np.nan)
        weights = 0.5 ** ((origin - self.rows) / (HALF_LIFE_DAYS * self.day))
        order = np.argsort(self.errors, kind="stable")
        sums = np.cumsum(weights[order])
        stretches = max(1.0, (self.rows.max() - self.rows.min() + 1) / self.steps[-1])
        outside = self.outside / (1 + FEW / stretches)
        # A quantile is moved outwards as its side of the interval is.
        shares = np.where(
            self.quantiles <= 0.5,
            self.quantiles * _moved(self.quantiles, outside[0] / self.asked, self.asked),
            1 - (1 - self.quantiles) * _moved(1 - self.quantiles, outside[1] / self.asked, self.asked),
        )
        wanted = np.concatenate([[outside[0], 1 - outside[1]], shares])
        drawn = np.interp(wanted * sums[-1], sums - weights[order] / 2, self.errors[order])
        return drawn[:2], drawn[2:]


def _moved(share: Array, ratio: float, asked: float) -> Array:
    """Return by what a share is multiplied: by the whole ratio where it is the one asked for, by 1 in the middle."""
    return ratio ** np.clip(np.log(0.5 / np.minimum(share, 0.5)) / np.log(0.5 / asked), 0.0, 1.5)
