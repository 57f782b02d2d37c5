"""The probability at which to flag."""

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from sre_anomaly.contracts import Threshold, Unit
from sre_anomaly.frame import Array
from sre_anomaly.kernels.ranking import just_below, threshold_curve
from sre_anomaly.registry import register


@register("threshold", "probability")
@dataclass
class Probability(Threshold):
    """Choose the probability on labelled validation rows, for detectors that give one.

    ``best_f1`` balances missed rows and false flags; ``precision`` takes the lowest probability at which at
    least ``precision`` of the flags were right. Where no probability reaches it, the most precise one is
    taken and `describe` says what it reached.
    """

    choose: Literal["best_f1", "precision"] = "best_f1"
    precision: Annotated[float, Field(gt=0, le=1)] = 0.8

    units: ClassVar[tuple[Unit, ...]] = ("probability",)
    needs_labels = True
    level_: float = field(init=False, repr=False)
    reached_: dict[str, float] = field(init=False, repr=False)

    def fit(self, scores: Array, labels: Array | None = None) -> Self:
        """Choose the level on the validation rows' scores and labels."""
        if labels is None:
            raise ValueError("probability needs labels")
        cuts = threshold_curve(scores, labels)
        if self.choose == "best_f1":
            best = int(np.argmax(cuts.f1))
        else:
            enough = np.flatnonzero(cuts.precision >= self.precision)
            best = int(enough[-1]) if len(enough) else int(np.argmax(cuts.precision))
        self.level_ = just_below(cuts.scores[best])
        self.reached_ = {
            "validation_f1": float(cuts.f1[best]),
            "validation_precision": float(cuts.precision[best]),
            "validation_recall": float(cuts.recall[best]),
        }
        return self

    def describe(self) -> dict[str, Any]:
        """Return the probability and what it reached on validation."""
        return {"level": self.level_, **self.reached_}
