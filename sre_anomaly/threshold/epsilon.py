"""A given probability density: rows that are less likely are strange."""

import math
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from sre_anomaly.contracts import Threshold, Unit
from sre_anomaly.registry import register


@register("threshold", "epsilon")
@dataclass
class Epsilon(Threshold):
    """Flag where the density is below epsilon: level = -log(epsilon).

    A density has the inverse unit of the metrics, so epsilon changes when a metric is rescaled.
    """

    epsilon: Annotated[float, Field(gt=0)] = 1e-12

    units: ClassVar[tuple[Unit, ...]] = ("log_density",)

    @property
    def level_(self) -> float:  # type: ignore[override]
        """The level of every row."""
        return -math.log(self.epsilon)

    def describe(self) -> dict[str, Any]:
        """Return epsilon and its level."""
        return {"level": self.level_, "epsilon": self.epsilon}
