"""The share of ordinary history that may be called strange."""

from dataclasses import dataclass, field
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field

from sre_anomaly.contracts import Threshold
from sre_anomaly.frame import Array
from sre_anomaly.kernels.ranking import just_below
from sre_anomaly.registry import register

COMMON = 0.1
"""Rows with one score that are a larger share than this are what is usual."""


@register("threshold", "contamination")
@dataclass
class Contamination(Threshold):
    """Level = the score that a given share of the training rows exceeds.

    Rows with equal scores stand or fall together. An outage at which a metric stands still gives many rows one score, the
    longer it is the more: where they are the highest of all they are flagged together, unless they are more than a tenth.

    Examples
    --------
    >>> scores = np.array([1.0] * 394 + [9.0] * 6)
    >>> int((scores > Contamination(0.01).fit(scores).level(scores)).sum())
    6
    """

    contamination: Annotated[float, Field(gt=0, le=0.5)] = 0.01

    level_: float = field(init=False, repr=False)
    flagged_: float = field(init=False, default=float("nan"), repr=False)
    """Share of the training rows that exceed the level."""

    def fit(self, scores: Array, labels: Array | None = None) -> Self:
        """Take the quantile of the training rows' scores; labels are not used."""
        del labels
        # On the negated scores: scikit-learn's own cut, to the last bit.
        cut = -float(np.percentile(-scores, 100 * self.contamination))
        if not np.any(scores > cut) and np.mean(scores >= cut) <= COMMON:
            cut = just_below(cut)
        self.level_ = cut
        self.flagged_ = float(np.mean(scores > self.level_))
        return self

    def describe(self) -> dict[str, Any]:
        """Return the share asked for, the level it came to, and the share that exceeds it, which ties make another."""
        return {"level": self.level_, "contamination": self.contamination, "flagged": self.flagged_}
