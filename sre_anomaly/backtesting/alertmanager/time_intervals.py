"""Alertmanager's time intervals: the hours, days and months in which a route is silent, or the only ones in which it speaks."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from sre_anomaly.clock import time_zone
from sre_anomaly.errors import ConfigError, did_you_mean
from sre_anomaly.io.yaml_lines import Part

Range = tuple[int, int]
Ranges = tuple[Range, ...] | None
"""First and last of each; None is whenever."""

DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|(24):(00)", re.ASCII)
MINUTE = 60 * 10**9


@dataclass(frozen=True)
class TimeInterval:
    """A time is in it where it is in one of the ranges of each kind that is given."""

    minutes: Ranges = None
    """Minutes of the day, the end exclusive."""
    weekdays: Ranges = None
    """0 is Sunday."""
    days: Ranges = None
    """Days of the month; -1 is the last."""
    months: Ranges = None
    years: Ranges = None
    zone: tzinfo = UTC

    def holds(self, time: int) -> bool:
        """Say whether a time, in ns since 1970, is in it.

        Examples
        --------
        >>> TimeInterval(minutes=((540, 1020),), weekdays=((1, 5),)).holds(10 * 3600 * 10**9)  # a Thursday, 10:00
        True
        """
        at = datetime.fromtimestamp(time // 10**9, self.zone)
        return (
            (
                self.minutes is None
                or any(low <= at.hour * 60 + at.minute < high for low, high in self.minutes)
            )
            and _within(self.weekdays, at.isoweekday() % 7)
            and (self.days is None or _in_days(self.days, at))
            and _within(self.months, at.month)
            and _within(self.years, at.year)
        )


def _within(ranges: Ranges, number: int) -> bool:
    return ranges is None or any(low <= number <= high for low, high in ranges)


def _in_days(ranges: tuple[Range, ...], at: datetime) -> bool:
    """Say whether a day of the month is in ranges that may count from its end."""
    most = ((at.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)).day
    for first, last in ranges:
        low, high = (number if number > 0 else most + number + 1 for number in (first, last))
        if low <= most and max(low, -most) <= at.day <= max(-most, min(high, most)):
            return True
    return False


def read_time_intervals(part: Part) -> tuple[str, tuple[TimeInterval, ...]]:
    """Read a named entry of ``time_intervals`` or ``mute_time_intervals``."""
    found = part.mapping(("name", "time_intervals"))
    if "name" not in found or not found["name"].text():
        raise part.wrong("a time interval has no name")
    times = found["time_intervals"].items() if "time_intervals" in found else []
    return found["name"].text(), tuple(map(_read, times))


def _read(part: Part) -> TimeInterval:
    given = part.mapping(("times", "weekdays", "days_of_month", "months", "years", "location"))
    given = {key: value for key, value in given.items() if not value.empty}

    def ranges(key: str, read: Callable[[Part], Range]) -> Ranges:
        return tuple(map(read, given[key].items())) if key in given else None

    return TimeInterval(
        minutes=ranges("times", _minutes),
        weekdays=ranges("weekdays", lambda one: _range(one, "day of the week", _word(DAYS, 0))),
        days=ranges("days_of_month", _days),
        months=ranges("months", lambda one: _range(one, "month", _word(MONTHS, 1))),
        years=ranges("years", lambda one: _range(one, "year", int)),
        zone=_zone(given["location"]) if "location" in given else UTC,
    )


def _zone(part: Part) -> tzinfo:
    try:
        return time_zone(part.text()) if part.text() not in ("", "UTC") else UTC
    except ConfigError as error:
        raise part.wrong(str(error).replace("data.timezone", "location")) from None


def _minutes(part: Part) -> Range:
    given = part.mapping(("start_time", "end_time"))
    if missing := {"start_time", "end_time"} - set(given):
        raise part.wrong(f"times has no {min(missing)}")
    both = []
    for one in (given["start_time"], given["end_time"]):
        clock = CLOCK.fullmatch(one.text())
        if not clock:
            raise one.wrong(f"{one.name}: {one.text()!r} is no time of day; write one from 00:00 to 24:00")
        hour, minute = filter(None, clock.groups())
        both.append(int(hour) * 60 + int(minute))
    if both[0] >= both[1]:
        raise part.wrong(
            "end_time is not after start_time; write two ranges, one to 24:00 and one from 00:00"
        )
    return both[0], both[1]


def _word(names: tuple[str, ...], first: int) -> Callable[[str], int]:
    """Return what makes a number of a name; of a digit too where counting begins with 1."""

    def number(word: str) -> int:
        if word in names:
            return names.index(word) + first
        if first and word.isdecimal() and first <= int(word) < len(names) + first:
            return int(word)
        raise ValueError(did_you_mean(word, names))

    return number


def _range(part: Part, kind: str, read: Callable[[str], int]) -> Range:
    words = part.text().lower().split(":")
    if len(words) > 2:
        raise part.wrong(
            f"{part.text()!r} is no range; write one such as {'1:5' if read is int else 'first:last'}"
        )
    numbers = []
    for word in words:
        try:
            numbers.append(read(word))
        except ValueError as error:
            hint = "" if read is int else f"; {error}"
            raise part.wrong(f"{part.name}: {word!r} is no {kind}{hint}") from None
    low, high = numbers[0], numbers[-1]
    if kind != "day of the month" and low > high:
        raise part.wrong(f"{part.name}: {part.text()!r} ends before it begins; write two ranges")
    return low, high


def _days(part: Part) -> Range:
    low, high = _range(part, "day of the month", int)
    if not (1 <= abs(low) <= 31 and 1 <= abs(high) <= 31):
        raise part.wrong(
            f"{part.name}: {part.text()!r} is not from 1 to 31, or from -31 to -1 before the month's end"
        )
    # A month may have but 28 days; whatever ends before it begins in those is a mistake in all.
    begin, end = (number if number > 0 else 28 + number for number in (low, high))
    if (low < 0 < high) or begin > end:
        raise part.wrong(f"{part.name}: {part.text()!r} ends before it begins")
    return low, high
