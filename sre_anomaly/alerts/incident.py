"""Neighbouring flags become one alert, and a lone flag need not wake anyone."""

from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field

from sre_anomaly.alerts._kept import kept_alert, number, whole
from sre_anomaly.clock import Duration, nanoseconds
from sre_anomaly.contracts import AlertPolicy, exceeds
from sre_anomaly.errors import ConfigError
from sre_anomaly.records import Alert
from sre_anomaly.registry import register


@register("alerts", "incident")
@dataclass
class IncidentPolicy(AlertPolicy):
    """Open when ``needed`` of the last ``within`` rows are flagged; close after a quiet ``cooldown``.

    Flags that come within ``cooldown`` of the last one belong to the same alert.
    """

    needed: Annotated[int, Field(ge=1)] = 2
    within: Annotated[int, Field(ge=1)] = 3
    cooldown: Duration = timedelta(hours=1)

    _recent: deque[tuple[int, float, float]] = field(init=False, repr=False)
    _open: Alert | None = field(init=False, default=None, repr=False)
    _count: int = field(init=False, default=0, repr=False)
    _step: int = field(init=False, default=1, repr=False)
    _cooldown: int = field(init=False, default=0, repr=False)

    def __post_init__(self) -> None:
        if self.needed > self.within:
            raise ConfigError(
                f"alerts.needed: {self.needed} flags can never fit in alerts.within={self.within} data points; "
                f"use alerts.within={self.needed} or more"
            )
        self.bridge = self.cooldown
        self.start(1)

    @property
    def idle(self) -> bool:
        """No alert is open and no recent row was flagged."""
        return self._open is None and not self._recent

    def start(self, step_ns: int) -> None:
        """Forget all alerts and flags."""
        self._recent = deque()
        self._open = None
        self._count = 0
        self._step = step_ns
        self._cooldown = nanoseconds(self.cooldown)

    def step(self, time: int, score: float, level: float) -> list[Alert]:
        """Open, extend or close an alert."""
        flagged = exceeds(score, level)
        closed: list[Alert] = []
        if self._open is not None:
            quiet = time - self._open.end
            if flagged and quiet <= self._cooldown:
                self._open.extend(time, self._step, score, level)
                return [self._open]
            if not flagged and quiet < self._cooldown:
                return []
            closed = self.finish()
        oldest = time - (self.within - 1) * self._step
        while self._recent and self._recent[0][0] < oldest:
            self._recent.popleft()
        if flagged:
            self._recent.append((time, score, level))
        if len(self._recent) < self.needed:
            return closed
        return [*closed, self._fire(time)]

    def _fire(self, time: int) -> Alert:
        self._count += 1
        first = self._recent[0]
        self._open = Alert(
            id=self._count,
            start=first[0],
            fired=time,
            end=first[0] + self._step,
            peak=first[0],
            peak_score=first[1],
            peak_level=first[2],
            flags=0,
        )
        for when, score, level in self._recent:
            self._open.extend(when, self._step, score, level)
        self._recent.clear()
        return self._open

    def state(self) -> dict[str, Any]:
        """Return recent flags, the open alert and the number of alerts so far."""
        opened = None if self._open is None else asdict(self._open)
        return {"recent": [list(flag) for flag in self._recent], "open": opened, "count": self._count}

    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned."""
        self._recent = deque(
            (whole(time, "recent"), number(score, "recent"), number(level, "recent"))
            for time, score, level in state["recent"]
        )
        self._open = kept_alert(state["open"])
        self._count = whole(state["count"], "count")

    def finish(self) -> list[Alert]:
        """Close and return the open alert, if there is one."""
        closed, self._open = self._open, None
        return [] if closed is None else [closed.closing()]
