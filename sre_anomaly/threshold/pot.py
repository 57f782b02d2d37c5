"""The level that an ordinary row exceeds with a given small probability, from the shape of the tail."""

import math
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from sre_anomaly.contracts import Threshold
from sre_anomaly.frame import Array
from sre_anomaly.kernels.compiled import compiled, step
from sre_anomaly.registry import register

HEADER = 5
ROWS, PEAKS, HIGH, LEVEL, FLAGGED = range(HEADER)
FEWEST_PEAKS = 10
FARTHEST = 1.5
"""A flagged row teaches as if it were at most so many times as far out in the tail as the level."""


@register("threshold", "pot")
@dataclass
class PeaksOverThreshold(Threshold):
    """Extrapolate the tail of past scores to a risk that has never been seen (SPOT: Siffer and others, 2017).

    The first ``warmup`` scores fix a high value that a share ``tail`` of them exceeds. What later scores exceed it
    by follows a generalised Pareto law (Pickands, 1975); its two parameters are fitted to the latest ``most_peaks``
    of these peaks by probability-weighted moments (Hosking and Wallis, 1987), which need no iteration and are
    steadier than likelihood for few peaks. The level is the value that this law exceeds with probability ``risk``.

    What is above its level may be an anomaly, but to leave all of it out would cut the tail off and lower the level
    more and more. So of a run of such rows only the first teaches, as a peak at most half as far again as the level.

    Before ``warmup`` rows there is no level, NaN.

    Examples
    --------
    >>> noise = np.random.default_rng(0).exponential(size=50_000)
    >>> float(PeaksOverThreshold(risk=1e-3).level(noise)[-1].round(1))
    6.9
    """

    risk: Annotated[float, Field(gt=0, lt=0.5)] = 1e-4
    tail: Annotated[float, Field(gt=0, lt=0.5)] = 0.02
    warmup: Annotated[int, Field(ge=50)] = 500
    most_peaks: Annotated[int, Field(ge=50)] = 1000

    fixed: ClassVar[bool] = False

    level_: float = field(init=False, default=math.nan, repr=False)

    def new_state(self) -> Array:
        """Return the state before the first score: a header, the first scores, and a ring of the latest peaks."""
        return np.concatenate([[0.0, 0.0, math.nan, math.nan, 0.0], np.zeros(self.warmup + self.most_peaks)])

    def advance(self, states: Array, scores: Array) -> Array:
        """Return (k,) levels and learn from the scores."""
        run = _levels.for_rows(len(scores))
        return np.asarray(run(states, scores, self.risk, self.tail, self.warmup))

    def describe(self) -> dict[str, Any]:
        """Return the level after the training rows and the risk asked for."""
        return {"level": self.level_, "risk": self.risk}


@compiled
def _levels(states: Array, scores: Array, risk: float, tail: float, warmup: int) -> Array:
    levels = np.full(len(scores), np.nan)
    for row in range(len(scores)):
        if not math.isnan(scores[row]):
            levels[row] = _one(states[row if len(states) > 1 else 0], scores[row], risk, tail, warmup)
    return levels


@step
def _one(state: Array, score: float, risk: float, tail: float, warmup: int) -> float:
    """Return the level for a score, then learn from the score."""
    level = state[LEVEL]
    flagged, before = score > level, state[FLAGGED]
    state[FLAGGED] = 1.0 if flagged else 0.0
    if flagged and before > 0.0:
        return float(level)
    if flagged:
        score = min(score, state[HIGH] + FARTHEST * (level - state[HIGH]))
    first, ring = state[HEADER : HEADER + warmup], state[HEADER + warmup :]
    rows = int(state[ROWS])
    state[ROWS] += 1.0
    if rows < warmup:
        first[rows] = score
        if rows + 1 == warmup:
            ordered = np.sort(first)
            state[HIGH] = ordered[max(0, warmup - 1 - int(tail * warmup))]
            for value in first:
                _peak(state, ring, value)
            state[LEVEL] = _extrapolated(state, ring, risk)
    elif score > state[HIGH]:
        _peak(state, ring, score)
        state[LEVEL] = _extrapolated(state, ring, risk)
    return float(level)


@step
def _peak(state: Array, ring: Array, score: float) -> None:
    if score > state[HIGH]:
        ring[int(state[PEAKS]) % len(ring)] = score - state[HIGH]
        state[PEAKS] += 1.0


@step
def _extrapolated(state: Array, ring: Array, risk: float) -> float:
    """Return the value that the fitted tail exceeds with probability ``risk``, never below the start of the tail."""
    size = int(min(state[PEAKS], len(ring)))
    share = state[PEAKS] / state[ROWS]
    if size < FEWEST_PEAKS:
        return np.inf
    peaks = np.sort(ring[:size])
    mean, weighted = 0.0, 0.0
    for place in range(size):
        mean += peaks[place] / size
        # The mean of each peak times the share of the peaks above it.
        weighted += peaks[place] * (1.0 - (place + 0.65) / size) / size
    if mean <= 2.0 * weighted or weighted <= 0.0:
        return float(state[HIGH] + peaks[-1])
    shape = 2.0 - mean / (mean - 2.0 * weighted)
    scale = 2.0 * mean * weighted / (mean - 2.0 * weighted)
    rarer = risk / share
    flat = abs(shape) < 1e-6
    beyond = -scale * math.log(rarer) if flat else scale / shape * (rarer**-shape - 1.0)
    return float(state[HIGH] + max(0.0, beyond))
