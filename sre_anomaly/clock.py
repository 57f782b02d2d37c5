"""Durations as people write them, and how many rows they are on a regular clock."""

import re
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import cache, lru_cache
from itertools import pairwise
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import BeforeValidator

from sre_anomaly.errors import ConfigError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECONDS = {"ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
HOUR = 3600 * 10**9
DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*")

EPOCH_UNITS: tuple[tuple[float, Literal["ns", "us", "ms", "s"], int], ...] = (
    (1e17, "ns", 1),
    (1e14, "us", 1_000),
    (1e11, "ms", 1_000_000),
    (1e8, "s", 1_000_000_000),
)
"""The unit of a number of time since 1970, and its nanoseconds, by the number's size: 1e11 seconds would be the year
5138, 1e8 was in 1973."""

OFFSETS = {
    "UTC": "+00:00", "GMT": "+00:00", "WET": "+00:00", "WEST": "+01:00", "CET": "+01:00", "CEST": "+02:00",
    "EET": "+02:00", "EEST": "+03:00", "MSK": "+03:00", "EST": "-05:00", "EDT": "-04:00", "CDT": "-05:00",
    "MST": "-07:00", "MDT": "-06:00", "PST": "-08:00", "PDT": "-07:00", "JST": "+09:00", "KST": "+09:00",
    "AEST": "+10:00", "AEDT": "+11:00", "NZST": "+12:00", "NZDT": "+13:00",
}  # fmt: skip
"""What abbreviations mean that have one meaning; CST, IST and BST have several."""


def time_zone(name: str) -> ZoneInfo:
    """Return a time zone by its name.

    Raises
    ------
    ConfigError
        If none is called so.

    Examples
    --------
    >>> time_zone("Europe/Berlin").key
    'Europe/Berlin'
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = get_close_matches(name, sorted(available_timezones()), n=1)
        hint = f"did you mean {near[0]}?" if near else "write one like Europe/Berlin"
        raise ConfigError(f"data.timezone: no time zone is called {name!r}; {hint}") from None


def wall_clock(times: Any, zone: str) -> Any:
    """Return what a clock on the wall of a zone shows at times since 1970, both in nanoseconds.

    Parameters
    ----------
    times : int64 array, (n,)
        UTC.
    zone : str
        Such as ``Europe/Berlin``; its daylight-saving time is heeded.

    Examples
    --------
    >>> import numpy as np
    >>> wall_clock(np.array([0]), "Europe/Berlin").tolist()
    [3600000000000]
    """
    if zone == "UTC" or not len(times):
        return times
    if len(times) == 1 and (constant := _offset_in(zone, int(times[0]) // HOUR)) is not None:
        return times + constant
    first, last = (
        datetime.fromtimestamp(int(edge) // 10**9, UTC).year for edge in (times.min(), times.max())
    )
    changes = [change for year in range(first - 1, last + 1) for change in _changes(zone, year)]
    from numpy import array, int64

    since, offset = (array(column, dtype=int64) for column in zip(*changes, strict=True))
    return times + offset[since.searchsorted(times, side="right") - 1]


@lru_cache(maxsize=256)
def _offset_in(zone: str, hour: int) -> int | None:
    """Return a zone's offset in an hour since 1970, in ns; None where it changes in it."""
    first = hour * HOUR
    year = datetime.fromtimestamp(first // 10**9, UTC).year
    changes = [change for year in (year - 1, year, year + 1) for change in _changes(zone, year)]
    if any(
        first < since < first + HOUR and offset != before
        for (_, before), (since, offset) in pairwise(changes)
    ):
        return None
    return [offset for since, offset in changes if since <= first][-1]


@cache
def _changes(zone: str, year: int) -> list[tuple[int, int]]:
    """Return when a zone's offset changes in a year, and what it is from then on, in ns; its first second too."""
    clock = ZoneInfo(zone)

    def offset(second: int) -> int:
        shift = (EPOCH + timedelta(seconds=second)).astimezone(clock).utcoffset()
        return nanoseconds(shift or timedelta(0))

    start, end = (int((datetime(one, 1, 1, tzinfo=UTC) - EPOCH).total_seconds()) for one in (year, year + 1))
    changes = [(start * 10**9, offset(start))]
    for day in range(start, end, 86_400):
        low, high = day, min(day + 86_400, end)
        if offset(high) == changes[-1][1]:
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(middle) == changes[-1][1] else (low, middle)
        changes.append((high * 10**9, offset(high)))
    return changes


def parse_duration(text: Any) -> timedelta:
    """Read a duration such as ``5m``, ``90s``, ``1h 30m`` or ``1d``.

    Raises
    ------
    ValueError
        If the text is not made of numbers with units.

    Examples
    --------
    >>> parse_duration("1h 30m")
    datetime.timedelta(seconds=5400)
    """
    if isinstance(text, timedelta):
        return text
    parts = DURATION.findall(text) if isinstance(text, str) else []
    if not parts or DURATION.sub("", str(text)) or any(unit not in SECONDS for _, unit in parts):
        raise ValueError(f"is not a duration: {text!r}; write a number and a unit, such as 5m, 2h or 1d")
    return timedelta(seconds=sum(float(number) * SECONDS[unit] for number, unit in parts))


def rows_in(duration: timedelta, step: timedelta) -> int:
    """Return how many rows of a clock with this step a duration covers, to the nearest row.

    Examples
    --------
    >>> rows_in(timedelta(hours=1), timedelta(minutes=5))
    12
    """
    return round(duration / step)


def nanoseconds(duration: timedelta) -> int:
    """Return a duration as the whole nanoseconds in which alerts count.

    Examples
    --------
    >>> nanoseconds(timedelta(milliseconds=2))
    2000000
    """
    return duration // timedelta(microseconds=1) * 1000


def in_words(duration: timedelta) -> str:
    """Return a duration as a person would say it.

    Examples
    --------
    >>> in_words(timedelta(minutes=100)), in_words(timedelta(days=3)), in_words(timedelta(0))
    ('1 h 40 min', '3 d', '0 s')
    """
    seconds: float = round(duration.total_seconds())
    parts = []
    for unit in ("d", "h", "min", "s"):
        count, seconds = divmod(seconds, SECONDS[unit])
        if count:
            parts.append(f"{count:.0f} {unit}")
    return " ".join(parts) or "0 s"


def in_nanoseconds(time: Any) -> int:
    """Return a time as nanoseconds since 1970.

    Examples
    --------
    >>> in_nanoseconds("1970-01-01T00:00:02Z")
    2000000000
    """
    if isinstance(time, str):
        time = datetime.fromisoformat(time)
    if not isinstance(time, datetime):
        raise ValueError(f"{time!r} is not a time")  # noqa: TRY004 - whatever it is, it is the value that is wrong
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    since = aware - EPOCH
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1000


def iso(time: int) -> str:
    """Return ns since 1970 as ISO 8601, UTC.

    Examples
    --------
    >>> iso(1_500_000_000)
    '1970-01-01T00:00:01.5Z'
    """
    seconds, rest = divmod(int(time), 1_000_000_000)
    text = (EPOCH + timedelta(seconds=seconds)).isoformat()[:19]
    return f"{text}.{rest:09d}".rstrip("0") + "Z" if rest else f"{text}Z"


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
"""A constructor argument that YAML gives as a string such as ``5m``."""
