"""A line whose time stands somewhere near its start, whatever is around it."""

import re
from collections.abc import Callable

from sre_anomaly.logs.shapes.inside import Entry, with_level
from sre_anomaly.logs.shapes.times import FRACTION, OFFSET

FARTHEST = 60
"""Bytes that may stand before the time."""
AROUND = b" \t-|:,[](){}<>"


def anywhere(form: str) -> Callable[[bytes], Entry | None]:
    r"""Return a splitter for lines with a time of one form, which takes the offset or zone behind it for a part of it.

    Examples
    --------
    >>> split = anywhere(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d")
    >>> split(b"WARN [main] 2024-03-04 11:00:00,243 +0100 Server.java:12 - slow")
    (b'2024-03-04 11:00:00,243 +0100', b'WARN', b'[main Server.java:12 - slow')
    >>> split(b"[2024-03-04 11:00:00,243: ERROR/MainProcess] gone")
    (b'2024-03-04 11:00:00,243', b'ERROR', b'/MainProcess] gone')
    """
    match = re.compile(
        rf"(.{{0,{FARTHEST}}}?)(?<![\w:.])({form}{FRACTION}(?: ?{OFFSET}(?![\w:.]))?)(?!\w)(.*)".encode(),
        re.DOTALL,
    ).match

    def split(line: bytes) -> Entry | None:
        found = match(line)
        if found is None:
            return None
        before, time, after = found.groups()
        message = b" ".join(part for part in (before.strip(AROUND), after.lstrip(b"]),:|- \t")) if part)
        return with_level(time, b"", message)

    return split
