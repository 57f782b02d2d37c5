"""Telling an Alertmanager which alerts fire, again and again while they do, and for a while that they are over."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from sre_anomaly.clock import in_nanoseconds, iso
from sre_anomaly.errors import ConfigError
from sre_anomaly.remediation.deeds import post

EVERY_SECONDS = 60.0
LASTS = 300_000_000_000
"""Nanoseconds for which an Alertmanager believes that an alert fires without hearing of it, and is told that one is over."""
PAUSE_SECONDS = 1.0
WAIT_SECONDS = 10.0
NAME = "UnusualMetric"


class Alertmanager:
    """Sends alerts to version 2 of an Alertmanager's API, from a thread of its own.

    The labels are ``alertname`` (UnusualMetric), ``experiment`` and ``metric``, the metric that the alert began with, so
    that they stay the same while it fires; what was seen and expected is the annotation ``summary``. A monitor that dies
    is heard of no more, and its alerts are taken for resolved five minutes later.

    Parameters
    ----------
    url : str
        The address before ``/api/v2``.
    experiment : str
        The name of the run that the model is from.
    say : callable
        Writes a line for people: once when it cannot be reached, and once when it can again.
    clock : callable
        Returns nanoseconds since 1970.

    Raises
    ------
    ConfigError
        If the address is none.
    """

    def __init__(
        self, url: str, experiment: str, say: Callable[[str], Any], clock: Callable[[], int] = time.time_ns
    ) -> None:
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise ConfigError(f"alertmanager={url}: is no address; write one such as http://localhost:9093")
        self.url, self._address = url, f"{url.rstrip('/')}/api/v2/alerts"
        self._experiment, self._say, self._clock = experiment, say, clock
        self._alerts: dict[int, dict[str, Any]] = {}
        self._over: dict[int, int] = {}
        self._changed, self._ended, self._lost = threading.Condition(), False, False
        self._thread = threading.Thread(target=self._keep_telling, daemon=True)
        self._thread.start()

    def hear(self, told: Mapping[str, Any]) -> None:
        """Take in what happened to an alert, as the monitor writes it."""
        number, now = int(told["id"]), self._clock()
        end = in_nanoseconds(told["end"])
        with self._changed:
            known = self._alerts.get(number)
            if told["event"] == "closed":
                # Of what was over long ago, as when the past is caught up on, nobody need be told.
                if known is None and now - end > LASTS:
                    return
                self._over[number] = now
            labels = {"alertname": NAME, "experiment": self._experiment, "metric": told["metric"]}
            self._alerts[number] = {
                "labels": known["labels"] if known else labels,
                "annotations": {
                    "summary": told["reason"],
                    "peak": told["peak"],
                    "flagged_rows": str(told["flags"]),
                },
                "startsAt": told["start"],
                "endsAt": told["end"],
            }
            self._changed.notify()

    def close(self) -> None:
        """Tell what has not been told, and end; what fires is left to fire, for a monitor that goes on."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        self._thread.join(2 * WAIT_SECONDS)

    def _keep_telling(self) -> None:
        while True:
            with self._changed:
                if not self._ended and self._changed.wait(EVERY_SECONDS) and not self._ended:
                    # While the past is caught up on, an alert may be over in a moment.
                    self._changed.wait(PAUSE_SECONDS)
                ended, alerts = self._ended, self._due()
            if alerts:
                self._send(alerts)
            if ended:
                return

    def _due(self) -> list[dict[str, Any]]:
        """Return all that fires or was over a short while ago; forget the others."""
        now = self._clock()
        for number in [number for number, since in self._over.items() if now - since > LASTS]:
            del self._over[number], self._alerts[number]
        return [
            alert if number in self._over else alert | {"endsAt": iso((now + LASTS) // 10**9 * 10**9)}
            for number, alert in self._alerts.items()
        ]

    def _send(self, alerts: list[dict[str, Any]]) -> None:
        try:
            answer = post(self._address, WAIT_SECONDS, json.dumps(alerts).encode(), "")
        except (OSError, HTTPException, ValueError, AttributeError) as error:
            answer = f"{type(error).__name__}: {error}"
        lost = not answer.startswith("HTTP 2")
        if lost and not self._lost:
            self._say(f"alertmanager={self.url}: {answer}; trying again every {EVERY_SECONDS:g} s")
        if self._lost and not lost:
            self._say(f"alertmanager={self.url}: reached again")
        self._lost = lost
