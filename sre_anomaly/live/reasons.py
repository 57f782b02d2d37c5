"""Why a live data point is anomalous: in plain numbers, because someone waits for the answer."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from sre_anomaly.clock import wall_clock
from sre_anomaly.frame import Array
from sre_anomaly.kernels.course import summary
from sre_anomaly.kernels.seasonal import DAY, is_weekend, slot_of
from sre_anomaly.model.model import Model
from sre_anomaly.pipeline.telling import Flagged, Telling, plainly
from sre_anomaly.records import Alert, Reason

BASIS = "at this time of the day in the training period"
Usual = list[list[list[float]]]
"""metric, weekday or weekend, slot of the day."""
WAITING = 64
"""Flagged rows that are kept while a policy waits whether they become an alert."""


@dataclass
class Said:
    """What was said last of an alert."""

    peak: int
    metric: str
    reason: str
    telling: Telling | None = None
    """Where the detector has bounds."""


@dataclass(slots=True)
class Row:
    """A row that a policy has heard of, as the detector saw it."""

    time: int
    level: float
    flagged: bool
    values: Array
    """(1, m)"""
    columns: Array
    """(1, d)"""
    shares: Array | None
    """(1, d) what the columns had in the score, as a detector that learns while it runs told them."""
    why: Reason | None = None
    """Where it is known beforehand."""


class Teller:
    """Puts the alerts of one series into words, as a run over the same rows would where the detector has bounds.

    Without bounds a run looks back on its history; here it is the row of the peak beside the usual of the training period.
    """

    def __init__(self, model: Model, usual: Usual) -> None:
        self._model, self._usual = model, usual
        self._waiting: list[Flagged] = []
        self._said: dict[int, Said] = {}
        self._last = -1
        """The time of the last flagged row."""

    def word(
        self,
        alerts: Sequence[Alert],
        row: Row,
        bands: Callable[[float], Array | None],
        course: Callable[[], Array],
    ) -> None:
        """Write metric and reason into alerts that are to be told.

        ``bands`` returns the bounds (1, m, 3) of the row at a level, ``course`` what `kernels.course` knew before it, (s,), which
        is empty where the detector has no bounds.
        """
        if row.flagged and row.why is None:
            told = [self._said.get(alert.id) for alert in alerts if alert.start <= row.time < alert.end]
            tellings = [one.telling if one else None for one in told]
            complete, settled = (
                bool(tellings) and all(one and getattr(one, what) for one in tellings)
                for what in ("complete", "settled")
            )
            bounds = None
            if not complete:
                bounds = np.full((1, len(self._model.metrics), 3), np.nan) if settled else bands(row.level)
            if bounds is not None and len(before := course()):
                known, own = summary(before), _sums(self._model, row.shares)
                after = self._last == row.time - self._model.step
                flagged = Flagged(row.time, row.level, after, row.values[0].copy(), known, own, bounds[0])
                self._waiting = [*self._waiting[1 - WAITING :], flagged]
            self._last = row.time
        for alert in alerts:
            said = self._said[alert.id] = self._of(alert, row)
            alert.metric, alert.reason = said.metric, said.reason
            if alert.closed:
                del self._said[alert.id]

    def _of(self, alert: Alert, row: Row) -> Said:
        """Return what is to be said of an alert now."""
        if row.why is not None:
            return self._said_of(alert, row.why)
        said = self._said.get(alert.id)
        rows = [one for one in self._waiting if alert.start <= one.time < alert.end]
        if said is not None and not rows and (said.telling is not None or said.peak == alert.peak):
            return said
        if not rows:
            why = reason(self._model, self._usual, row)
            return self._said_of(alert, why)
        telling = said.telling if said and said.telling else self._telling()
        for one in rows:
            telling.add(one)
        self._waiting = [one for one in self._waiting if one.time >= alert.end]
        why = telling.reason()
        return self._said_of(alert, why, telling)

    def _said_of(self, alert: Alert, why: Reason, telling: Telling | None = None) -> Said:
        why.unit = self._model.about.get("units", {}).get(why.metric, "")
        return Said(alert.peak, why.metric, str(why), telling)

    def finish(self, alerts: Sequence[Alert]) -> None:
        """Write into alerts that are closed at the end of a stream what was said last."""
        for alert in alerts:
            said = self._said.pop(alert.id, Said(0, "", ""))
            alert.metric, alert.reason = said.metric, said.reason

    def _telling(self) -> Telling:
        return Telling(self._model.metrics, timedelta(microseconds=self._model.step / 1000))

    def state(self) -> dict[str, Any]:
        """Return all that is remembered, as JSON can hold it."""
        said = [
            [number, one.peak, one.metric, one.reason, one.telling and one.telling.state()]
            for number, one in self._said.items()
        ]
        return {"said": said, "waiting": [plainly(row) for row in self._waiting], "last": self._last}

    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned."""
        self._waiting = [Flagged.again(row) for row in state["waiting"]]
        self._last, self._said = state["last"], {}
        for number, peak, metric, reason, kept in state["said"]:
            telling = None if kept is None else self._telling()
            if telling is not None:
                telling.resume(kept)
            self._said[number] = Said(peak, metric, reason, telling)


def usual_of(model: Model) -> Usual:
    """Return what each metric of a model usually is, as lists, which answer single questions fastest."""
    usual: Usual = model.usual.tolist()
    return usual


def reason(model: Model, usual: Usual, row: Row) -> Reason:
    """Say which metric is anomalous: the one the detector blames, or else the one furthest from its usual."""
    seen = row.values[0].tolist()
    at_hand = _expected(usual, int(wall_clock(np.array([row.time]), model.timezone)[0]))
    told = row.shares if row.shares is not None else model.detector.contributions(row.columns)
    sums = _sums(model, told)
    blamed = int(np.argmax(sums))
    if not sums[blamed] > 0:
        far = [_far(*one) for one in zip(seen, at_hand, model.spread.tolist(), strict=True)]
        blamed = far.index(max(far))
    middle, wide = at_hand[blamed], 2 * float(model.spread[blamed])
    return Reason(model.metrics[blamed], seen[blamed], middle, middle - wide, middle + wide, BASIS)


def _expected(usual: Usual, now: int) -> list[float]:
    at: Any = now  # The profile's own arithmetic, on one whole number.
    weekend, slot = is_weekend(at), slot_of(at, DAY // len(usual[0][0]))
    return [of_metric[weekend][slot] for of_metric in usual]


def _far(seen: float, expected: float, spread: float) -> float:
    return abs(seen - expected) / spread if math.isfinite(seen) else math.inf


def _sums(model: Model, shares: Array | None) -> Array:
    """Return what the columns (1, d) of each metric share in the score together, (m,); 0 where none is told."""
    sums = dict.fromkeys(model.metrics, 0.0)
    for share, (_, metric) in zip(
        [] if shares is None else shares[0].tolist(), model.features.columns(model.metrics), strict=False
    ):
        if metric and math.isfinite(share):
            sums[metric] += share
    return np.array(list(sums.values()))
