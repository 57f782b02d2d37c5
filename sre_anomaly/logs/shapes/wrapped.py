"""Lines that a collector has wrapped: containerd's (CRI), Docker's, and those with a service or pod in front.

A line of a stack trace has CONTINUED in the place of its level: it goes on with the one before.
"""

import re
from collections.abc import Callable

from sre_anomaly.logs.shapes.inside import Entry, with_level
from sre_anomaly.logs.shapes.objects import json_lines
from sre_anomaly.logs.shapes.servers import ACCESS, access, glog
from sre_anomaly.logs.shapes.syslog import logfmt
from sre_anomaly.logs.shapes.traces import CONTINUED, continues

Splitter = Callable[[bytes], Entry | None]
CRI = re.compile(rb"(\d{4}-\d\d-\d\dT\S+) (stdout|stderr) ([FP])(?:\S*) ?(.*)", re.DOTALL)
COMPOSE = re.compile(rb"(?:[\w.-]+ +\||\[(?:pod/)?[\w.-]+/[\w./-]+\]) ?(.*)", re.DOTALL)
INNER: dict[bytes, tuple[Splitter, ...]] = {
    b"{": (json_lines,),
    **dict.fromkeys((b"I", b"W", b"E", b"F"), (glog,)),
    b"": (access(ACCESS[0]), access(ACCESS[1]), logfmt),
}
"""What is tried inside, by the first byte of what is there."""
REPEATED = re.compile(rb"\[?\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[^\s\]]*\]? ?")
"""The time that the service wrote: the collector's stands before it."""
COLOURS = re.compile(rb"\x1b\[[\d;]*m")


def cri(line: bytes) -> Entry | None:
    """Split a line of containerd: its time, and what the line itself says.

    Examples
    --------
    >>> cri(b"2024-03-04T10:00:00.243123456Z stdout F WARN user 557 logged in")
    (b'2024-03-04T10:00:00.243123456Z', b'WARN', b'user 557 logged in')
    """
    found = CRI.match(line)
    return opened(found[1], b"", found[4]) if found else None


def cri_whole() -> Splitter:
    """Return a splitter for containerd's lines that takes those cut in pieces (P, up to F) for one."""
    cut: dict[bytes, bool] = {}

    def split(line: bytes) -> Entry | None:
        found = CRI.match(line)
        if found is None:
            return None
        time, stream, piece, text = found.groups()
        goes_on, cut[stream] = cut.get(stream, False), piece == b"P"
        return (time, CONTINUED, b" " + text) if goes_on else opened(time, b"", text)

    return split


def opened(time: bytes, level: bytes, message: bytes) -> Entry:
    """Return the entry of a line inside another: JSON, glog, a request or plain text, with the time of the outer one.

    Examples
    --------
    >>> opened(b"t", b"", b'{"level": "error", "msg": "gone", "ts": 1}'), opened(b"t", b"", b"Caused by: no route")
    ((b't', b'error', b'gone'), (b't', b'...', b'Caused by: no route'))
    """
    if level:
        return time, level, message
    if not message or continues(message):
        return time, CONTINUED, message
    for split in INNER[message[:1]] if message[:1] in INNER else INNER[b""]:
        if (entry := split(message)) is not None:
            return time or entry[0], entry[1], entry[2]
    return with_level(time, b"", REPEATED.sub(b"", message))


def opening(split: Splitter) -> Splitter:
    """Return a splitter that looks into the messages of another."""

    def deeper(line: bytes) -> Entry | None:
        entry = split(line)
        return entry if entry is None else opened(*entry)

    return deeper


def unwrapped(line: bytes) -> bytes:
    """Return a line of docker compose without the service and its colours in front; any other as it is."""
    plain = COLOURS.sub(b"", line) if b"\x1b" in line else line
    found = COMPOSE.match(plain)
    return found[1] if found else plain


def inside_compose(split: Splitter) -> Splitter:
    """Return a splitter for what stands behind the bar."""

    def inner(line: bytes) -> Entry | None:
        bare = unwrapped(line)
        return (b"", CONTINUED, bare) if not bare or continues(bare) else split(bare)

    return inner
