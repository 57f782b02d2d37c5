"""A given probability density: rows that are less likely are strange."""

import math
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import Field

from sre_anomaly.contracts import Threshold, Unit
from sre_anomaly.frame import Array
from sre_anomaly.registry import register


@register("threshold", "epsilon")
@dataclass
class Epsilon(Threshold):
    """Flag where the density is below epsilon: level = -log(epsilon).

    A density has the inverse unit of the metrics, so epsilon changes when a metric is rescaled.
    """

    epsilon: Annotated[float, Field(gt=0)] = 1e-12

    units: ClassVar[tuple[Unit, ...]] = ("log_density",)

    def fit(self, scores: Array, labels: Array | None = None) -> Self:
        """Learn nothing: epsilon is given."""
        del scores, labels
        return self

    def level(self, scores: Array) -> Array:
        """Return (n,) equal levels."""
        return np.full(len(scores), -math.log(self.epsilon))

    def describe(self) -> dict[str, Any]:
        """Return epsilon and its level."""
        return {"level": -math.log(self.epsilon), "epsilon": self.epsilon}
