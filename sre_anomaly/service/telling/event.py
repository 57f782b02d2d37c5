"""What happened to an alert of an entity."""

from dataclasses import dataclass

from sre_anomaly.records import Alert


@dataclass(frozen=True)
class Event:
    """An alert of an entity opened, changed or closed."""

    job: str
    entity: str
    labels: dict[str, str]
    """Those that name the entity."""
    alert: Alert
    time: int
    """The row that brought it, ns since 1970."""
