"""The audit log: one line of JSON for each decision, on disk before anything is done.

It is the only memory of what was done. Several processes may share one: each takes a lock, reads what the others
have written since, decides, writes, and lets go, so that they keep one envelope together.
"""

import json
import os
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sre_anomaly.errors import DataError, UserError
from sre_anomaly.remediation.guardrails import ActionHistory

PATIENCE_SECONDS = 5
CHUNK = 1 << 20
BEGINS = b'{"time": "'
"""How every line begins; the rest of a broken last line is cut off only if it does too."""


class AuditLog:
    """An audit log, and what follows from its lines so far.

    Raises
    ------
    DataError
        From every method: if it cannot be read or written, or is not what it was. Nothing may be done then.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.past = ActionHistory()
        self._read = 0
        self._file: tuple[int, int] | None = None
        self._held: int | None = None

    def unusable(self) -> str:
        """Say why the log could not be written, without making it; empty where it could."""
        if self.path.exists() and not self.path.is_file():
            return f"audit_log={self.path}: is no file"
        if not os.access(self.path if self.path.exists() else self.path.parent, os.R_OK | os.W_OK):
            return f"audit_log={self.path}: cannot be written there"
        return ""

    @contextmanager
    def held(self) -> Iterator[ActionHistory]:
        """Hold the log alone, and know all that is in it."""
        try:
            descriptor = self._opened()
        except OSError as error:
            raise DataError(f"audit_log={self.path}: cannot be opened ({error.strerror})") from None
        try:
            self._lock(descriptor)
            self._catch_up(descriptor)
            self._held = descriptor
            yield self.past
        except OSError as error:
            raise DataError(f"audit_log={self.path}: cannot be read or written ({error.strerror})") from None
        finally:
            self._held = None
            os.close(descriptor)

    def append(self, line: Mapping[str, Any]) -> None:
        """Write one line while the log is held; it is on disk when this returns."""
        assert self._held is not None, "hold the log first"
        content = json.dumps(line).encode() + b"\n"
        whole = False
        try:
            whole = os.write(self._held, content) == len(content)
            os.fsync(self._held)
        except OSError:
            whole = False
            raise
        finally:
            if not whole:
                # Half a line must not be taken for a decision.
                with suppress(OSError):
                    os.ftruncate(self._held, self._read)
        if not whole:
            raise DataError(f"audit_log={self.path}: cannot be written, the disk may be full")
        self._read += len(content)
        self.past = self.past.after(line)

    def _opened(self) -> int:
        new = not self.path.exists()
        # Without waiting: a pipe in the place of the file would never open.
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_NONBLOCK", 0)
        descriptor = os.open(self.path, flags, 0o600)
        if new:
            folder = os.open(self.path.parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
        return descriptor

    def _lock(self, descriptor: int) -> None:
        try:
            import fcntl
        except ImportError:
            raise UserError("remediation needs file locks, which this system does not have") from None
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > until:
                    raise DataError(f"audit_log={self.path}: another process does not let go of it") from None
                time.sleep(0.01)
            else:
                return

    def _catch_up(self, descriptor: int) -> None:
        """Take in the lines that were written since."""
        now = os.fstat(descriptor)
        same = (now.st_dev, now.st_ino)
        if not stat.S_ISREG(now.st_mode):
            raise DataError(f"audit_log={self.path}: is no ordinary file, and would remember nothing")
        if self._file not in {None, same} or now.st_size < self._read:
            raise DataError(
                f"audit_log={self.path}: was cut or replaced meanwhile; start again to go on with it"
            )
        self._file = same
        rest = b""
        while piece := os.pread(descriptor, CHUNK, self._read + len(rest)):
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                self._take(line)
                self._read += len(line) + 1
        if rest:
            self._mend(descriptor, rest)

    def _take(self, line: bytes) -> None:
        try:
            self.past = self.past.after(json.loads(line))
        except (ValueError, KeyError, TypeError):
            raise DataError(
                f"audit_log={self.path}: line {self.past.lines + 1} is none of an audit log; move the file away to "
                "begin a new one, which forgets what was done"
            ) from None

    def _mend(self, descriptor: int, rest: bytes) -> None:
        """Cut off a last line that a crash left half written: what it decided was never done."""
        with suppress(ValueError, KeyError, TypeError):
            self.past.after(json.loads(rest))
            os.write(descriptor, b"\n")
            return self._catch_up(descriptor)
        if not rest.startswith(BEGINS[: len(rest)]):
            self._take(rest)
        return os.ftruncate(descriptor, self._read)
