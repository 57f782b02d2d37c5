"""How much each of several forecasts should count, by how far each was from what came."""

import numpy as np

from sre_anomaly.frame import Array
from sre_anomaly.kernels.compiled import compiled, step

TURNS = 36
RATE = 2.5
BEND = 0.3
"""An error counts by its square up to this share of the best forecast's mean error, and by its size beyond."""


@step
def _mean_errors(said: Array, came: Array, counts: Array) -> Array:
    out = np.zeros(said.shape[1])
    for row in range(len(came)):
        for expert in range(len(out)):
            out[expert] += counts[row] * abs(said[row, expert] - came[row])
    return out / counts.sum()


@step
def _slope(said: Array, came: Array, counts: Array, weights: Array, best: float, out: Array) -> None:
    """Write how much the loss grows with each weight."""
    out[:] = 0.0
    total = counts.sum() * best
    for row in range(len(came)):
        error = -came[row]
        for expert in range(len(weights)):
            error += weights[expert] * said[row, expert]
        pull = error / (abs(error) + BEND * best) * counts[row] / total
        for expert in range(len(weights)):
            out[expert] += pull * (said[row, expert] - came[row])


@compiled
def weigh(said: Array, came: Array, counts: Array) -> Array:
    """Return (e,) weights, none below 0 and 1 together, that make the mixed forecast's mean error small.

    Exponentiated gradient (Kivinen and Warmuth, 1997) on a loss that one large error cannot rule, from equal weights.

    Parameters
    ----------
    said : (n, e)
        What each forecast said.
    came : (n,)
        What came.
    counts : (n,)
        How much each row counts.
    """
    errors = _mean_errors(said, came, counts)
    best = errors.min()
    if best <= 0.0:
        # Some were always right, and share the weight.
        right = (errors <= 0.0).astype(np.float64)
        return right / right.sum()
    weights = np.full(len(errors), 1.0 / len(errors))
    mean = np.zeros(len(errors))
    slope = np.empty(len(errors))
    for turn in range(TURNS):
        _slope(said, came, counts, weights, best, slope)
        common = (slope * weights).sum()
        for expert in range(len(weights)):
            weights[expert] *= np.exp(min(max(-RATE * (slope[expert] - common), -5.0), 5.0))
        weights /= weights.sum()
        if turn >= TURNS // 2:
            mean += weights
    return mean / mean.sum()
