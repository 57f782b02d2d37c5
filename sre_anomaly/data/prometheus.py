"""Your own metrics from a Prometheus, or what answers as one does."""

from collections.abc import Iterator
from dataclasses import dataclass

from sre_anomaly.frame import MetricFrame
from sre_anomaly.io.asked.prometheus_metrics import PrometheusReading
from sre_anomaly.registry import register
from sre_anomaly.sources import DataSource


@register("data", "prometheus")
@dataclass
class PrometheusSource(PrometheusReading, DataSource):
    """One entity: each metric is an expression that gives one series."""

    def frames(self) -> Iterator[MetricFrame]:
        """Yield the one frame.

        Raises
        ------
        DataError
            If the server does not answer, or an expression is wrong, or gives no series or several.
        """
        yield self.frame("prometheus", self.expressions)
