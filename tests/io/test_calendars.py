"""Windows of a calendar: days and times in the owner's zone, again and again, and mistakes in one line."""

import json
import sys
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from sre_anomaly.errors import ConfigError, DataError
from sre_anomaly.io.calendars import calendar_files, windows_of

BERLIN = ZoneInfo("Europe/Berlin")


def _ics(path, *events):
    lines = [line for event in events for line in ("BEGIN:VEVENT", *event, "END:VEVENT")]
    path.write_text("\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *lines, "END:VCALENDAR", ""]))
    return str(path)


def _read(setting, first="2024-03-01", last="2024-04-15", series="web1"):
    edges = (pd.Timestamp(edge, tz="UTC").value for edge in (first, last))
    return windows_of(calendar_files(setting), series, BERLIN, *edges)


def _told(spans):
    return [[str(pd.Timestamp(edge, tz="UTC"))[:16] for edge in span] for span in spans]


def test_a_holiday_is_a_day_of_the_owners_clock(tmp_path):
    """An event of a whole day begins and ends at midnight in the zone of the data, every year anew."""
    path = _ics(
        tmp_path / "a.ics",
        ("UID:1", "DTSTART;VALUE=DATE:20200401", "DTEND;VALUE=DATE:20200402", "RRULE:FREQ=YEARLY"),
    )
    windows, notes = _read(path)
    assert _told(windows.apart[:2]) == [
        ["2024-03-31 22:00", "2024-04-01 22:00"],
        ["2025-03-31 22:00", "2025-04-01 22:00"],
    ]
    assert not len(windows.muted)
    assert not notes


def test_a_weekly_window_follows_daylight_saving(tmp_path):
    """At three each Sunday is at three on the wall, also after the clocks were set forward; a left-out date is left out."""
    event = (
        "UID:1",
        "DTSTART:20240317T040000",
        "DURATION:PT2H",
        "RRULE:FREQ=WEEKLY;COUNT=4",
        "EXDATE:20240324T040000",
    )
    windows, _ = _read({"path": _ics(tmp_path / "a.ics", event), "page": False})
    assert _told(windows.muted) == [
        ["2024-03-17 03:00", "2024-03-17 05:00"],
        ["2024-03-31 02:00", "2024-03-31 04:00"],
        ["2024-04-07 02:00", "2024-04-07 04:00"],
    ]
    assert windows.apart.tolist() == windows.muted.tolist()


def test_files_are_put_together(tmp_path):
    """Windows of several files that overlap are one; only those of a file that says so are muted; what is over is left out."""
    (tmp_path / "b.json").write_text(
        '[["2024-03-05 10:00", "2024-03-05 12:00"], ["2023-01-01", "2023-01-02"]]'
    )
    day = _ics(tmp_path / "a.ics", ("UID:1", "DTSTART;VALUE=DATE:20240305"))
    windows, _ = _read([day, {"path": str(tmp_path / "b.json"), "page": False}])
    assert _told(windows.apart) == [["2024-03-04 23:00", "2024-03-05 23:00"]]
    assert _told(windows.muted) == [["2024-03-05 09:00", "2024-03-05 11:00"]]


def test_cancelled_and_empty_events_are_none(tmp_path):
    """An event that was cancelled is none, and one without a length is left out and said."""
    path = _ics(
        tmp_path / "a.ics",
        ("UID:1", "DTSTART:20240305T100000", "DURATION:PT1H", "STATUS:CANCELLED"),
        ("UID:2", "DTSTART:20240306T100000Z"),
    )
    windows, notes = _read(path)
    assert not len(windows.apart)
    assert "1 event without a length left out" in notes[0]
    assert "no window in the time of the data" in notes[1]


def test_windows_of_one_host(tmp_path):
    """A JSON file may map hosts to their windows; a host that is not in it has none."""
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"web1": [["2024-03-05", "2024-03-06"]]}))
    assert len(_read(str(path))[0].apart) == 1
    windows, notes = _read(str(path), series="web2")
    assert not len(windows.apart)
    assert not notes


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "BEGIN:VEVENT\r\nUID:1\r\nSUMMARY:back\r\nDTSTART:20240305T100000\r\nDTEND:20240305T090000\r\nEND:VEVENT",
            "'back' ends",
        ),
        ("BEGIN:VEVENT\r\nUID:1\r\nDTSTART:soon\r\nEND:VEVENT", "cannot be read as an iCalendar"),
        (
            "BEGIN:VEVENT\r\nUID:1\r\nDTSTART:20240305T100000\r\nRRULE:FREQ=SOMETIMES\r\nEND:VEVENT",
            "cannot be read",
        ),
    ],
)
def test_a_broken_calendar(tmp_path, content, said):
    """A broken event is one line with the file's name."""
    path = tmp_path / "a.ics"
    path.write_text(f"BEGIN:VCALENDAR\r\n{content}\r\nEND:VCALENDAR\r\n")
    with pytest.raises(DataError, match=said) as caught:
        _read(str(path))
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["time,cpu\n1,2\n", "", "BEGIN:VCALENDAR\r\n"])
def test_no_calendar(tmp_path, content):
    """Another file, an empty one or one that is cut short is refused by its name."""
    (tmp_path / "a.ics").write_text(content)
    with pytest.raises(DataError, match=r"a\.ics: .*iCalendar"):
        _read(str(tmp_path / "a.ics"))


def test_without_the_libraries(tmp_path, monkeypatch):
    """Where the extra is not installed, the line has the command that installs it; JSON needs nothing."""
    monkeypatch.setitem(sys.modules, "icalendar", None)
    with pytest.raises(ConfigError, match=r"pip install 'sre-anomaly\[calendar\]'"):
        _read(_ics(tmp_path / "a.ics", ("UID:1", "DTSTART;VALUE=DATE:20240305")))
    (tmp_path / "a.json").write_text('[["2024-03-05", "2024-03-06"]]')
    assert len(_read(str(tmp_path / "a.json"))[0].apart) == 1


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        (3, "names no file"),
        ({"file": "a.ics"}, "names no file"),
        ({"path": "a.ics", "pages": True}, "did you mean 'page'"),
        ({"path": "a.ics", "page": "never"}, "true or false"),
    ],
)
def test_a_setting_that_says_nothing(setting, said):
    """What is neither a path nor a path with a word on paging is refused."""
    with pytest.raises(ConfigError, match=said):
        calendar_files(setting)
