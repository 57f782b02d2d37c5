"""Alerts as lines of JSON in a file: each event once, also when a service was killed and goes over the same rows again."""

import json
import os
from pathlib import Path
from typing import Any

from sre_anomaly.errors import ConfigError

LOOKS_BACK = 8 << 20
"""Bytes at the end of a file in which an event is looked for."""


class AlertsFile:
    """A file that events are appended to.

    Raises
    ------
    ConfigError
        If it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._written = self._known()
        except OSError as error:
            raise ConfigError(f"alerts_file: {path} cannot be written ({error.strerror})") from None

    def write(self, lines: list[dict[str, Any]]) -> None:
        """Append events, but for those that are there already: all of them or none.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        fresh = [line for line in lines if _key(line) not in self._written]
        if not fresh:
            return
        text = "".join(json.dumps(line, allow_nan=False) + "\n" for line in fresh)
        with self.path.open("ab", buffering=0) as file:
            size = file.tell()
            try:
                content = text.encode()
                while content:
                    content = content[file.write(content) :]
                os.fsync(file.fileno())
            except OSError:
                # Half a line would spoil the next.
                file.truncate(size)
                raise
        self._written |= {_key(line) for line in fresh}

    def forget(self, job: str, before: str) -> None:
        """Forget what was written of a job before a time; what is on disk of the job is of then, so it does not come again."""
        self._written = {key for key in self._written if key[0] != job or key[-1] >= before}

    def _known(self) -> set[tuple[str, ...]]:
        with self.path.open("a+b") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - LOOKS_BACK))
            text = file.read()
            whole = text.rfind(b"\n") + 1
            # Half a line is what a kill has left; the event will come again.
            file.truncate(size - (len(text) - whole))
        found = set()
        for line in text[:whole].splitlines():
            try:
                found.add(_key(json.loads(line)))
            except (ValueError, KeyError, TypeError):
                continue
        return found


def _key(told: dict[str, Any]) -> tuple[str, ...]:
    # Without its number, which is another where the past was gone over anew.
    return told["job"], told["entity"], told["event"], told["time"]
