"""The metrics as they are."""

from dataclasses import dataclass

from sre_anomaly.contracts import Features
from sre_anomaly.frame import Array, MetricFrame
from sre_anomaly.registry import register


@register("features", "raw")
@dataclass
class Raw(Features):
    """One column per metric: its value."""

    def columns(self, metrics: tuple[str, ...]) -> list[tuple[str, str]]:
        """Return the metrics' own names."""
        return [(metric, metric) for metric in metrics]

    def transform(self, frame: MetricFrame) -> Array:
        """Return a copy of the values, (n, m)."""
        return frame.values.copy()
