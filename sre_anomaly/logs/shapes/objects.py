"""Records of JSON: of loggers, journald, GELF, ECS, OpenTelemetry, clouds and Kubernetes."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from sre_anomaly.logs.shapes.inside import Entry, with_level
from sre_anomaly.logs.shapes.requests import request_in
from sre_anomaly.logs.shapes.traces import CONTINUED, continues

TIMES = (
    *(
        "time",
        "timestamp",
        "@timestamp",
        "ts",
        "datetime",
        "date",
        "@t",
        "asctime",
        "t",
        "__REALTIME_TIMESTAMP",
    ),
    *(
        "timeUnixNano",
        "observedTimeUnixNano",
        "lastTimestamp",
        "eventTime",
        "eventTimestamp",
        "firstTimestamp",
        "timeStamp",
    ),
    *(
        "time_local",
        "TIMESTAMP",
        "requestReceivedTimestamp",
        "time_iso8601",
        "StartUTC",
        "start_time",
        "TimeGenerated",
        "Timestamp",
        "TimeCreated",
        "CreationTime",
        "_time",
        "syslog_timestamp",
    ),
)
LEVELS = (
    *(
        "level",
        "severity",
        "levelname",
        "log.level",
        "lvl",
        "@l",
        "severityText",
        "severity_text",
        "PRIORITY",
        "loglevel",
    ),
    *(
        "log_level",
        "levelName",
        "level_name",
        "LevelDisplayName",
        "Level",
        "Severity",
        "LogLevel",
        "type",
        "severityNumber",
        "@level",
        "LEVEL",
        "s",
        "levelno",
    ),
)
MESSAGES = (
    *(
        "message",
        "msg",
        "MESSAGE",
        "short_message",
        "content",
        "log",
        "event",
        "text",
        "body",
        "@m",
        "@mt",
        "textPayload",
    ),
    *("Message", "@message", "description", "summary", "reason"),
)
INSIDE = ("log", "jsonPayload", "fields", "_source", "source", "record", "data", "attributes")
"""Objects in which the parts may stand instead."""
LISTS = ("items", "Records", "records", "events", "hits", "entries", "logs", "logEvents", "results", "value")
"""Lists of records in one document."""
OPENTELEMETRY = ("resourceLogs", "scopeLogs", "logRecords")
DEEPEST = 6
DATE = re.compile(rb"/Date\((\d+)\)/$")
"""How Windows PowerShell writes a time."""
OF_SEVERITY = (b"TRACE", b"DEBUG", b"INFO", b"WARN", b"ERROR")
"""OpenTelemetry's numbers by fours: 9 to 12 are INFO."""
DOCKERS = {"log", "stream"}
"""Names that are there where each line of a trace is a record of its own."""
WINDOWS = ("ProviderName", "EventID", "EventId", "RecordId")
NAMED_LEVELS = ("levelname", "level_name", "levelName")
"""Beside a number, these say in a word what it means."""
PYTHONS = (
    *("levelno", "levelname", "lineno", "funcName", "pathname", "processName", "threadName", "taskName"),
    *("asctime", "relativeCreated", "exc_info", "exc_text"),
)
"""Names that only Python's records have."""
PINOS = ("msg", "pid", "hostname", "v")
"""Names of which each record of pino and Bunyan has some; without any of them, numbers are Python's."""
OF_PYTHON = {b"10": b"DEBUG", b"20": b"INFO", b"30": b"WARNING", b"40": b"ERROR", b"50": b"CRITICAL"}
"""Python's numbers, of which pino and Bunyan have the same for other levels."""
OF_WINDOWS = {b"1": b"FATAL", b"2": b"ERROR", b"3": b"WARN"}
"""Levels of Windows' events, which count otherwise than those of syslog."""


def json_lines(line: bytes) -> Entry | None:
    """Split one JSON object: the first known name of a time, a level and a message counts.

    Examples
    --------
    >>> json_lines(b'{"ts": "2024-01-31T14:05:00Z", "level": "warn", "msg": "slow"}')
    (b'2024-01-31T14:05:00Z', b'warn', b'slow')
    >>> json_lines(b'{"__REALTIME_TIMESTAMP": "1709546400243000", "PRIORITY": "3", "MESSAGE": "gone"}')
    (b'1709546400243000', b'3', b'gone')
    """
    try:
        found = document(line)
    except (ValueError, RecursionError):
        return None
    return entry_of(found) if isinstance(found, dict) else None


def document(text: bytes) -> Any:
    """Return what JSON says, which is UTF-8 or, where it is not that, Latin-1.

    Raises
    ------
    ValueError
        If it is no JSON.
    """
    try:
        return json.loads(text)
    except UnicodeDecodeError:
        return json.loads(text.decode("latin-1"))


def entry_of(found: dict[str, Any]) -> Entry | None:
    """Return the entry of one record; None where it has no message."""
    request = request_in(found)
    message = _first(found, MESSAGES) if request is None else request[1]
    if message is None:
        return None
    time = _first(found, TIMES) or b""
    if dated := DATE.match(time):
        time = dated[1]
    if request is not None:
        return time, *request
    level = _first(found, LEVELS) or b""
    if level.isdigit() and (named := _first(found, NAMED_LEVELS)) and not named.isdigit():
        level = named
    elif level.isdigit() and "severityNumber" in found:
        level = OF_SEVERITY[min(max(int(level) - 1, 0) // 4, len(OF_SEVERITY) - 1)]
    elif level in OF_PYTHON and (_any(found, PYTHONS) or not _any(found, PINOS)):
        level = OF_PYTHON[level]
    elif level.isdigit() and _any(found, WINDOWS):
        level = OF_WINDOWS.get(level, b"INFO")
    if not level and "@t" in found:
        level = b"Information"  # Serilog's compact form writes the other levels only
    if not level and found.keys() >= DOCKERS and continues(message):
        return time, CONTINUED, message
    return with_level(time, level, message)


def _any(found: dict[str, Any], names: Iterable[str]) -> bool:
    return any(name in found for name in names)


def _first(found: dict[str, Any], names: Iterable[str]) -> bytes | None:
    for place in (found, *(inner for key in INSIDE if isinstance(inner := found.get(key), dict))):
        for name in names:
            value = place.get(name)
            if isinstance(value, dict):
                value = next(
                    (
                        value[key]
                        for key in ("stringValue", "name", "$date", "SystemTime", "timestamp")
                        if key in value
                    ),
                    None,
                )
            elif (
                isinstance(value, list)
                and value
                and all(isinstance(sign, int) and 0 <= sign < 256 for sign in value)
            ):
                return bytes(value)  # journald writes texts that are no UTF-8 so
            if isinstance(value, (str, int, float)) and not isinstance(value, bool):
                # A lone half of a surrogate pair is valid JSON and no valid text.
                return str(value).rstrip().encode(errors="replace")
    return None


def records_in(document: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """Yield the records of a document: of a list, of one of the known names in an object, or the object itself.

    Examples
    --------
    >>> [one["msg"] for one in records_in({"items": [{"msg": "a"}, {"msg": "b"}]})]
    ['a', 'b']
    """
    if depth > DEEPEST:
        return
    if isinstance(document, list):
        for one in document:
            yield from records_in(one, depth + 1)
    elif isinstance(document, dict):
        inner = [
            document[name]
            for name in (*OPENTELEMETRY, *LISTS)
            if isinstance(document.get(name), (list, dict)) and document[name]
        ]
        if inner and (_first(document, MESSAGES) is None or any(name in document for name in OPENTELEMETRY)):
            for one in inner:
                yield from records_in(one, depth + 1)
        else:
            yield document
