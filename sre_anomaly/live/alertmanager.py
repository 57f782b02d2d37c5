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
from sre_anomaly.remediation.actions import post

EVERY_SECONDS = 60.0
LASTS = 300_000_000_000
"""Nanoseconds for which an Alertmanager believes that an alert fires without hearing of it, and is told that one is over."""
PAUSE_SECONDS = 1.0
WAIT_SECONDS = 10.0
NAME = "UnusualMetric"


class Alertmanager:
    """Sends alerts to version 2 of an Alertmanager's API, from a thread of its own.

    The labels are ``alertname`` (UnusualMetric), ``experiment`` and ``metric``; what was seen and expected is the
    annotation ``summary``. When another metric is further out than the one that an alert began with, the alert goes on with
    that one, and the former is over. A monitor that dies is heard of no more, and its alerts are taken for resolved five
    minutes later.

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
        self._alerts: dict[tuple[int, str], dict[str, Any]] = {}
        self._over: dict[tuple[int, str], int] = {}
        self._changed, self._ended, self._lost = threading.Condition(), False, False
        self._thread = threading.Thread(target=self._keep_telling, daemon=True)
        self._thread.start()

    def hear(self, told: Mapping[str, Any], *, now: bool = True) -> None:
        """Take in what happened to an alert; it is sent at once, or with what is sent again each minute."""
        key, clock = (int(told["id"]), str(told["metric"])), self._clock()
        with self._changed:
            others = [
                one for one in self._alerts if one[0] == key[0] and one != key and one not in self._over
            ]
            if told["event"] == "closed":
                # Of what was over long ago, as when the past is caught up on, nobody need be told.
                if not others and key not in self._alerts and clock - in_nanoseconds(told["end"]) > LASTS:
                    return
                self._over[key] = clock
            for other in others:
                self._over[other] = clock
                self._alerts[other]["endsAt"] = _at(clock)
            self._alerts[key] = {
                "labels": {"alertname": NAME, "experiment": self._experiment, "metric": key[1]},
                "annotations": {
                    "summary": told["reason"],
                    "peak": told["peak"],
                    "flagged_rows": str(told["flags"]),
                },
                "startsAt": told["start"],
                "endsAt": told["end"],
            }
            if now:
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
        for key in [key for key, since in self._over.items() if now - since > LASTS]:
            del self._over[key], self._alerts[key]
        return [
            alert if key in self._over else alert | {"endsAt": _at(now + LASTS)}
            for key, alert in self._alerts.items()
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


def _at(time: int) -> str:
    return iso(time // 10**9 * 10**9)
