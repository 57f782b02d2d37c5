"""The source's own split."""

from dataclasses import dataclass

from sre_anomaly.errors import ConfigError
from sre_anomaly.frame import MetricFrame, Split
from sre_anomaly.registry import register
from sre_anomaly.sources import SplitRule


@register("split", "given")
@dataclass
class Given(SplitRule):
    """Use the split that came with the data, as published, so that results compare with others'."""

    def split(self, frame: MetricFrame) -> Split:
        """Return the frame's own spans.

        Raises
        ------
        ConfigError
            If the data came without a split.
        """
        if frame.split is None:
            raise ConfigError(
                f"split=given: {frame.name} brings no split of its own; use split=chronological or split=none"
            )
        return frame.split
