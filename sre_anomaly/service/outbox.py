"""Which alerts an Alertmanager is to know of: those that fire, again and again, and for a while that they are over."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sre_anomaly.clock import iso
from sre_anomaly.service.job import Event

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
    """Whether the Alertmanager has taken it in while it fired."""


@dataclass
class Outbox:
    """The alerts of all jobs.

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
    """By job, entity and number."""
    storms: dict[str, int] = field(default_factory=dict)
    """Since when so many fire in a job that one alert says so, ns since 1970."""

    def hear(self, event: Event, now: int) -> str | None:
        """Take in what happened to an alert; return ``opened``, ``changed`` or ``closed``, None where nobody needs to hear.

        What was over for long when it is heard of, as when the past is caught up on, is not told.
        """
        alert = event.alert
        key = f"{event.job}\0{event.entity}\0{alert.id}"
        known = self.alerts.get(key)
        if alert.closed:
            if known is None:
                return "closed"
            known.over, known.end, known.summary = now, alert.end, alert.reason
            return "closed"
        if known is None:
            # The metric that it began with stays its label: the same alert, however it goes on.
            labels = {
                **self.labels.get(event.job, {}), **event.labels,
                "alertname": ALERT, "job": event.job, "entity": event.entity, "metric": alert.metric,
            }  # fmt: skip
            self.alerts[key] = Told(
                event.job, event.entity, labels, alert.reason, alert.start, alert.peak_score
            )
            return "opened"
        grown = alert.peak_score > known.peak
        known.summary, known.peak = alert.reason, max(known.peak, alert.peak_score)
        return "changed" if grown else None

    def due(self, now: int, current: Collection[str]) -> list[dict[str, Any]]:
        """Return all that is to be told now, as version 2 of an Alertmanager's API takes it.

        ``current`` are the jobs that are not busy with the past: what fires in the others may be over long ago, so of them only
        what is known already is told again.
        """
        for key in [key for key, one in self.alerts.items() if one.over and now - one.over > LASTS]:
            del self.alerts[key]
        told: list[dict[str, Any]] = []
        for job, most in self.limits.items():
            own = sorted(
                (one for one in self.alerts.values() if one.job == job),
                key=lambda one: (one.start, one.entity),
            )
            firing = [one for one in own if not one.over]
            for one in firing[:most] if job in current else ():
                one.seen = True
            # Of what was never told nobody need hear that it is over.
            told += [self._payload(one, now) for one in own if one.seen]
            told += self._storm(job, firing, most, now) if job in current else []
        return told

    def _storm(self, job: str, firing: list[Told], most: int, now: int) -> list[dict[str, Any]]:
        many = len(firing) > most
        if not many and job not in self.storms:
            return []
        begun = self.storms.setdefault(job, firing[most].start if many else now)
        if many:
            names = ", ".join(one.entity for one in firing[:NAMED])
            summary = f"{len(firing)} alerts at once in job {job}: {names} and {len(firing) - NAMED} more"
        elif now - begun > LASTS:
            del self.storms[job]
            return []
        else:
            summary = f"no more than {most} alerts at once in job {job} any more"
        labels = {**self.labels.get(job, {}), "alertname": STORM, "job": job}
        end = now + LASTS if many else now
        return [_alert(labels, {"summary": summary, **self._link()}, begun, end, self.page)]

    def _payload(self, one: Told, now: int) -> dict[str, Any]:
        end = one.end if one.over else now + LASTS
        annotations = {
            "summary": one.summary,
            "peak": f"{one.peak:.4g} times its threshold's unit",
            **self._link(),
        }
        return _alert(one.labels, annotations, one.start, end, self.page)

    def _link(self) -> dict[str, str]:
        return {"page": self.page} if self.page else {}

    def state(self) -> dict[str, Any]:
        """Return all that is remembered, as JSON can hold it."""
        return {"alerts": {key: asdict(one) for key, one in self.alerts.items()}, "storms": self.storms}

    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned, but for jobs that are no more."""
        kept = {key: Told(**one) for key, one in state["alerts"].items()}
        self.alerts = {key: one for key, one in kept.items() if one.job in self.limits}
        self.storms = {job: since for job, since in state["storms"].items() if job in self.limits}

    def firing(self, jobs: Iterable[str] = ()) -> list[Told]:
        """Return what fires, newest first."""
        wanted = set(jobs)
        some = [one for one in self.alerts.values() if not one.over and (not wanted or one.job in wanted)]
        return sorted(some, key=lambda one: -one.start)


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
