"""How a log writes its lines: a pattern of named fields, or JSON; each line becomes (time, level, message)."""

import json
import re
from collections.abc import Callable, Iterable

from sre_anomaly.errors import ConfigError

Entry = tuple[bytes, bytes, bytes]
"""Time, level and message as they stand in the line; empty where a line has none."""
Splitter = Callable[[bytes], Entry | None]

FIELD = re.compile(r"<([A-Za-z]\w*)>")
MESSAGE = "Content"
LEVEL = "Level"
WHOLE_TIME = "Timestamp"
"""Seconds since 1970: where there is one the other parts of the time are not needed."""
PARTS_OF_TIME = ("Year", "Month", "Date", "Day", "Time")

WELL_KNOWN = (
    "<Date> <Time> <Level> <Content>",
    "<Date> <Time> [<Thread>] <Level> <Content>",
    "<Date> <Time> - <Level> <Content>",
    "<Time> <Level> <Content>",
    "<File> <Date> <Time> <Pid> <Level> <Component> [<Request>] <Content>",
    "[<Time>] [<Level>] <Content>",
    "[<Time>] <Content>",
    "<Date> <Time> <Pid> <Tid> <Level> <Content>",
    "<Date> <Time> <Pid> <Level> <Content>",
    "<Month> <Day> <Time> <Host> <Component>: <Content>",
    "<Month> <Day> <Time> <Host> <Content>",
    "<Host> <User> <Name> [<Time>] <Content>",
)
"""What ``format: auto`` tries, from the most to the least particular about its level."""
JSON_TIME = ("time", "timestamp", "@timestamp", "ts", "datetime", "date")
JSON_LEVEL = ("level", "severity", "levelname", "log.level", "lvl")
JSON_MESSAGE = ("message", "msg", "content", "log", "event", "text")


def pattern(text: str) -> Splitter:
    """Return a splitter for lines such as ``<Date> <Time> <Level> <Component>: <Content>``.

    A blank stands for any run of blanks. The time is put together from Timestamp, or from Year, Month, Date, Day
    and Time in their order; a level and a message are taken from Level and Content.

    Raises
    ------
    ConfigError
        If no field is named, none is the message, or a field is named twice.

    Examples
    --------
    >>> pattern("<Date> <Time> <Level> <Part>: <Content>")(b"081109 203615 INFO dfs.DataNode: block served")
    (b'081109 203615', b'INFO', b'block served')
    """
    pieces = FIELD.split(text)
    names = pieces[1::2]
    _check(text, names)
    shape = ""
    for number, piece in enumerate(pieces):
        if number % 2 == 0:
            shape += r"\s+".join(re.escape(part) for part in re.split(r"\s+", piece))
        elif piece == MESSAGE and number == len(pieces) - 2:
            shape += "(?P<Content>.*)"
        else:
            # Up to a blank a field is one word, which is quick; before any other sign it may hold blanks.
            following = pieces[number + 1]
            shape += rf"(?P<{piece}>\S*)" if re.fullmatch(r"\s+", following) else rf"(?P<{piece}>.*?)"
    match = re.compile(shape.encode(), re.DOTALL).fullmatch
    times = [WHOLE_TIME] if WHOLE_TIME in names else [name for name in names if name in PARTS_OF_TIME]
    level = [LEVEL] if LEVEL in names else []
    wanted = (*times, *level, MESSAGE)
    count = len(times)

    def split(line: bytes) -> Entry | None:
        found = match(line)
        if found is None:
            return None
        fields = found.group(*wanted) if len(wanted) > 1 else (found.group(MESSAGE),)
        time = fields[0] if count == 1 else b" ".join(fields[:count])
        return time, fields[count] if level else b"", fields[-1]

    return split


def _check(text: str, names: list[str]) -> None:
    for known in (MESSAGE, LEVEL, WHOLE_TIME, *PARTS_OF_TIME):
        for name in names:
            if name != known and name.lower() == known.lower():
                raise ConfigError(f"data.format: <{name}> has to be written <{known}>")
    if MESSAGE not in names:
        raise ConfigError(
            f"data.format: {text!r} names no <Content>, which is the message; write it like "
            "'<Date> <Time> <Level> <Content>', or auto, json, csv"
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(
            f"data.format: <{twice[0]}> stands twice in {text!r}; give each field a name of its own"
        )


def json_lines(line: bytes) -> Entry | None:
    """Split one JSON object: the first known name of a time, a level and a message counts.

    Examples
    --------
    >>> json_lines(b'{"ts": "2024-01-31T14:05:00Z", "level": "warn", "msg": "slow"}')
    (b'2024-01-31T14:05:00Z', b'warn', b'slow')
    """
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    message = _first(found, JSON_MESSAGE)
    return (
        None
        if message is None
        else (_first(found, JSON_TIME) or b"", _first(found, JSON_LEVEL) or b"", message)
    )


def _first(found: dict[str, object], names: Iterable[str]) -> bytes | None:
    for name in names:
        value = found.get(name)
        if value is not None:
            # A lone half of a surrogate pair is valid JSON and no valid text.
            return str(value).encode(errors="replace")
    return None


def recognised(lines: list[bytes], is_time: Callable[[bytes], bool]) -> Splitter | None:
    """Return a splitter that suits most of some lines, or None.

    A format suits a line when it fits and what it takes for the time is one.
    """
    if sum(line.startswith(b"{") for line in lines) * 2 > len(lines):
        return json_lines
    best, most = None, 0
    for text in WELL_KNOWN:
        split = pattern(text)
        entries = [entry for line in lines if (entry := split(line)) is not None and is_time(entry[0])]
        # A format that also finds the level beats one that takes it for a part of the message.
        fits = len(entries) + sum(_plausible_level(entry[1]) for entry in entries)
        if len(entries) * 2 > len(lines) and fits > most:
            best, most = split, fits
    return best


def _plausible_level(word: bytes) -> bool:
    from sre_anomaly.logs.levels import standard_level

    return standard_level(word) is not None
