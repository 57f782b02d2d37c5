"""A level that stands in the message: of loggers that write it there, and of lines that a collector has wrapped."""

import re

Entry = tuple[bytes, bytes, bytes]
"""Time, level and message as they stand in the line; empty where a line has none."""
WORDS = (
    "TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|ERR|FATAL|CRITICAL|CRIT|SEVERE|ALERT|EMERG|EMERGENCY|PANIC"
    "|TRC|DBG|VRB|INF|WRN|FTL"
)
LOUD = re.compile(rf"(?:^|[\s\[(<.|:])({WORDS})(?=[\])>:\s|,/-]|$)".encode())
"""As a word in capitals, ..."""
IN_BRACKETS = re.compile(rf"[\[<(](?:\w+:)?({WORDS}|NOTE|SYSTEM)[\]>)]".encode(), re.IGNORECASE)
"""... in brackets however it is written, ..."""
BEFORE_COLON = re.compile(
    rb"(?:^|[\s\]:])(LOG|debug\d?|info|notice|warn(?:ing)?|error|fatal|critical|panic): ", re.IGNORECASE
)
"""... before a colon and a blank, ..."""
NAMED = re.compile(rb'(?:^|[\s,{"])(?:level|lvl|severity|levelname)"?\s*[=:]\s*"?(\w+)', re.IGNORECASE)
"""... or with its name before it."""
NEAR = 80
"""Bytes from the start within which it stands: later on it is a word of the message."""
EDGE = rb" \t-|:,"


def with_level(time: bytes, level: bytes, message: bytes) -> Entry:
    """Return an entry whose level is taken out of the message where it has none of its own.

    Examples
    --------
    >>> with_level(b"t", b"", b"api.worker - ERROR - payment failed")
    (b't', b'ERROR', b'api.worker payment failed')
    >>> with_level(b"t", b"", b"no error was found")
    (b't', b'', b'no error was found')
    """
    if level:
        return time, level, message
    head = message[:NEAR]
    found = LOUD.search(head) or IN_BRACKETS.search(head) or BEFORE_COLON.search(head)
    if found is None:
        named = NAMED.search(head)
        return (time, named[1], message) if named else (time, b"", message)
    before, after = (
        message[: found.start(1)].rstrip(b"[(<" + EDGE),
        message[found.end(1) :].lstrip(b"])>" + EDGE),
    )
    return time, found[1], b" ".join(part for part in (before, after) if part)
