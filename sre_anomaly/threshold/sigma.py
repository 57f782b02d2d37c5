"""So many standard deviations."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from sre_anomaly.contracts import Threshold, Unit
from sre_anomaly.registry import register


@register("threshold", "sigma")
@dataclass
class Sigma(Threshold):
    """Level = a fixed number of standard deviations, for detectors that count in them."""

    sigmas: Annotated[float, Field(gt=0)] = 3.0

    units: ClassVar[tuple[Unit, ...]] = ("sigma",)

    @property
    def level_(self) -> float:  # type: ignore[override]
        """The level of every row."""
        return self.sigmas

    def describe(self) -> dict[str, Any]:
        """Return the number of standard deviations."""
        return {"level": self.level_, "sigmas": self.sigmas}
