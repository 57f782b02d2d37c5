"""One page per incident: flags that are near in time are one, and one that goes on is renewed. All lengths are times."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from sre_anomaly.alerts._kept import kept_alert, whole
from sre_anomaly.clock import Duration, nanoseconds
from sre_anomaly.contracts import AlertPolicy, exceeds
from sre_anomaly.frame import Array
from sre_anomaly.records import CANNOT_ALERT, Alert
from sre_anomaly.registry import register


@register("alerts", "page")
@dataclass
class Page(AlertPolicy):
    """Page at a flag, or after ``hold`` of flags; flags within ``bridge`` of the last belong to the same page.

    ``hold`` is `for` of a Prometheus rule, ``bridge`` its `keep_firing_for`, ``renew`` the repeat interval of an Alertmanager. A score
    that is ``at_once`` times its level pages without waiting: one enormous point is always reported.
    """

    hold: Duration = timedelta(0)
    bridge: Duration = timedelta(hours=2)
    renew: Duration = timedelta(days=1)
    at_once: Annotated[float, Field(ge=1)] = 2.0

    _open: Alert | None = field(init=False, default=None, repr=False)
    _waiting: bool = field(init=False, default=False, repr=False)
    """Whether the open alert has yet to last for `hold` before it pages."""
    _count: int = field(init=False, default=0, repr=False)
    _step: int = field(init=False, default=1, repr=False)

    @property
    def idle(self) -> bool:
        """No alert is open."""
        return self._open is None

    def start(self, step_ns: int) -> None:
        """Forget all alerts."""
        self._open, self._waiting, self._count, self._step = None, False, 0, step_ns

    def step(self, time: int, score: float, level: float) -> list[Alert]:
        """Open, extend or close an alert."""
        flagged, closed = exceeds(score, level), []
        if self._open is not None:
            over = time - self._open.end >= (self._step if self._waiting else nanoseconds(self.bridge))
            if not flagged and not over:
                return []
            if over or time - self._open.start >= nanoseconds(self.renew):
                closed = self.finish()
        if not flagged:
            return closed
        if self._open is None:
            self._open = Alert(self._count + 1, time, time, time, time, score, level, flags=0)
            self._waiting = True
        self._open.extend(time, self._step, score, level)
        lasted = self._open.end - self._open.start >= nanoseconds(self.hold)
        if self._waiting and not lasted and not exceeds(score, self.at_once * abs(level)):
            return closed
        if self._waiting:
            self._waiting, self._open.fired = False, time
            self._count += 1
        return [*closed, self._open]

    def excess(self, scores: Array, levels: Array) -> Array:
        """Return score minus level, (n,): above 0 only where a page begins."""
        out: Array = scores - levels
        fresh, begun = replace(self), 0
        fresh.start(self._step)
        for row in np.flatnonzero(exceeds(scores, levels)).tolist():
            told = fresh.step(row * self._step, float(scores[row]), float(levels[row]))
            latest = max((alert.id for alert in told), default=begun)
            if latest == begun:
                out[row] = CANNOT_ALERT
            begun = latest
        return out

    def state(self) -> dict[str, Any]:
        """Return the open alert, whether it waits, and the number of alerts so far."""
        opened = None if self._open is None else asdict(self._open)
        return {"open": opened, "waiting": self._waiting, "count": self._count}

    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned."""
        self._open = kept_alert(state["open"])
        self._waiting, self._count = bool(state["waiting"]), whole(state["count"], "count")

    def finish(self) -> list[Alert]:
        """Close and return the open alert, if it has paged."""
        closed, self._open = self._open, None
        paged, self._waiting = not self._waiting, False
        return [closed.closing()] if closed is not None and paged else []
