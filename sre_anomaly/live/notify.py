"""What a monitor reports, as lines for programs and for people, and what it sets off."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from math import inf, isfinite
from typing import TYPE_CHECKING, Any, TextIO

from sre_anomaly.clock import iso
from sre_anomaly.records import Alert

if TYPE_CHECKING:
    from sre_anomaly.live.alertmanager import Alertmanager
    from sre_anomaly.live.monitor import Result
    from sre_anomaly.remediation.responder import Responder

GROWN = 1.2
"""A peak this many times the one last reported is worth another line."""
NUMBERS = re.compile(r"(?:[-+]?\d[\d.,:]*(?:e[-+]?\d+)?%?(?: (?:d|h|min|s)\b)? ?)+")
STATUSES = ("ok", "warming up", "missing", "late", "repeated", "early")
COUNTS = ("ok", "warming up", "missing", "late", "repeated", "early", "broken", "blank", "header")


class Notifier:
    """Writes points and alert events as lines of JSON, and counts them."""

    def __init__(self, stdout: TextIO, stderr: TextIO, *, only_alerts: bool) -> None:
        self.stdout, self.stderr, self.only_alerts, self.flush = stdout, stderr, only_alerts, False
        self.counts: Counter[str] = Counter()
        self.open: set[int] = set()
        self._reported: dict[int, tuple[float, str, str]] = {}
        """Peak, metric and sort of reason that were last written of each open alert."""
        self.opened = 0
        self.news = False
        """Whether an alert opened or closed in the last row."""
        self.responder: Responder | None = None
        self.alertmanager: Alertmanager | None = None
        # Alerts that fired before this were told by the run that saved the state.
        self.since = -inf

    def say(self, text: str) -> None:
        """Write a line for people."""
        self.stderr.write(f"sre-anomaly: {text}\n")

    def write(self, lines: Iterable[str]) -> None:
        """Write lines for programs."""
        for line in lines:
            print(line, file=self.stdout, flush=self.flush)

    def tell(self, result: "Result") -> None:
        """Write what a row brought."""
        events = self.events(result.alerts, result.time) if result.alerts else []
        self.news = any(told["event"] != "changed" for told in events)
        worth = [told for told in events if self._worth(told)]
        self.write(map(json.dumps, worth) if self.only_alerts else (self._line(result, worth),))
        for told in events:
            if self.alertmanager is not None:
                self.alertmanager.hear(told, now=any(told is one for one in worth))
            if self.responder is not None:
                score = told["peak_score"]
                strength = float("nan") if score is None else score
                from sre_anomaly.remediation.rules import (
                    Event,  # only here: who has no rules does not wait for them
                )

                self.responder.hear(Event(told["event"], told["metric"], strength, result.time, told))

    def _worth(self, told: dict[str, Any]) -> bool:
        """Say whether an event is to be written: of changes, a peak a fifth higher, another metric, or another sort of reason."""
        number, peak = told["id"], told["peak_score"]
        fresh = (-inf if peak is None else peak, told["metric"], NUMBERS.sub("#", told["reason"]))
        before = self._reported.get(number)
        if told["event"] == "closed":
            self._reported.pop(number, None)
            return True
        grown = other = False
        if before is not None:
            grown = fresh[0] > before[0] and fresh[0] - before[0] >= (GROWN - 1) * abs(before[0])
            other = fresh[1:] != before[1:]
        # What an earlier run has reported last is not known; what it opened is not news.
        if before is None or grown or other:
            self._reported[number] = fresh
        return told["event"] == "opened" or grown or other

    def _line(self, result: "Result", events: list[dict[str, Any]]) -> str:
        # By hand: json.dumps takes as long as all the rest.
        line = (
            f'{{"time": "{iso(result.time)}", "status": "{result.status}", "score": {_number(result.score)}, '
        )
        line += f'"level": {_number(result.level)}, "flag": {"true" if result.flag else "false"}'
        if result.status == "warming up":
            line += f', "seen": {result.seen}, "needed": {result.needed}'
        return line + (f', "alerts": {json.dumps(events)}}}' if events else "}")

    def events(self, alerts: Sequence[Alert], time: float = inf) -> list[dict[str, Any]]:
        """Return what happened to alerts; one that opens and closes at the same row has two events."""
        told = []
        self.since = min(self.since, time)
        for alert in alerts:
            if alert.id not in self.open and alert.fired >= self.since:
                self.opened += 1
                told.append(_event("opened", alert))
            elif not alert.closed:
                told.append(_event("changed", alert))
            self.open.add(alert.id)
            if alert.closed:
                self.open.discard(alert.id)
                told.append(_event("closed", alert))
        return told

    def close(self) -> None:
        """Wait for what alerts have set off, and tell of the last of them."""
        if self.alertmanager is not None:
            self.alertmanager.close()
        if self.responder is not None:
            self.responder.close()

    def summary(self) -> str:
        """Return how many lines there were of each kind."""
        told = ", ".join(f"{self.counts[kind]} {kind}" for kind in COUNTS).replace(" ok", " points answered")
        late = self.counts["late"] + self.counts["repeated"]
        if late and late == sum(self.counts[kind] for kind in STATUSES):
            told += " (every data point is older than the model's history or the state: send newer ones, or replay these with run)"
        return f"{self.counts.total()} lines read: {told}; {self.opened} alerts, {len(self.open)} open"


def _event(name: str, alert: Alert) -> dict[str, Any]:
    times = {each: iso(getattr(alert, each)) for each in ("start", "fired", "end", "peak")}
    peaks = {each: json.loads(_number(getattr(alert, each))) for each in ("peak_score", "peak_level")}
    told = {"event": name, "id": int(alert.id), **times, **peaks, "flags": int(alert.flags)}
    return told | {"metric": alert.metric, "reason": alert.reason}


def _number(value: float) -> str:
    return str(value) if isfinite(value) else "null"
