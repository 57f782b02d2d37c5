"""What rows have taught so far: the states of features, detector and threshold, carried from row to row."""

from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Any, Self
from zlib import compress, decompress, error

import numpy as np

from sre_anomaly.contracts import Detector, Features, Threshold
from sre_anomaly.frame import Array, Mask
from sre_anomaly.kernels.course import new_course

PARTS = ("features", "detector", "threshold", "course")


@dataclass
class ModelState:
    """The states of k series, one row each; they are changed in place.

    A detector or threshold that learns nothing while it runs has a state of no numbers.
    """

    features: Array
    detector: Array
    threshold: Array
    course: Array
    """What words are drawn from where a detector has bounds, as `kernels.course` has it; elsewhere of no numbers."""

    @classmethod
    def before(
        cls,
        features: Features,
        detector: Detector,
        threshold: Threshold,
        metrics: tuple[str, ...],
        series: int = 1,
    ) -> Self:
        """Return the memory of so many series before their first row."""
        columns = len(features.columns(metrics))
        states = (features.new_state(len(metrics)), detector.new_state(columns), threshold.new_state())
        course = new_course(len(metrics) if detector.prequential else 0)
        return cls(*(np.tile(state, (series, 1)) for state in (*states, course)))

    @property
    def learns(self) -> bool:
        """Whether it holds more than the last few rows: a detector or a threshold that learns while it runs."""
        return self.detector.size + self.threshold.size > 0

    def shares(self, rows: Array) -> Array | None:
        """Return where a detector that learns tells the shares of the columns of rows (k, d); None if it has only one.

        It begins as NaN, which is what stays where a detector cannot say.
        """
        return np.full(rows.shape, np.nan) if self.detector.size and rows.shape[1] > 1 else None

    def of(self, series: Mask) -> list[Array]:
        """Return a copy of the states of some series."""
        return [getattr(self, part)[series] for part in PARTS]

    def put_back(self, series: Mask, states: list[Array]) -> None:
        """Put back what `of` returned."""
        for part, known in zip(PARTS, states, strict=True):
            getattr(self, part)[series] = known

    def texts(self) -> dict[str, str]:
        """Return the states as texts that JSON can hold, to the last bit."""
        return {part: b64encode(compress(getattr(self, part).tobytes(), 1)).decode() for part in PARTS}

    def take(self, texts: dict[str, Any]) -> bool:
        """Put back what `texts` returned; False, and nothing is changed, where it is of other parts."""
        try:
            states = {part: np.frombuffer(decompress(b64decode(texts[part]))) for part in PARTS}
        except (error, ValueError, KeyError, TypeError):
            return False
        if any(state.size != getattr(self, part).size for part, state in states.items()):
            return False
        for part, state in states.items():
            setattr(self, part, state.reshape(getattr(self, part).shape).copy())
        return True
