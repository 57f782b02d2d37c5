"""Learn from the past, choose on what follows, judge on the newest rows."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from sre_anomaly.clock import Duration, in_words, rows_in
from sre_anomaly.errors import ConfigError, DataError
from sre_anomaly.frame import MetricFrame, Split
from sre_anomaly.registry import register
from sre_anomaly.sources import SplitRule

FEWEST_ROWS = 10


@register("split", "chronological")
@dataclass
class Chronological(SplitRule):
    """First ``train`` of the rows, then ``validation``, then the rest as test, with a gap between them.

    The gap keeps what is learned at the end of one span (a running incident, a long window) from leaking
    into the next; it is taken from the start of the later span.
    """

    train: Annotated[float, Field(gt=0, lt=1)] = 0.6
    validation: Annotated[float, Field(ge=0, lt=1)] = 0.15
    gap: Duration = timedelta(days=1)

    def __post_init__(self) -> None:
        if self.train + self.validation >= 1:
            raise ConfigError(
                f"split.train: {self.train:g} + split.validation {self.validation:g} leaves nothing to evaluate; "
                "together they must be below 1"
            )

    def split(self, frame: MetricFrame) -> Split:
        """Return the three spans.

        Raises
        ------
        DataError
            If a span has too few rows after the gap.
        """
        rows, gap = len(frame), rows_in(self.gap, frame.step)
        first, second = int(self.train * rows), int((self.train + self.validation) * rows)
        train = slice(0, first)
        validation = slice(first + gap, second) if self.validation else None
        test = slice(second + gap, rows)
        for name, span in (("train", train), ("validation", validation), ("test", test)):
            if span is not None and span.stop - span.start < FEWEST_ROWS:
                raise DataError(
                    f"{frame.name}: {rows} data points ({in_words(frame.step * rows)}) are too few for "
                    f"split=chronological: after a gap of {in_words(self.gap)} the {name} span has "
                    f"{max(0, span.stop - span.start)} data points; use split.gap=0m, other fractions, or split=none"
                )
        return Split(train=train, validation=validation, test=test)
