"""The share of ordinary history that may be called strange."""

from dataclasses import dataclass, field
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field

from sre_anomaly.contracts import Threshold
from sre_anomaly.frame import Array
from sre_anomaly.registry import register


@register("threshold", "contamination")
@dataclass
class Contamination(Threshold):
    """Level = the score that a given share of the training rows exceeds.

    Rows with equal scores stand or fall together: if more rows tie at the cut than the share allows, none
    of them is flagged.
    """

    contamination: Annotated[float, Field(gt=0, le=0.5)] = 0.01

    level_: float = field(init=False, repr=False)

    def fit(self, scores: Array, labels: Array | None = None) -> Self:
        """Take the quantile of the training rows' scores; labels are not used."""
        del labels
        # On the negated scores: scikit-learn's own cut, to the last bit.
        self.level_ = -float(np.percentile(-scores, 100 * self.contamination))
        return self

    def level(self, scores: Array) -> Array:
        """Return (n,) equal levels."""
        return np.full(len(scores), self.level_)

    def describe(self) -> dict[str, Any]:
        """Return the share and the level it came to."""
        return {"level": self.level_, "contamination": self.contamination}
