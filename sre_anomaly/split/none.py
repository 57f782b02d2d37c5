"""No split: search a history for its own anomalies."""

from dataclasses import dataclass

from sre_anomaly.frame import MetricFrame, Split
from sre_anomaly.registry import register
from sre_anomaly.sources import SplitRule


@register("split", "none")
@dataclass
class NoSplit(SplitRule):
    """Learn from all rows and judge the same rows: right for looking back, never for a claim of skill."""

    def split(self, frame: MetricFrame) -> Split:
        """Return the whole frame as training and test span."""
        return Split(train=slice(0, len(frame)), validation=None, test=slice(0, len(frame)))
