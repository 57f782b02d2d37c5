"""So many standard deviations."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import Field

from sre_anomaly.contracts import Threshold, Unit
from sre_anomaly.frame import Array
from sre_anomaly.registry import register


@register("threshold", "sigma")
@dataclass
class Sigma(Threshold):
    """Level = a fixed number of standard deviations, for detectors that count in them."""

    sigmas: Annotated[float, Field(gt=0)] = 3.0

    units: ClassVar[tuple[Unit, ...]] = ("sigma",)

    def fit(self, scores: Array, labels: Array | None = None) -> Self:
        """Learn nothing: the level is given."""
        del scores, labels
        return self

    def level(self, scores: Array) -> Array:
        """Return (n,) equal levels."""
        return np.full(len(scores), self.sigmas)

    def describe(self) -> dict[str, Any]:
        """Return the number of standard deviations."""
        return {"level": self.sigmas, "sigmas": self.sigmas}
