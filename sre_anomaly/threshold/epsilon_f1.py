"""The level with the best F1 on labelled validation rows."""

import math
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field

from sre_anomaly.contracts import Threshold
from sre_anomaly.errors import ConfigError
from sre_anomaly.frame import Array
from sre_anomaly.kernels.ranking import just_below, threshold_curve
from sre_anomaly.registry import register


@register("threshold", "epsilon_f1")
@dataclass
class EpsilonF1(Threshold):
    """Search the epsilon (density) or the score that gives the best F1 on validation.

    ``exact`` tries every observed score, so no better cut exists. ``linear`` walks a grid of densities in
    equal steps from the lowest to the highest, as the classic exercise does; densities span many orders of
    magnitude, so nearly all of its steps fall where nothing changes.
    """

    search: Literal["exact", "linear"] = "exact"
    steps: Annotated[int, Field(ge=2)] = 1000

    needs_labels = True
    level_: float = field(init=False, repr=False)
    f1_: float = field(init=False, repr=False)

    def fit(self, scores: Array, labels: Array | None = None) -> Self:
        """Choose the level on the validation rows' scores and labels."""
        if labels is None:
            raise ValueError("epsilon_f1 needs labels")
        if self.search == "exact":
            cuts = threshold_curve(scores, labels)
            best = int(np.argmax(cuts.f1))
            self.level_, self.f1_ = just_below(cuts.scores[best]), float(cuts.f1[best])
        else:
            self._walk_the_grid(scores, labels)
        return self

    def _walk_the_grid(self, scores: Array, labels: Array) -> None:
        with np.errstate(under="ignore"):
            density = np.exp(-scores)
        lowest, highest = float(density.min()), float(density.max())
        if not (0 < highest < math.inf):
            raise ConfigError(
                "threshold.search: linear walks over densities, and these are too small or too large for a number: "
                "use threshold.search=exact, which works with their logarithms"
            )
        # Stepped as np.arange does, so that the grid is the exercise's own to the last bit.
        grid = np.arange(lowest, highest, (highest - lowest) / self.steps) if highest > lowest else [lowest]
        best_epsilon, self.f1_ = lowest, 0.0
        for epsilon in grid:
            flags = density < epsilon
            hits = float(labels[flags].sum())
            f1 = 2 * hits / (flags.sum() + labels.sum()) if hits else 0.0
            if f1 > self.f1_:
                best_epsilon, self.f1_ = float(epsilon), f1
        self.level_ = -math.log(best_epsilon) if best_epsilon > 0 else math.inf

    def describe(self) -> dict[str, Any]:
        """Return the level, its density and the F1 it had on validation."""
        epsilon = math.exp(-self.level_) if abs(self.level_) < 700 else None
        return {"level": self.level_, "epsilon": epsilon, "validation_f1": self.f1_, "search": self.search}
