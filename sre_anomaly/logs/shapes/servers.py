"""What web servers and balancers write: a request with its status, which says the level, and their own errors."""

import re
from collections.abc import Callable

from sre_anomaly.logs.shapes.amounts import Request
from sre_anomaly.logs.shapes.inside import Entry

REQUEST = rb'"(?:(?P<method>[A-Z]+) (?P<path>\S+)[^"]*|[^"]*)"'
SIZE = rb"(?P<size>\d+|-)"
TOOK = rb'[ =](?P<took>\d+(?:\.\d{3,6}|ms))(?=[ "]|$)'
"""Seconds with three to six places, as nginx writes $request_time, or whole milliseconds with their unit, as Traefik does."""
COMMON = rb"\S+ \S+ .+? \[(?P<time>[^\]]+)\] " + REQUEST + rb" (?P<status>\d{3}) " + SIZE
ACCESS: tuple[re.Pattern[bytes], ...] = (
    # nginx, Apache and Traefik with the duration behind; then without it: common and combined.
    re.compile(COMMON + rb"(?:[ =][^ =]*)*?" + TOOK),
    re.compile(COMMON),
    # A virtual host in front, as Apache's vhost_combined.
    re.compile(rb"\S+:\d+ " + COMMON),
    # Envoy.
    re.compile(
        rb"\[(?P<time>\d{4}-\d\d-\d\dT\S+)\] " + REQUEST + rb" (?P<status>\d{3}|0) (?:\S+ \d+ " + SIZE + rb" (?P<milliseconds>\d+) )?"
    ),
    # HAProxy's HTTP log.
    re.compile(
        rb".*?\[(?P<time>\d\d/\w{3}/\d{4}:[\d:.]+)\] \S+ \S+ [-\d/+]+/\+?(?P<milliseconds>-?\d+) (?P<status>\d{3}|-1) "
        + SIZE + rb" .*?" + REQUEST
    ),
    # AWS application balancer: its target's time.
    re.compile(
        rb"(?:https?|h2|grpcs|wss?) (?P<time>\d{4}-\d\d-\d\dT\S+) (?:\S+ ){4}(?P<took>-?[\d.]+) \S+ (?P<status>\d{3}|-) \S+ \S+ "
        + SIZE + rb" .*?" + REQUEST
    ),
    # AWS CloudFront and W3C: date and time in columns of tabs.
    re.compile(
        rb"(?P<time>\d{4}-\d\d-\d\d\t\d\d:\d\d:\d\d)\t\S+\t" + SIZE
        + rb"\t\S+\t(?P<method>[A-Z]+)\t\S+\t(?P<path>\S+)\t(?P<status>\d{3})\t"
    ),
)  # fmt: skip
APACHE_ERROR = re.compile(
    rb"\[(\w{3} \w{3} +\d+ \d\d:\d\d:\d\d)(?:\.\d+)? (\d{4})\] \[(?:[\w-]+:)?(\w+)\] (.*)", re.DOTALL
)
NGINX_ERROR = re.compile(rb"(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[(\w+)\] (?:\d+#\d+: )?(.*)", re.DOTALL)
GLOG = re.compile(rb"([IWEF])(\d{4} \d\d:\d\d:\d\d)\.\d+ +\S+ [^\]]+\] ?(.*)", re.DOTALL)
POSTGRES = re.compile(
    rb"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?) ([A-Z]{3,5}|[+-]\d\d(?::?\d\d)?) (.*?)\b(LOG|DEBUG\d?|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|STATEMENT|DETAIL|HINT|CONTEXT): +(.*)",
    re.DOTALL,
)
PEERS = re.compile(rb"\[(?:pid|client|remote|tid) [^\]]*\] ?")
CLASSES = {
    b"3": (b"INFO", b"redirected"),
    b"4": (b"WARN", b"client error"),
    b"5": (b"ERROR", b"server error"),
}
"""In words, because what has a digit in it is no part of a template."""


def access(shape: re.Pattern[bytes]) -> Callable[[bytes], Entry | None]:
    """Return a splitter for requests of one shape: a status of 500 or more is an error, one of 400 or more a warning.

    Examples
    --------
    >>> access(ACCESS[1])(b'10.0.0.1 - - [21/Sep/2026:14:10:00 +0000] "GET /a/0?x=1 HTTP/1.1" 502 200 "-" "curl"')
    (b'21/Sep/2026:14:10:00 +0000', b'ERROR', b'GET /a/0 server error')
    """
    match = shape.match
    long = next((name for name in ("took", "milliseconds") if name in shape.groupindex), None)
    thousandths, tabs = long == "milliseconds", rb"\t" in shape.pattern
    # By their numbers, which takes less time than by their names.
    parts = [shape.groupindex[name] for name in ("time", "method", "path", "status", "size", long) if name]

    def split(line: bytes) -> Entry | None:
        found = match(line)
        if found is None:
            return None
        time, method, path, status, size, *took = found.group(*parts)
        level, what = answered(method, path, status)
        request = Request(what)
        request.size = size
        if took and took[0]:
            request.took = took[0] + b"ms" if thousandths else took[0]
        return time.replace(b"\t", b" ") if tabs else time, level, request

    return split


def answered(method: bytes | None, path: bytes | None, status: bytes) -> tuple[bytes, bytes]:
    """Return the level of a request by its status, and what it was without its question.

    Examples
    --------
    >>> answered(b"GET", b"/cart?id=5", b"503"), answered(None, None, b"-")
    ((b'ERROR', b'GET /cart server error'), (b'ERROR', b'no answer'))
    """
    level, kind = ANSWERS.get(status) or _answer(status)
    if path is None or method is None:
        return level, kind
    if b"?" in path:
        path = path.partition(b"?")[0]
    return level, b"%b %b %b" % (method, path, kind)


def _answer(status: bytes) -> tuple[bytes, bytes]:
    """Return the level of a status and what it is called; no answer at all is an error."""
    if not status.isdigit() or len(status) != 3:
        return b"ERROR", b"no answer"
    return CLASSES.get(status[:1], (b"INFO", b"answered"))


ANSWERS = {b"%d" % status: _answer(b"%d" % status) for status in range(100, 600)}


def apache_error(line: bytes) -> Entry | None:
    """Split a line of Apache's error log."""
    found = APACHE_ERROR.match(line)
    return (found[1] + b" " + found[2], found[3], PEERS.sub(b"", found[4])) if found else None


def nginx_error(line: bytes) -> Entry | None:
    """Split a line of nginx' error log."""
    found = NGINX_ERROR.match(line)
    return (found[1], found[2], found[3]) if found else None


def glog(line: bytes) -> Entry | None:
    """Split a line of glog, as the components of Kubernetes write it: a letter, month and day without a year.

    Examples
    --------
    >>> glog(b"E0304 10:00:00.243000    1234 worker.go:18] payment failed")
    (b'0304 10:00:00', b'E', b'payment failed')
    """
    found = GLOG.match(line)
    return (found[2], found[1], found[3]) if found else None


def postgres(line: bytes) -> Entry | None:
    """Split a line of PostgreSQL, whose time has the name of a zone behind it."""
    found = POSTGRES.match(line)
    if found is None:
        return None
    level = (
        b"INFO"
        if found[4] in (b"LOG", b"STATEMENT", b"DETAIL", b"HINT", b"CONTEXT")
        else found[4].rstrip(b"12345")
    )
    return found[1].partition(b".")[0] + b" " + found[2], level, found[5]
