"""Every flagged row is an alert of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sre_anomaly.alerts._kept import whole
from sre_anomaly.contracts import AlertPolicy, exceeds
from sre_anomaly.records import Alert
from sre_anomaly.registry import register


@register("alerts", "every_flag")
@dataclass
class EveryFlag(AlertPolicy):
    """One alert per flagged row: the noisiest policy, and the plainest to compare with others."""

    count_: int = field(init=False, default=0, repr=False)
    step_: int = field(init=False, default=1, repr=False)

    @property
    def idle(self) -> bool:
        """Always: an alert is over with its row."""
        return True

    def start(self, step_ns: int) -> None:
        """Count from one again."""
        self.count_, self.step_ = 0, step_ns

    def step(self, time: int, score: float, level: float) -> list[Alert]:
        """Return a closed alert if this row is flagged."""
        if not exceeds(score, level):
            return []
        self.count_ += 1
        alert = Alert(
            id=self.count_,
            start=time,
            fired=time,
            end=time + self.step_,
            peak=time,
            peak_score=score,
            peak_level=level,
            flags=1,
            closed=True,
        )
        return [alert]

    def state(self) -> dict[str, Any]:
        """Return the number of alerts so far."""
        return {"count": self.count_}

    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on counting."""
        self.count_ = whole(state["count"], "count")

    def finish(self) -> list[Alert]:
        """Return nothing: no alert stays open."""
        return []
