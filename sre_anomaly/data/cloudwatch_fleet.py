"""Your own fleet from Amazon CloudWatch: all resources that a dimension tells apart."""

from dataclasses import dataclass

from sre_anomaly.errors import ConfigError, DataError
from sre_anomaly.frame import MetricFrame
from sre_anomaly.io.asked.cloudwatch_metrics import CloudWatchReading
from sre_anomaly.registry import register
from sre_anomaly.sources import Corpus


@register("data", "cloudwatch_fleet")
@dataclass
class CloudWatchFleet(CloudWatchReading, Corpus):
    """A series for each value of a dimension, which each metric has beside its own; in expressions ``$dimension`` stands for it."""

    dimension: str = "InstanceId"
    only: list[str] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.only is None and all(one.namespace is None for one in self.metrics.values()):
            raise ConfigError(
                f"data.only: name the values of {self.dimension}: expressions alone do not say which there are"
            )

    def names(self) -> list[str]:
        """Return the values of the dimension, sorted: those of the first metric that is no expression."""
        if self.only is not None:
            return sorted(self.only)
        metric, one = next(pair for pair in self.metrics.items() if pair[1].namespace is not None)
        known = self.server.dimensions(str(one.namespace), str(one.metric), one.dimensions, self.dimension)
        wanted = {*one.dimensions, self.dimension}
        found = sorted({each[self.dimension] for each in known if set(each) == wanted})
        if not found:
            also = sorted({key for each in known for key in each} - wanted)
            more = (
                f"; those there are have {', '.join(also)} too: say which in data.metrics.{metric}.dimensions"
                if also
                else ""
            )
            raise DataError(
                f"data.dimension: no metric {one.metric} of {one.namespace} has a {self.dimension}{more}"
            )
        return found

    def version(self, name: str) -> str:
        """Return the last tick: at another time there are other rows."""
        del name
        return str(self.span[1])

    def read(self, name: str) -> MetricFrame:
        """Return one resource."""
        return self.frame(name, {self.dimension: name})
