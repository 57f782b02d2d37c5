"""The first rows are a time of learning; everything after them is judged."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from sre_anomaly.errors import DataError
from sre_anomaly.frame import MetricFrame, Split
from sre_anomaly.registry import register
from sre_anomaly.sources import SplitRule

FEWEST_ROWS = 10


@register("split", "probation")
@dataclass
class Probation(SplitRule):
    """Learn from the first ``share`` of the rows, at most ``most``, as the Numenta benchmark does; judge the rest."""

    share: Annotated[float, Field(gt=0, lt=1)] = 0.15
    most: Annotated[int, Field(ge=FEWEST_ROWS)] = 750

    def split(self, frame: MetricFrame) -> Split:
        """Return the two spans; there is no validation.

        Raises
        ------
        DataError
            If the frame is too short.
        """
        rows = len(frame)
        cut = min(int(self.share * rows), self.most)
        if cut < FEWEST_ROWS or rows - cut < FEWEST_ROWS:
            raise DataError(
                f"{frame.name}: {rows} data points are too few for split=probation: {cut} for training, {rows - cut} for evaluation"
            )
        return Split(train=slice(0, cut), validation=None, test=slice(cut, rows))
