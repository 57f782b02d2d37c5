"""The time of a log line, as some fifteen kinds of log write it."""

import re
from calendar import isleap
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sre_anomaly.clock import EPOCH_UNITS, OFFSETS, time_zone
from sre_anomaly.errors import DataError
from sre_anomaly.logs.recent import Recent
from sre_anomaly.logs.shapes.times import FORMATS, FRACTION, OFFSET

EPOCH = re.compile(rb"\d{9,19}(?:\.\d+)?$")
_AFTER = rf"{FRACTION},?\s*(?P<offset>{OFFSET}|[A-Z]{{3,5}})?$"
TWO_DIGITS = r"\d\d"
LAST_SECOND = b"60"
"""A leap second."""


def _shape(text: str) -> re.Pattern[bytes]:
    """Return what recognises a time; the seconds stand alone where they come last, in two digits."""
    alone = text.endswith(TWO_DIGITS)
    minute = text.removesuffix(TWO_DIGITS) if alone else text
    return re.compile(f"(?P<minute>{minute})(?P<second>{TWO_DIGITS if alone else ''}){_AFTER}".encode())


_KNOWN = [(_shape(text), how) for text, how in FORMATS.items()]
REMEMBERED = 50_000
LEAP_YEAR = 2000
"""In it every date without a year exists."""
LEAP_DAY, LEAP_EVERY = (2, 29), 9


class LogClock:
    """Reads times to the second and remembers minutes, since neighbouring lines share theirs.

    Parameters
    ----------
    timezone : str
        What times without an offset are in.
    year : int or None
        The year of logs whose times have none; when December is followed by January the next one begins.
    by_file : bool
        Without a year, take for it the latest in which the time is not after the date of the file, see `opens`.

    Raises
    ------
    ConfigError
        If there is no such time zone.

    Examples
    --------
    >>> clock = LogClock()
    >>> clock.seconds(b"2015-10-18 18:01:47,978"), clock.seconds(b"yesterday")
    (1445191307, None)
    """

    def __init__(self, timezone: str = "UTC", year: int | None = None, by_file: bool = False) -> None:
        self._zone = time_zone(timezone)
        self._year = year
        self._by_file = by_file
        self._written: datetime | None = None
        self.taken: set[int] = set()
        """Years that the dates of files gave."""
        self._month = 0
        self._form = 0
        self._last: tuple[bytes, int | None] = b"", None
        self._seen: Recent[tuple[bytes, bytes | None], int | None] = Recent(REMEMBERED)

    def opens(self, path: Path) -> None:
        """Make known which file is read next: its date says the year of times that have none."""
        if self._by_file and self._year is None:
            self._written = datetime.fromtimestamp(path.stat().st_mtime, self._zone).replace(tzinfo=None)
            self._last = b"", None
            self._seen.clear()

    def seconds(self, text: bytes) -> int | None:
        """Return seconds since 1970, or None for what is no time.

        Raises
        ------
        DataError
            If the times have no year and none was given.
        """
        if text == self._last[0]:
            return self._last[1]
        found = self._seconds(text)
        self._last = text, found
        return found

    def _seconds(self, text: bytes) -> int | None:
        match = _KNOWN[self._form][0].match(text)
        if match is None:
            if EPOCH.match(text):
                return _since_1970(text)
            match = self._other_form(text)
            if match is None:
                return None
        minute, second, offset = match.groups()
        # Neighbouring lines share their minute, if not their second.
        try:
            start = self._seen[minute, offset]
        except KeyError:
            start = self._read(minute + b"00" if second else minute, offset)
            self._seen.keep((minute, offset), start)
        if not second or start is None:
            return start
        return start + int(second) if second <= LAST_SECOND else None

    def _other_form(self, text: bytes) -> re.Match[bytes] | None:
        for number, (shape, _) in enumerate(_KNOWN):
            if match := shape.match(text):
                self._form = number
                return match
        return None

    def _read(self, second: bytes, offset: bytes | None) -> int | None:
        how = _KNOWN[self._form][1]
        text = second.decode().replace("T", " ") if how.startswith("%Y-%m-%d ") else second.decode()
        if how.startswith("%Y%m%d"):
            text = text.replace(" ", "-")
        has_year = "%y" in how.lower()
        try:
            if has_year:
                moment = datetime.strptime(text, how)  # noqa: DTZ007 - the zone follows below
            else:
                moment = datetime.strptime(f"{LEAP_YEAR} {text}", f"%Y {how}")  # noqa: DTZ007
                moment = self._with_year(moment, text)
        except ValueError:
            return None
        if offset is None:
            return int(moment.replace(tzinfo=self._zone).timestamp())
        seconds = int(moment.replace(tzinfo=UTC).timestamp())
        if offset == b"Z":
            return seconds
        if offset.isalpha():
            offset = self._offset_of(offset.decode())
        sign = -1 if offset[:1] == b"-" else 1
        return seconds - sign * (int(offset[1:3]) * 3600 + int(offset[3:].lstrip(b":") or b"0") * 60)

    @staticmethod
    def _offset_of(name: str) -> bytes:
        """Return the offset that the name of a zone means."""
        if name not in OFFSETS:
            raise DataError(
                f"data.timezone: the times have the zone {name}, which is not known or has several meanings; leave it out with "
                "data.format, and set data.timezone, such as data.timezone=America/Chicago"
            )
        return OFFSETS[name].encode()

    def _with_year(self, moment: datetime, text: str) -> datetime:
        if self._year is None and self._written is not None:
            latest = self._written + timedelta(days=1)
            for year in range(latest.year, latest.year - LEAP_EVERY, -1):
                if (moment.month, moment.day) != LEAP_DAY or isleap(year):
                    dated = moment.replace(year=year)
                    if dated <= latest:
                        self.taken.add(year)
                        return dated
        if self._year is None:
            raise DataError(f"data.year: the times, such as {text!r}, have no year; write data.year=2024")
        if moment.month == 1 and self._month == 12:
            self._year += 1
            self._seen.clear()
        self._month = moment.month
        return moment.replace(year=self._year)


def _since_1970(text: bytes) -> int | None:
    number = float(text)
    return next(
        (int(number * unit // 1_000_000_000) for least, _, unit in EPOCH_UNITS if number >= least), None
    )
