"""Bytes from a pipe or a growing file become lines, and lines become points; what is broken says why."""

import csv
import json
import os
import select
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from functools import partial
from io import FileIO
from math import isinf, nan
from pathlib import Path
from reprlib import repr as shortly
from typing import Any, BinaryIO

from sre_anomaly.clock import EPOCH_UNITS

CHUNK = 1 << 18
LONGEST = 1_000_000
"""Bytes of a line; a longer one is skipped, so that a file without line ends cannot fill the memory."""
TOO_LONG = "too long"
AGAIN = "again"
POLL_SECONDS = 0.2
SEPARATORS = ",;\t|"
TIME_NAMES = ("time", "timestamp", "ts")
HUGE = 10**308  # The floats end about here; an integer may be larger.
LATEST = 2**63  # Nanoseconds since 1970 are held in 64 bits, until the year 2262.
Point = tuple[int | str, dict[str, float]]
"""A time that the monitor can read, and the values of the metrics it knows; NaN is a missing value."""


class BrokenLineError(ValueError):
    """A line that holds no point; its text says what is wrong with it."""


def chunks(stream: BinaryIO, stopped: Callable[[], object]) -> Iterator[bytes | None]:
    """Yield what a stream has as soon as it is there, until its end or until ``stopped()``."""
    number = -1
    with suppress(AttributeError, OSError):
        number = stream.fileno()
    while not stopped():
        # A blocking read would go on after a signal; waiting in turns notices it. Windows cannot wait for pipes.
        if number >= 0 and os.name != "nt" and not select.select([number], [], [], POLL_SECONDS)[0]:
            continue
        with suppress(BlockingIOError):
            chunk = os.read(number, CHUNK) if number >= 0 else stream.read(CHUNK)
            if not chunk:
                return
            yield chunk


def follow(
    name: str | Path, stopped: Callable[[], object], tell: Callable[[str], Any]
) -> Iterator[bytes | None]:
    """Yield what a growing file has until ``stopped()``; None says that it starts again at its beginning.

    A file that shrinks was cut, one whose inode changes was replaced; one that is gone is waited for. A file that
    was cut and has outgrown its former size between two looks cannot be told apart.
    """
    path = Path(name)
    with ExitStack() as files:
        file = files.enter_context(FileIO(path))
        while not stopped():
            if chunk := file.read(CHUNK):
                yield chunk
                continue
            with suppress(OSError):
                if not os.path.samestat(path.stat(), os.fstat(file.fileno())):
                    fresh = FileIO(path)
                    # The old file may have grown between our last read and its replacement.
                    yield from iter(partial(file.read, CHUNK), b"")
                    files.close()
                    file = files.enter_context(fresh)
                    tell(f"{path} was replaced: reading it from its beginning")
                    yield None
                elif path.stat().st_size < file.tell():
                    file.seek(0)
                    tell(f"{path} was cut: reading it from its beginning")
                    yield None
            time.sleep(POLL_SECONDS)


def split_lines(pieces: Iterable[bytes | None], stopped: Callable[[], object]) -> Iterator[bytes | str]:
    """Yield lines without their end, `TOO_LONG` in the place of one that is, `AGAIN` at a new beginning.

    At most `LONGEST` bytes and a chunk are held. A last line needs no line end, unless we are ``stopped()``:
    then its rest may be still to come.
    """
    parts: list[bytes] = []
    size = 0
    for piece in pieces:
        first, *others = (b"", b"") if piece is None else piece.split(b"\n")
        size += len(first)
        if size > LONGEST:
            parts.clear()
        else:
            parts.append(first)
        if not others:
            continue
        if piece is not None or size:
            yield b"".join(parts) if size <= LONGEST else TOO_LONG
        if piece is None:
            yield AGAIN
        last = others.pop()
        yield from others
        parts, size = [last], len(last)
    if size and not stopped():
        yield b"".join(parts) if size <= LONGEST else TOO_LONG


