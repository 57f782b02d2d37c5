"""What alerts may set off: each job by its own file of rules, in the limits that the file states."""

from collections.abc import Callable, Iterable
from typing import Any

from sre_anomaly.clock import iso
from sre_anomaly.errors import ConfigError, UserError
from sre_anomaly.records import plain
from sre_anomaly.remediation.responder import Responder, open_responder
from sre_anomaly.remediation.rules import ALERTED
from sre_anomaly.remediation.rules import Event as Occasion
from sre_anomaly.service.telling.event import Event

Rules = tuple[str, str | None, Iterable[str], int]
"""The name of a job, its file of rules if it has one, its metrics and its step in ns."""


class Acting:
    """Answers the news of alerts of all jobs.

    Parameters
    ----------
    rules : iterable of Rules
    say : callable
        Writes a line for people.

    Raises
    ------
    ConfigError
        If a file of rules is wrong, or does not suit its job.
    """

    def __init__(self, rules: Iterable[Rules], say: Callable[[str], Any]) -> None:
        self.responders: dict[str, Responder] = {}
        for job, path, metrics, step in rules:
            if path is None:
                continue
            try:
                self.responders[job] = open_responder(path, ALERTED, list(metrics), "metric", say, step)
            except UserError as error:
                raise ConfigError(
                    "\n".join(f"job {job}: {line}" for line in str(error).splitlines())
                ) from None

    def hear(self, events: Iterable[Event], what: Iterable[str | None]) -> None:
        """Do what the rules ask for events, each of which ``opened``, ``changed`` or ``closed`` an alert; None is no news."""
        for event, when in zip(events, what, strict=True):
            responder = self.responders.get(event.job)
            if responder is not None and when in ALERTED:
                alert = event.alert
                about: dict[str, Any] = plain({
                    "event": when, "job": event.job, "entity": event.entity, "labels": event.labels, "id": alert.id,
                    "metric": alert.metric, "start": iso(alert.start), "end": iso(alert.end),
                    "peak_score": alert.peak_score, "reason": alert.reason,
                })  # fmt: skip
                responder.hear(Occasion(when, alert.metric, float(alert.peak_score), event.time, about))
