"""Which alerts an Alertmanager is to know of: those that fire, again and again, and for a while that they are over."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sre_anomaly.clock import iso
from sre_anomaly.records import plain
from sre_anomaly.service.telling.event import Event

ALERT, STORM = "UnusualMetric", "UnusualFleet"
LASTS = 300 * 10**9
"""Nanoseconds for which an Alertmanager believes that an alert fires without hearing of it, and is told that one is over."""
NAMED = 5
SECOND = 10**9


@dataclass
class Told:
    """An alert as it is told."""

    job: str
    entity: str
    labels: dict[str, str]
    summary: str
    start: int
    """ns since 1970."""
    peak: float
    over: int = 0
    """When it was over, by our clock; 0 while it fires."""
    end: int = 0
    seen: bool = False
    """Whether it was sent to the Alertmanager while it fired."""
    line: dict[str, Any] | None = None
    """What is written of it once the past is gone over, should it be open still."""


@dataclass
class Outbox:
    """The alerts of all jobs: what is to be told, to an Alertmanager and as lines.

    Parameters
    ----------
    limits : mapping of str to int
        How many alerts of each job are told one by one; where more fire, one alert says how many.
    labels : mapping of str to mapping
        The labels that each job puts on its alerts.
    page : str
        The address of the service's own page, for people; empty: none.
    """

    limits: Mapping[str, int]
    labels: Mapping[str, Mapping[str, str]]
    page: str = ""
    alerts: dict[str, Told] = field(default_factory=dict)
    """By job, entity and start."""
    storms: dict[str, Told] = field(default_factory=dict)
    """By job, the alert that says that too many fire."""
    lines: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """By job, the lines that are not written yet."""

    def hear(self, event: Event, now: int, *, news: bool = True) -> str | None:
        """Take in what happened to an alert; return ``opened``, ``changed`` or ``closed``, None where nobody needs to hear.

        Without ``news`` it is of the past: it becomes news by `settle`, if it is open then.
        """
        alert = event.alert
        key = f"{event.job}\0{event.entity}\0{alert.start}"
        known = self.alerts.get(key)
        if alert.closed:
            what = "closed"
            if known is not None and news:
                known.over, known.end, known.summary = now, alert.end, alert.reason
            else:
                self.alerts.pop(key, None)
        elif known is None:
            what = "opened"
            # The metric that it began with stays its label: the same alert, however it goes on.
            labels = {
                **self.labels.get(event.job, {}), **event.labels,
                "alertname": ALERT, "job": event.job, "entity": event.entity, "metric": alert.metric,
            }  # fmt: skip
            known = self.alerts[key] = Told(
                event.job, event.entity, labels, alert.reason, alert.start, alert.peak_score
            )
            known.line = None if news else _line(event, what)
        else:
            what = "changed"
            known.summary = alert.reason
            if alert.peak_score <= known.peak:
                return None
            known.peak = alert.peak_score
        if news:
            self.lines.setdefault(event.job, []).append(_line(event, what))
        return what

    def settle(self, job: str) -> int:
        """Make news of what is open at the end of the past, and return how many alerts that are."""
        found = [one for one in self.alerts.values() if one.job == job and one.line is not None]
        for one in found:
            self.lines.setdefault(job, []).append(one.line or {})
            one.line = None
        return len(found)

    def drop(self, job: str, now: int) -> None:
        """Take all alerts of a job for over, because what it knew of them is gone."""
        for one in [*self.alerts.values(), *self.storms.values()]:
            if one.job == job and not one.over:
                one.over = one.end = now

    def due(self, now: int, current: Collection[str]) -> list[dict[str, Any]]:
        """Return all that is to be told now, as version 2 of an Alertmanager's API takes it.

        ``current`` are the jobs that are not busy with the past: what fires in the others may be over long ago, so of them only
        what is known already is told again.
        """
        for kept in (self.alerts, self.storms):
            for key in [key for key, one in kept.items() if one.over and now - one.over > LASTS]:
                del kept[key]
        for job in current:
            firing = [one for one in self.alerts.values() if one.job == job and not one.over]
            firing.sort(key=lambda one: (not one.seen, one.start, one.entity))
            most = self.limits.get(job, 0)
            storm = self.storms.get(job)
            # While too many fire, none takes the place of one that is over: the one alert speaks for them all.
            if storm is None or storm.over or len(firing) <= most:
                for one in firing[:most]:
                    one.seen = True
            self._storm(job, firing, most, now)
        told = [one for one in self.alerts.values() if one.seen]
        # An alert of the same labels that fires by now is the same one to an Alertmanager.
        again = {_same(one) for one in told if not one.over}
        told = [one for one in told if not one.over or _same(one) not in again]
        told.sort(key=lambda one: (one.start, one.entity))
        return [self._payload(one, now) for one in (*told, *self.storms.values())]

    def _storm(self, job: str, firing: list[Told], most: int, now: int) -> None:
        storm = self.storms.get(job)
        if len(firing) > most:
            if storm is None or storm.over:
                labels = {**self.labels.get(job, {}), "alertname": STORM, "job": job}
                storm = self.storms[job] = Told(job, job, labels, "", now, 0.0, seen=True)
            names = ", ".join(one.entity for one in firing[:NAMED])
            more = f" and {len(firing) - NAMED} more" if len(firing) > NAMED else ""
            storm.summary = f"{len(firing)} alerts at once in job {job}, {most} of them told: {names}{more}"
        elif storm is not None and not storm.over:
            storm.over = storm.end = now
            storm.summary = f"no more than {most} alerts at once in job {job} any more"

    def _payload(self, one: Told, now: int) -> dict[str, Any]:
        end = max(one.end, one.start + SECOND) if one.over else now + LASTS
        annotations = {"summary": one.summary}
        if one.peak:
            annotations["peak"] = f"{one.peak:.4g}"
        annotations |= {"page": self.page} if self.page else {}
        return _alert(one.labels, annotations, one.start, end, self.page)

    def state(self, job: str) -> dict[str, Any]:
        """Return all that is remembered of a job, as JSON can hold it."""
        return {
            "alerts": {key: asdict(one) for key, one in self.alerts.items() if one.job == job},
            "storm": asdict(self.storms[job]) if job in self.storms else None,
            "lines": list(self.lines.get(job, ())),
        }

    def resume(self, job: str, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned."""
        self.alerts |= {key: Told(**one) for key, one in state["alerts"].items()}
        if state["storm"] is not None:
            self.storms[job] = Told(**state["storm"])
        self.lines[job] = list(state["lines"])

    def firing(self, jobs: Iterable[str] = ()) -> list[Told]:
        """Return what fires, newest first; what is open in a past that is still gone over does not."""
        wanted = set(jobs)
        some = [
            one
            for one in self.alerts.values()
            if not one.over and one.line is None and (not wanted or one.job in wanted)
        ]
        return sorted(some, key=lambda one: -one.start)


def _same(one: Told) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(one.labels.items()))


def _line(event: Event, what: str) -> dict[str, Any]:
    """Return what is written of an event."""
    alert = event.alert
    told: dict[str, Any] = plain({
        "time": iso(event.time), "event": what, "job": event.job, "entity": event.entity, "labels": event.labels,
        "id": alert.id, "metric": alert.metric, "start": iso(alert.start), "end": iso(alert.end),
        "peak_score": alert.peak_score, "reason": alert.reason,
    })  # fmt: skip
    return told


def _alert(
    labels: Mapping[str, str], annotations: Mapping[str, str], start: int, end: int, page: str
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "labels": dict(labels),
        "annotations": dict(annotations),
        "startsAt": iso(start // SECOND * SECOND),
        "endsAt": iso(end // SECOND * SECOND),
    }
    return told | ({"generatorURL": page} if page else {})