class PointReader:
    """Reads lines of JSON or CSV (``form``, or what the first line that is not empty looks like).

    ``read(line)`` returns a point, or ``"blank"`` or ``"header"`` for a line that is none, and raises
    `BrokenLineError` for one that cannot be used. Only ``metrics`` are looked at.

    Examples
    --------
    >>> PointReader(("cpu",)).read(b'{"time": "2024-01-31T14:00Z", "cpu": 41.5, "host": "web1"}')
    ('2024-01-31T14:00Z', {'cpu': 41.5})
    """

    def __init__(self, metrics: Iterable[str], form: str = "") -> None:
        self.metrics = tuple(metrics)
        self.form = form
        self.separator, self.time_name = ",", ""
        self.width = self.time_at = 0
        self.units: dict[str, str] = {}
        self.places: list[tuple[str, int]] = []
        self.read: Callable[[bytes], Point | str] = self._json if form == "json" else self._first

    def _first(self, line: bytes) -> Point | str:
        line = line.removeprefix(b"\xef\xbb\xbf")
        if not line.strip():
            return "blank"
        if self.form != "csv" and line.lstrip().startswith(b"{"):
            self.read = self._json
            return self._json(line)
        text = decoded(line).strip("\r\n")
        self.separator = max(SEPARATORS, key=text.count)
        self._header(self._cells(text))
        self.read = self._csv
        return "header"

    def _header(self, cells: list[str]) -> None:
        names = [cell.strip() for cell in cells]
        places = [(name, names.index(name)) for name in self.metrics if name in names]
        if not places:
            # Line noise before the header must not stop us: the next line may be it.
            known = ", ".join(self.metrics[:8])
            raise BrokenLineError(f"neither JSON nor a CSV header with a metric of the model ({known})")
        lowered = [name.lower() for name in names]
        self.time_at = next((lowered.index(name) for name in TIME_NAMES if name in lowered), 0)
        self.time_name, self.width, self.places = names[self.time_at], len(names), places

    def _cells(self, text: str) -> list[str]:
        if '"' not in text:
            return text.split(self.separator)
        try:
            return next(csv.reader([text], delimiter=self.separator, strict=True))
        except csv.Error as error:
            raise BrokenLineError(f"not CSV: {error}") from None

    def _csv(self, line: bytes) -> Point | str:
        if not line.strip():
            return "blank"
        text = decoded(line).strip("\r\n")
        cells = self._cells(text)
        if len(cells) != self.width or cells[self.time_at].strip() == self.time_name:
            # A file that starts again, or a second one in the same pipe, brings its own header.
            if self.time_name in (names := [cell.strip() for cell in cells]):
                self._header(names)
                return "header"
            raise BrokenLineError(f"{len(cells)} cells, where the header has {self.width}")
        values = None
        with suppress(ValueError):
            values = {name: float(cells[place]) for name, place in self.places}
        # Python reads 1_000 as a number; nobody who writes CSV means it.
        if values is None or "_" in text or any(map(isinf, values.values())):
            values = {name: self._number(name, cells[place]) for name, place in self.places}
        return time_of(cells[self.time_at]), values

    def _number(self, name: str, cell: str) -> float:
        if not (text := cell.strip()):
            return nan
        from sre_anomaly.io.cells import one_cell  # Its pandas is not for those who write plain numbers.

        try:
            value, self.units[name] = one_cell(
                text, self.units.get(name, ""), decimal_comma=self.separator != ","
            )
        except ValueError as error:
            raise BrokenLineError(f"{name}: {shortly(text)} {error}") from None
        return value

    def _json(self, line: bytes) -> Point | str:
        if not line.strip():
            return "blank"
        text = decoded(line)
        try:
            record = json.loads(text)
        except json.JSONDecodeError as error:
            raise BrokenLineError(f"not JSON: {error.msg} at character {error.pos + 1}") from None
        except (ValueError, RecursionError):
            raise BrokenLineError("not JSON that can be read: a number too long or nested too deep") from None
        if type(record) is not dict:
            raise BrokenLineError(f"not an object but {shortly(record)}")
        given = record.get("values", record)
        if type(given) is not dict:
            given = record  # A metric may be called so.
        moment = next((record[name] for name in TIME_NAMES if name in record), None)
        values: dict[str, Any] = {name: given.get(name) for name in self.metrics}
        if set(map(type, values.values())) != {float} or any(map(isinf, values.values())):
            values = {name: _finite(name, value) for name, value in values.items()}
        return time_of(moment), values


def _finite(name: str, value: Any) -> float:
    if value is None:
        return nan
    if type(value) is float and not isinf(value):
        return value
    if type(value) is int and abs(value) < HUGE:
        return float(value)
    raise BrokenLineError(f"{name}: {shortly(value)} is not a finite number")


def decoded(line: bytes) -> str:
    """Return a line as text; one that is not UTF-8 is broken."""
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise BrokenLineError(f"byte {error.start + 1} is not UTF-8") from None


def time_of(value: Any) -> int | str:
    """Return a time as the monitor wants it: ns since 1970, or text that it reads as ISO 8601."""
    number: Any = value
    if type(value) is str:
        text = value.strip()
        if text[4:5] == "-":
            return text
        if not text:
            raise BrokenLineError("no time")
        try:
            number = int(text) if text.isdecimal() else float(text)
        except ValueError:
            return text
        if not abs(number) >= 1e8:
            # Perhaps a date without dashes.
            return text
    elif type(value) is not int and type(value) is not float:
        raise BrokenLineError("no time" if value is None else f"time: {shortly(value)} is not a time")
    unit = next((unit for least, _, unit in EPOCH_UNITS if number >= least), 0)
    # A float of seconds holds microseconds and no more.
    since = number * unit if type(number) is int or unit <= 1 else round(number * (unit / 1_000)) * 1_000
    if not 0 < since < LATEST:
        raise BrokenLineError(f"time: {shortly(value)} is no time since 1970 in s, ms, us or ns")
    return int(since)
