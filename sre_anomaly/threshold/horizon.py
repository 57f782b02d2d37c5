"""A level that rises with the logarithm of the rows seen, for scores that do."""

import math
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import Field

from sre_anomaly.contracts import Threshold, Unit
from sre_anomaly.frame import Array
from sre_anomaly.kernels.compiled import compiled
from sre_anomaly.registry import register


@register("threshold", "horizon")
@dataclass
class Horizon(Threshold):
    """Level = theta + growth * log(rows so far), for scores that are the logarithm of a rank.

    A rank among all earlier rows exceeds a fixed level in a fixed share of the rows, for ever: alerts would grow
    with the length of the series. With ``growth`` 1 only records could exceed it, and they grow like the
    logarithm of the length; in between, so do the alerts. A rank among fewer than ``warmup`` rows says nothing: they
    have no level.

    Examples
    --------
    >>> Horizon(theta=1.0, growth=0.5, warmup=0).level(np.array([0.0, 3.0, np.nan, 0.0])).round(3)
    array([1.   , 1.347,   nan, 1.549])
    """

    theta: float = 0.28
    growth: Annotated[float, Field(ge=0, le=1)] = 0.25
    warmup: Annotated[int, Field(ge=0)] = 25

    units: ClassVar[tuple[Unit, ...]] = ("evidence",)
    fixed: ClassVar[bool] = False

    rows_: int = field(init=False, default=0, repr=False)

    def fit(self, scores: Array, labels: Array | None = None) -> Self:
        """Count the rows, to tell the level after them; nothing is learned."""
        del labels
        self.rows_ = len(scores)
        return self

    def new_state(self) -> Array:
        """Return the rows so far: none."""
        return np.zeros(1)

    def advance(self, states: Array, scores: Array) -> Array:
        """Return (k,) levels and count the rows."""
        return np.asarray(_rise.for_rows(len(scores))(states, scores, self.theta, self.growth, self.warmup))

    def describe(self) -> dict[str, Any]:
        """Return the level after the training rows, and what it is made of."""
        level = self.theta + self.growth * math.log(self.rows_ + 1)
        return {"level": level, "theta": self.theta, "growth": self.growth}


@compiled
def _rise(states: Array, scores: Array, theta: float, growth: float, warmup: int) -> Array:
    levels = np.full(len(scores), np.nan)
    for row in range(len(scores)):
        state = states[row if len(states) > 1 else 0]
        if not math.isnan(scores[row]):
            if state[0] >= warmup:
                levels[row] = theta + growth * math.log(state[0] + 1.0)
            state[0] += 1.0
    return levels
