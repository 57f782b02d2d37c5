"""Doing what was decided: running a program or sending JSON, within a time limit, and telling how it ended.

Nothing of the data becomes part of a command line, an address or a header: they stand in the user's own file. The
data are JSON, on standard input or as the body; the environment of a program gets names that the model knows.
"""

import hashlib
import hmac
import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import IO, Any
from urllib.parse import urlsplit

from sre_anomaly.remediation.rules import Action

SIGNATURE = "X-Signature-256"
LAST_WORDS = 300
LONGEST_TEXT = 2000


def execute(action: Action, told: Mapping[str, Any], secrets: frozenset[str] = frozenset()) -> str:
    """Do an action and return how it ended, in words; never raises for what the world may do.

    ``secrets`` are names of environment variables that no program gets to see.
    """
    content = json.dumps(told).encode()
    try:
        if action.command is not None:
            names = {f"REMEDIATION_{key.upper()}": str(told[key]) for key in ("action", "target", "id")}
            kept = {name: value for name, value in os.environ.items() if name not in secrets}
            return run(action.command, action.seconds, content, kept | names)
        assert action.url is not None
        return post(action.url, action.seconds, content, os.environ.get(action.secret_env or "", ""))
    except (OSError, HTTPException, ValueError, AttributeError) as error:
        return f"failed: {type(error).__name__}: {error}"


def run(command: list[str], seconds: float, content: bytes, environment: Mapping[str, str]) -> str:
    """Run a program without a shell; it and what it started are killed at the time limit."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as said:
        given.write(content)
        given.seek(0)
        process = subprocess.Popen(  # noqa: S603 - a list from the user's own file, no shell
            command, stdin=given, stdout=said, stderr=subprocess.STDOUT, env=dict(environment), start_new_session=True
        )  # fmt: skip
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return f"killed after {seconds:g} s" + _last_words(said)
        return f"exit code {code}" + _last_words(said)


def _last_words(said: IO[bytes]) -> str:
    said.seek(max(0, said.seek(0, os.SEEK_END) - LAST_WORDS))
    words = " ".join(said.read().decode(errors="replace").split())
    return f": {words}" if words else ""


def post(url: str, seconds: float, content: bytes, secret: str) -> str:
    """Send JSON; an answer that points elsewhere is not followed, and no proxy is asked."""
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=seconds)
    headers = {"Content-Type": "application/json", "User-Agent": "sre-anomaly"}
    if secret:
        headers[SIGNATURE] = "sha256=" + hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
    late = threading.Event()
    # The connection's own limit is for each wait alone: a server that drips would be waited for forever.
    clock = threading.Timer(seconds, _hang_up, [connection, late])
    clock.daemon = True
    clock.start()
    try:
        connection.request(
            "POST", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), content, headers
        )
        status = connection.getresponse().status
    except (OSError, HTTPException, ValueError, AttributeError) as error:
        if late.is_set() or isinstance(error, TimeoutError):
            return f"no answer within {seconds:g} s"
        raise
    finally:
        clock.cancel()
        connection.close()
    return f"HTTP {status}" + ("" if 200 <= status < 300 else ", which is no success")


def _hang_up(connection: HTTPConnection, late: threading.Event) -> None:
    late.set()
    if isinstance(connection.sock, socket.socket):
        # Not the method of an encrypted socket, which would take its state away under the reader.
        with suppress(OSError):
            socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)
