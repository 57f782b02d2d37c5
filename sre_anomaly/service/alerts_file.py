"""Alerts as lines of JSON in a file: each event once, also when a service was killed and goes over the same rows again."""

import json
import os
from pathlib import Path
from typing import Any

from sre_anomaly.clock import iso
from sre_anomaly.service.job import Event

LOOKS_BACK = 8 << 20
"""Bytes at the end of a file in which an event is looked for."""


class AlertsFile:
    """A file that events are appended to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._written = self._known()

    def write(self, event: Event, what: str) -> None:
        """Append an event, unless it is there already."""
        alert = event.alert
        told = {
            "time": iso(event.time), "event": what, "job": event.job, "entity": event.entity, "id": alert.id,
            "metric": alert.metric, "start": iso(alert.start), "end": iso(alert.end), "peak_score": alert.peak_score,
            "reason": alert.reason,
        }  # fmt: skip
        key = _key(told)
        if key in self._written:
            return
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(told, allow_nan=False, default=str) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self._written.add(key)

    def _known(self) -> set[tuple[Any, ...]]:
        try:
            with self.path.open("r+b") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - LOOKS_BACK))
                text = file.read()
                whole = text.rfind(b"\n") + 1
                # Half a line is what a kill has left; the event will come again.
                file.truncate(size - (len(text) - whole))
        except FileNotFoundError:
            return set()
        found = set()
        for line in text[:whole].splitlines():
            try:
                found.add(_key(json.loads(line)))
            except (ValueError, KeyError, TypeError):
                continue
        return found


def _key(told: dict[str, Any]) -> tuple[Any, ...]:
    return told["job"], told["entity"], told["id"], told["event"], told["time"]
