"""One alert per incident, and a higher bar after each alert: nobody reads the twentieth in a row."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from sre_anomaly.alerts._kept import kept_alert, number, whole
from sre_anomaly.contracts import AlertPolicy, exceeds
from sre_anomaly.frame import Array
from sre_anomaly.kernels.compiled import compiled, step
from sre_anomaly.records import CANNOT_ALERT, Alert
from sre_anomaly.registry import register

ALERTED, EXCEEDED, PENALTY, SINCE = range(4)
"""The state: row of the last alert, row of the last exceedance, the penalty and the row that it dates from."""
NEVER = -math.inf
NO, GOES_ON, NEW = range(3)


@register("alerts", "fatigue")
@dataclass
class Fatigue(AlertPolicy):
    """Raise the level after each alert by ``penalty``, which fades, and let neighbouring flags be one incident.

    All lengths are shares of the life so far, n rows, because what is soon depends on how long one has watched: a
    flag above level and penalty is a new alert when the last alert is more than ``repeat`` n rows ago, or the last
    such flag more than ``quiet`` n rows; otherwise it belongs to the incident that goes on. The penalty falls with
    exp(-(rows since the alert) / (``rest`` n)): to a third by the time that life is three times as long, and in the end
    to 19 %, so that who was called once is a little harder to call for ever.
    """

    penalty: Annotated[float, Field(ge=0)] = 0.4
    rest: Annotated[float, Field(gt=0)] = 0.6
    repeat: Annotated[float, Field(ge=0)] = 0.1
    least_repeat: Annotated[int, Field(ge=0)] = 20
    quiet: Annotated[float, Field(ge=0)] = 0.01
    least_quiet: Annotated[int, Field(ge=0)] = 10

    _state: Array = field(init=False, repr=False)
    _first: int | None = field(init=False, default=None, repr=False)
    _open: Alert | None = field(init=False, default=None, repr=False)
    _count: int = field(init=False, default=0, repr=False)
    _step: int = field(init=False, default=1, repr=False)

    def __post_init__(self) -> None:
        self.start(1)

    @property
    def idle(self) -> bool:
        """No alert is open, and it knows when the rows began."""
        return self._open is None and self._first is not None

    def start(self, step_ns: int) -> None:
        """Forget all alerts."""
        self._state = _rested()
        self._first, self._open, self._count, self._step = None, None, 0, step_ns
        self.bridge = timedelta(microseconds=self.least_quiet * step_ns / 1000)

    def step(self, time: int, score: float, level: float) -> list[Alert]:
        """Open, extend or close an alert."""
        if self._first is None:
            self._first = time
        rows = (time - self._first) // self._step + 1.0
        what = NO
        if exceeds(score, level):
            _, what = judged(self._state, rows, score - level, self._numbers())
        closed = []
        if self._open is not None:
            silent = rows - self._state[EXCEEDED] > max(self.quiet * rows, self.least_quiet)
            if what == NEW or silent:
                closed = self.finish()
        if what == NEW:
            self._count += 1
            self._open = Alert(self._count, time, time, time, time, score, level, flags=0)
        if what != NO and self._open is not None:
            self._open.extend(time, self._step, score, level)
            return [*closed, self._open]
        return closed

    def excess(self, scores: Array, levels: Array) -> Array:
        """Return by how much each row of a history exceeds level and penalty, (n,).

        It is above 0 exactly where `step` would open an alert: exceeding rows inside an incident that goes on, and
        rows without a score or level, are `CANNOT_ALERT`.

        Examples
        --------
        >>> excess = Fatigue(penalty=0.5).excess(np.array([0.0, 2.0, 2.0, 0.0]), np.ones(4))
        >>> excess.round(3).tolist()
        [-1.0, 1.0, -1000000000.0, -1.217]
        """
        return np.asarray(_excess(scores - levels, _rested(), self._numbers()))

    def _numbers(self) -> tuple[float, ...]:
        return (
            self.penalty,
            self.rest,
            self.repeat,
            float(self.least_repeat),
            self.quiet,
            float(self.least_quiet),
        )

    def state(self) -> dict[str, Any]:
        """Return when it began, the penalty, the open alert and the number of alerts so far."""
        opened = None if self._open is None else asdict(self._open)
        known = [None if math.isinf(value) else value for value in self._state.tolist()]
        return {"first": self._first, "state": known, "open": opened, "count": self._count}

    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned."""
        self._first = None if state["first"] is None else whole(state["first"], "first")
        self._count = whole(state["count"], "count")
        known = [NEVER if value is None else number(value, "state") for value in state["state"]]
        if len(known) != len(_rested()):
            raise ValueError(f"state: has {len(known)} numbers, and has to have {len(_rested())}")
        self._state = np.array(known)
        self._open = kept_alert(state["open"])

    def finish(self) -> list[Alert]:
        """Close and return the open alert, if there is one."""
        closed, self._open = self._open, None
        return [] if closed is None else [closed.closing()]


def _rested() -> Array:
    return np.array([NEVER, NEVER, 0.0, 0.0])


@step
def judged(state: Array, rows: float, margin: float, numbers: tuple[float, ...]) -> tuple[float, int]:
    """Return what is left of score minus level after the penalty, and what the row is; remember it if it exceeds."""
    penalty, rest, repeat, least_repeat, quiet, least_quiet = numbers
    bar = state[PENALTY] * math.exp(-(rows - state[SINCE]) / (rest * rows))
    left = margin - bar
    if not left > 0.0:
        return left, NO
    again = rows - state[ALERTED] > max(repeat * rows, least_repeat)
    apart = rows - state[EXCEEDED] > max(quiet * rows, least_quiet)
    state[EXCEEDED] = rows
    if not (again or apart):
        return left, GOES_ON
    state[ALERTED] = rows
    state[PENALTY] = bar + penalty
    state[SINCE] = rows
    return left, NEW


@compiled
def _excess(margins: Array, state: Array, numbers: tuple[float, ...]) -> Array:
    out = np.empty(len(margins))
    for row in range(len(margins)):
        left, what = judged(state, row + 1.0, margins[row], numbers)
        out[row] = CANNOT_ALERT if what == GOES_ON or math.isnan(left) else left
    return out
