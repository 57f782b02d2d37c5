"""stand-in"""

from collections.abc import Sequence
from dataclasses import dataclass

from sre_anomaly.backtest.firing import Firing
from sre_anomaly.io.prometheus import Labels


@dataclass(frozen=True)
class Notification:
    time: int
    receiver: str
    group: Labels
    firing: tuple[Labels, ...]
    resolved: int
    kind: str


def notifications(firings: Sequence[Firing], routing: object, end: int) -> list[Notification]:
    return [Notification(one.fired, "", one.labels, (one.labels,), 0, "new") for one in firings]
