"""How a log writes its lines: a pattern of named fields, or JSON; each line becomes (time, level, message)."""

import re
from collections.abc import Callable

from sre_anomaly.errors import ConfigError, DataError
from sre_anomaly.logs.levels import standard_level
from sre_anomaly.logs.shapes.anywhere import anywhere
from sre_anomaly.logs.shapes.inside import Entry, with_level
from sre_anomaly.logs.shapes.objects import json_lines
from sre_anomaly.logs.shapes.servers import ACCESS, access, apache_error, glog, nginx_error, postgres
from sre_anomaly.logs.shapes.syslog import logfmt, syslog
from sre_anomaly.logs.shapes.times import FORMATS, OFFSET
from sre_anomaly.logs.shapes.traces import continues
from sre_anomaly.logs.shapes.wrapped import cri, cri_whole, inside_compose, opened, opening, unwrapped

Splitter = Callable[[bytes], Entry | None]

SHAPES: tuple[Splitter, ...] = (
    *(syslog, cri, glog, postgres, apache_error, nginx_error),
    *(access(shape) for shape in ACCESS),
    logfmt,
)
"""What is tried before the patterns below, the most particular first."""
LEFT_OVER = 20
"""Of so many lines one may be left over before what is left over is looked at by itself."""
ZONED = re.compile(rf":\d\d(?:[.,]\d+)? ?{OFFSET}$".encode())
"""A time with its offset or zone."""
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


def recognised(lines: list[bytes], seconds: Callable[[bytes], int | None]) -> Splitter | None:
    """Return a splitter that suits most of some lines, or None.

    A format suits a line when it fits and what it takes for the time is one. Where services share a log, what the
    first format leaves over is looked at again by itself.

    Parameters
    ----------
    seconds : callable
        Reads a time; None for what is none.
    """
    found: list[Splitter] = []
    left = lines
    while left and len(left) * LEFT_OVER > len(lines):
        split = _of_most(left, seconds)
        if split is None:
            break
        found.append(split)
        before, left = left, [line for line in left if not _timed(split(line), seconds)]
        if len(left) == len(before):
            break
    if len(found) < 2:
        return found[0] if found else None
    return lambda line: next((entry for split in found if (entry := split(line)) is not None), None)


def _of_most(lines: list[bytes], seconds: Callable[[bytes], int | None]) -> Splitter | None:
    if sum(line.startswith(b"{") for line in lines) * 2 > len(lines):
        messages = [entry[2] for line in lines if (entry := json_lines(line)) is not None and not entry[1]]
        return opening(json_lines) if any(opened(b"", b"", one)[1] for one in messages) else json_lines
    bare = [unwrapped(line) for line in lines]
    if sum(one != line for one, line in zip(bare, lines, strict=True)) * 2 > len(lines):
        inner = recognised([line for line in bare if line and not continues(line)], seconds)
        return inside_compose(inner) if inner is not None else None
    for split in SHAPES:
        if sum(_timed(split(line), seconds) for line in lines) * 2 > len(lines):
            return cri_whole() if split is cri else split
    best, most = None, (False, 0)
    for split in (*map(pattern, WELL_KNOWN), *map(anywhere, FORMATS)):
        entries = [split(line) for line in lines]
        timed = sum(_timed(entry, seconds) for entry in entries)
        if timed * 2 <= len(lines):
            continue
        levels = sum(entry is not None and _plausible_level(entry[1]) for entry in entries)
        # What is a level in a few lines only is a word of their messages.
        suits = _looking_inside(split, there=levels * 2 > timed)
        inside = [suits(line) for line in lines]
        # A format that also finds the zone beats one that takes it for a part of the message; so it is with the level.
        zoned = sum(entry is not None and ZONED.search(entry[0]) is not None for entry in entries) * 2 > timed
        fits = (zoned, timed + sum(entry is not None and bool(entry[1]) for entry in inside))
        if fits > most:
            best, most = suits, fits
    return best


def _timed(entry: Entry | None, seconds: Callable[[bytes], int | None]) -> bool:
    """Return whether an entry has a time; one that has no year has one, which is asked for later."""
    try:
        return entry is not None and seconds(entry[0]) is not None
    except DataError:
        return True


def _looking_inside(split: Splitter, there: bool) -> Splitter:
    """Return a splitter that takes the level out of the message where the line has none in its place."""

    def deeper(line: bytes) -> Entry | None:
        entry = split(line)
        if entry is None or (there and _plausible_level(entry[1])):
            return entry
        # What stood in the place of the level is a part of the message.
        return with_level(entry[0], b"", b" ".join(part for part in entry[1:] if part))

    return deeper


def _plausible_level(word: bytes) -> bool:
    """Return whether a word of a line is a level; a number is one in a field of that name alone."""
    return not word.isdigit() and standard_level(word) is not None
