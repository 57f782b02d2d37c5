"""Windows of time that are known beforehand, from iCalendar or JSON files."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sre_anomaly.clock import in_nanoseconds
from sre_anomaly.errors import ConfigError, DataError, did_you_mean
from sre_anomaly.io.incident_windows import windows_listed
from sre_anomaly.known import Windows, in_order

AHEAD = timedelta(days=730)
"""How far behind the data events that come again and again are told: a monitor goes on with them."""
KEY = "data.calendar"
DAY = timedelta(days=1)
DAY_NS = 86_400 * 10**9


@dataclass(frozen=True)
class CalendarFile:
    """A file of windows, none of which is learned from, and whether someone is paged in them."""

    path: Path
    page: bool = True


def calendar_files(setting: Any) -> list[CalendarFile]:
    """Return the files that a setting names: a path, ``{path: ..., page: ...}``, or a list of these.

    Raises
    ------
    ConfigError
        If it is none of these.

    Examples
    --------
    >>> calendar_files(["a.ics", {"path": "b.json", "page": False}])[1].page
    False
    """
    each = setting if isinstance(setting, list) else [] if setting is None else [setting]
    return [_named(one) for one in each]


def _named(one: Any) -> CalendarFile:
    said = {"path": one} if isinstance(one, str) else one
    if not isinstance(said, Mapping) or not isinstance(said.get("path"), str):
        raise ConfigError(
            f"{KEY}: {one!r} names no file; write a path, or {{path: holidays.ics, page: false}}"
        )
    for key in said:
        if key not in ("path", "page"):
            raise ConfigError(f"{KEY}: no such key: {key}; {did_you_mean(str(key), ('path', 'page'))}")
    if not isinstance(page := said.get("page", True), bool):
        raise ConfigError(f"{KEY}: page is true or false, not {page!r}")
    return CalendarFile(Path(said["path"]).expanduser(), page)


def windows_of(
    files: list[CalendarFile], series: str, zone: ZoneInfo, first: int, last: int
) -> tuple[Windows, list[str]]:
    """Return the windows of some files from ``first`` on, ns since 1970, and notes on what was left out.

    Raises
    ------
    DataError
        If a file is missing or broken, or a window ends before it starts.
    """
    apart: list[tuple[int, int]] = []
    muted: list[tuple[int, int]] = []
    notes: list[str] = []
    for file in files:
        if not file.path.is_file():
            raise DataError(f"{KEY}: {file.path} is not there")
        if file.path.suffix.lower() == ".json":
            listed = windows_listed(file.path, zone.key, series, KEY, everyone=False)
            found = [(window.start.value, window.end.value) for window in listed]
        else:
            stamp = file.path.stat()
            found = list(_events(file.path, stamp.st_mtime_ns, zone, first // DAY_NS, last // DAY_NS))
        if empty := sum(start == end for start, end in found):
            notes.append(f"{file.path}: {empty} event{'s' * (empty > 1)} without a length left out")
        windows = [(start, end) for start, end in found if start < end and end > first]
        if not windows and (found or file.path.suffix.lower() != ".json"):
            notes.append(f"Careful: {file.path} has no window in the time of the data or after it")
        apart += windows
        muted += [] if file.page else windows
    return Windows(in_order(apart), in_order(muted)), notes


@lru_cache(maxsize=16)
def _events(path: Path, changed: int, zone: ZoneInfo, first: int, last: int) -> tuple[tuple[int, int], ...]:
    """Return start and end of each event from one day since 1970 to another and on; read once for many series."""
    del changed
    try:
        import icalendar
        import recurring_ical_events
    except ImportError:
        raise ConfigError(
            f"{KEY}: {path} needs icalendar and recurring-ical-events, which are not installed: "
            "pip install 'sre-anomaly[calendar]' (a JSON file needs nothing)"
        ) from None
    begin, end = (datetime.fromtimestamp(day * 86_400, UTC).astimezone(zone) for day in (first, last + 1))
    try:
        calendars = icalendar.Calendar.from_ical(path.read_bytes(), multiple=True)
        events: list[Any] = [event for calendar in calendars for event in calendar.walk("VEVENT")]
        backwards = next((event for event in events if event.end < event.start), None)
        found = [
            _span(event, zone)
            for calendar in calendars
            if calendar.name == "VCALENDAR"
            for event in recurring_ical_events.of(calendar).between(begin - DAY, end + AHEAD)
            if str(event.get("STATUS", "")).upper() != "CANCELLED"
        ]
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise DataError(
            f"{path}: cannot be read as an iCalendar file: {' '.join(str(error).split())}"
        ) from None
    if not any(calendar.name == "VCALENDAR" for calendar in calendars):
        raise DataError(f"{path}: is no iCalendar file, it has no VCALENDAR")
    if backwards is not None:
        name = str(backwards.get("SUMMARY", "without a name"))
        raise DataError(
            f"{path}: the event {name!r} ends ({backwards.end}) before it starts ({backwards.start})"
        )
    return tuple(found)


def _span(event: Any, zone: ZoneInfo) -> tuple[int, int]:
    return _instant(event.start, zone), _instant(event.end, zone)


def _instant(when: datetime | date, zone: ZoneInfo) -> int:
    """Return a time in ns since 1970: a day begins at midnight, and a time without a zone is read, in ``zone``."""
    moment = when if isinstance(when, datetime) else datetime.combine(when, time())
    return in_nanoseconds(moment if moment.tzinfo else moment.replace(tzinfo=zone))
