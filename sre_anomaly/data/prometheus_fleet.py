"""Your own fleet from a Prometheus: the same expressions for each host."""

from dataclasses import dataclass

from sre_anomaly.errors import ConfigError, DataError
from sre_anomaly.frame import MetricFrame
from sre_anomaly.io.asked.prometheus_metrics import PrometheusReading
from sre_anomaly.io.prometheus import RefusedError
from sre_anomaly.registry import register
from sre_anomaly.sources import Corpus


@register("data", "prometheus_fleet")
@dataclass
class PrometheusFleet(PrometheusReading, Corpus):
    """A series for each value of a label; in the expressions ``$label`` stands for the value."""

    label: str = "instance"
    match: str | None = "up"

    def __post_init__(self) -> None:
        super().__post_init__()
        for metric, expression in self.expressions.items():
            if self._place not in expression:
                raise ConfigError(
                    f"data.metrics.{metric}: {expression!r} says nowhere which {self.label}: write "
                    f'{{{self.label}="{self._place}"}} in it'
                )

    @property
    def _place(self) -> str:
        return f"${self.label}"

    def names(self) -> list[str]:
        """Return the values of the label, sorted."""
        try:
            found = self.server.label_values(self.label, self.match, *self.span)
        except RefusedError as error:
            raise DataError(f"data.match: {self.match!r} is refused: {error}") from None
        if not found:
            raise DataError(f"data.label: no series that {self.match!r} picks has a label {self.label!r}")
        return found

    def _nothing(self, metric: str, expression: str) -> str:
        """Say also which series the hosts are those of: it may have others than are meant."""
        return (
            f"{super()._nothing(metric, expression)}; the hosts are those of data.match={self.match or 'null'}: name a series that "
            "only the ones you mean have"
        )

    def version(self, name: str) -> str:
        """Return the last tick: at another time there are other rows."""
        del name
        return str(self.span[1])

    def read(self, name: str) -> MetricFrame:
        """Return one host."""
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        asked = {metric: text.replace(self._place, quoted) for metric, text in self.expressions.items()}
        return self.frame(name, asked)
