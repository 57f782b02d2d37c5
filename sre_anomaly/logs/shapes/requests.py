"""Requests that a server writes as JSON: nginx and Apache by a format of one's own, Traefik, Envoy, Caddy, pino-http."""

from typing import Any

from sre_anomaly.logs.shapes.amounts import Request
from sre_anomaly.logs.shapes.servers import answered

STATUSES = (
    *(
        "status",
        "status_code",
        "statusCode",
        "http_status",
        "response_code",
        "DownstreamStatus",
        "code",
        "sc-status",
    ),
    *("http.response.status_code", "resp_status"),
)
METHODS = (
    "method",
    "request_method",
    "requestMethod",
    "RequestMethod",
    "http_method",
    "verb",
    "cs-method",
    "http.request.method",
)
PATHS = (
    *(
        "path",
        "uri",
        "url",
        "request_uri",
        "requestUrl",
        "RequestPath",
        "request_path",
        "x-envoy-original-path",
    ),
    *("cs-uri-stem", "url.path", "target"),
)
REQUESTS = ("request", "RequestLine", "requestLine")
INSIDE = ("request", "response", "req", "res", "http", "httpRequest", "jsonPayload", "fields")
SIZES = (
    "body_bytes_sent",
    "bytes_sent",
    "bytes",
    "size",
    "DownstreamContentSize",
    "response_size",
    "http.response.bytes",
)
SECONDS = ("request_time", "duration_s", "duration_seconds", "latency_s", "time_taken_s")
MILLISECONDS = (
    "responseTime",
    "response_time_ms",
    "duration_ms",
    "latency_ms",
    "elapsed_ms",
    "took_ms",
    "durationMs",
)
"""Of a duration whose name says no unit nothing is taken: seconds of one server are nanoseconds of another."""
LOWEST, HIGHEST = 100, 599


def request_in(found: dict[str, Any]) -> tuple[bytes, bytes] | None:
    """Return the level and the message of a request with its status; None for any other record.

    Examples
    --------
    >>> request_in({"status": "502", "request": "GET /cart?id=5 HTTP/1.1"})
    (b'ERROR', b'GET /cart server error')
    >>> request_in({"req": {"method": "GET", "url": "/"}, "res": {"statusCode": 200}, "msg": "request completed"})
    (b'INFO', b'GET / answered')
    >>> request_in({"status": "started", "msg": "GET"}) is None
    True
    """
    places = [found, *(inner for key in INSIDE if isinstance(inner := found.get(key), dict))]
    status = _first(places, STATUSES)
    if not status.isdigit() or not (LOWEST <= int(status) <= HIGHEST or status == "0"):
        return None
    method, path = _first(places, METHODS), _first(places, PATHS)
    if not method or not path:
        words = _first(places, REQUESTS).split(" ")
        if len(words) < 2 or not words[0].isupper():
            return None
        method, path = words[:2]
    level, what = answered(method.encode(errors="replace"), path.encode(errors="replace"), status.encode())
    seconds, thousandths = _first(places, SECONDS), _first(places, MILLISECONDS)
    request = Request(what)
    request.size, request.took = (
        _first(places, SIZES).encode(),
        (seconds or (thousandths and f"{thousandths}ms")).encode(),
    )
    return level, request


def _first(places: list[dict[str, Any]], names: tuple[str, ...]) -> str:
    for place in places:
        for name in names:
            value = place.get(name)
            if isinstance(value, (str, int, float)) and not isinstance(value, bool):
                return str(value)
    return ""
