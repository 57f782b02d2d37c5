"""Your own metrics from Amazon CloudWatch."""

from collections.abc import Iterator
from dataclasses import dataclass

from sre_anomaly.frame import MetricFrame
from sre_anomaly.io.asked.cloudwatch_metrics import CloudWatchReading
from sre_anomaly.registry import register
from sre_anomaly.sources import DataSource


@register("data", "cloudwatch")
@dataclass
class CloudWatchSource(CloudWatchReading, DataSource):
    """One entity: each metric is a statistic of one, or metric math that gives one series."""

    def frames(self) -> Iterator[MetricFrame]:
        """Yield the one frame.

        Raises
        ------
        DataError
            If CloudWatch does not answer or refuses, or a metric has no value, or several series.
        """
        yield self.frame("cloudwatch", {})
