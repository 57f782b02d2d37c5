"""Lines that a collector has wrapped: containerd's (CRI), and docker compose's with the service in front."""

import re
from collections.abc import Callable

from sre_anomaly.logs.shapes.inside import Entry, with_level

Splitter = Callable[[bytes], Entry | None]
CRI = re.compile(rb"(\d{4}-\d\d-\d\dT\S+) (?:stdout|stderr) [FP] (.*)", re.DOTALL)
COMPOSE = re.compile(rb"[\w.-]+ +\| (.*)", re.DOTALL)
COLOURS = re.compile(rb"\x1b\[[\d;]*m")


def cri(line: bytes) -> Entry | None:
    """Split a line of containerd: its time, and the level in the line itself.

    Examples
    --------
    >>> cri(b"2024-03-04T10:00:00.243123456Z stdout F WARN user 557 logged in")
    (b'2024-03-04T10:00:00.243123456Z', b'WARN', b'user 557 logged in')
    """
    found = CRI.match(line)
    return with_level(found[1], b"", found[2]) if found else None


def unwrapped(line: bytes) -> bytes:
    """Return a line of docker compose without the service and its colours in front; any other as it is."""
    plain = COLOURS.sub(b"", line) if b"\x1b" in line else line
    found = COMPOSE.match(plain)
    return found[1] if found else plain


def inside_compose(split: Splitter) -> Splitter:
    """Return a splitter for what stands behind the bar."""
    return lambda line: split(unwrapped(line))
