"""Syslog with its priority in front (RFC 3164 and 5424), and logfmt."""

import re

from sre_anomaly.logs.shapes.inside import Entry, with_level

RFC5424 = re.compile(rb"<(\d{1,3})>1 (\S+) \S+ \S+ \S+ \S+ (?:-|(?:\[(?:[^\]\\]|\\.)*\])+) ?(.*)", re.DOTALL)
RFC3164 = re.compile(
    rb"<(\d{1,3})>([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\S+) \S+ (.*)", re.DOTALL
)
BOM = b"\xef\xbb\xbf"
SEVERITIES = 8
PAIR = re.compile(rb'([\w.@-]+)=("(?:[^"\\]|\\.)*"|\S*)')
FEWEST_PAIRS = 2
LOGFMT_TIME, LOGFMT_LEVEL, LOGFMT_MESSAGE = (
    (b"time", b"ts", b"timestamp", b"t", b"@timestamp", b"date", b"at"),
    (b"level", b"lvl", b"severity", b"loglevel", b"log.level"),
    (b"msg", b"message", b"event", b"error", b"err"),
)


def syslog(line: bytes) -> Entry | None:
    """Split a line of syslog; the priority says the level.

    Examples
    --------
    >>> syslog(b'<131>1 2024-03-04T10:00:00Z h1 api 77 ID47 [x@1 a="b"] gone')
    (b'2024-03-04T10:00:00Z', b'3', b'gone')
    >>> syslog(b"<28>Mar  4 10:00:00 h1 api[77]: slow")
    (b'Mar  4 10:00:00', b'4', b'api[77]: slow')
    """
    found = RFC5424.match(line) or RFC3164.match(line)
    if found is None:
        return None
    return found[2], b"%d" % (int(found[1]) % SEVERITIES), found[3].removeprefix(BOM)


def logfmt(line: bytes) -> Entry | None:
    """Split a line of ``key=value`` pairs.

    Examples
    --------
    >>> logfmt(b'time=2024-03-04T10:00:00Z level=warn msg="user 5 logged in" part=api')
    (b'2024-03-04T10:00:00Z', b'warn', b'user 5 logged in')
    """
    pairs = {key: value.strip(b'"') for key, value in PAIR.findall(line)}
    if len(pairs) < FEWEST_PAIRS:
        return None
    time, level, message = (
        next((pairs[name] for name in names if name in pairs), None)
        for names in (LOGFMT_TIME, LOGFMT_LEVEL, LOGFMT_MESSAGE)
    )
    if time is None or message is None:
        return None
    return with_level(time, level or b"", message)
