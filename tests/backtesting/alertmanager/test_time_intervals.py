"""Time intervals: hours, days and months, from the month's end too, and on the clock of a place."""

from datetime import UTC, datetime

import pytest

from sre_anomaly.backtesting.alertmanager.time_intervals import read_time_intervals
from sre_anomaly.clock import in_nanoseconds
from sre_anomaly.io.yaml_lines import read_yaml


@pytest.fixture
def read(tmp_path):
    """Return what reads one interval."""

    def from_text(text):
        path = tmp_path / "times.yml"
        path.write_text(f"name: t\ntime_intervals:\n- {text}")
        name, intervals = read_time_intervals(read_yaml(path))
        assert name == "t"
        return intervals

    return from_text


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("{}", ["2024-02-29T00:00"], []),
        ("times: []", [], ["2024-02-29T00:00"]),
        (
            "times: [{start_time: 09:00, end_time: 17:30}, {start_time: '23:00', end_time: '24:00'}]",
            ["2024-01-01T09:00:00", "2024-01-01T17:29:59", "2024-01-01T23:59:59"],
            ["2024-01-01T08:59:59", "2024-01-01T17:30", "2024-01-01T00:00"],
        ),
        (
            "weekdays: ['Monday:Wednesday', sunday]",
            ["2024-01-01T12:00", "2024-01-03T23:59", "2024-01-07T00:00"],
            ["2024-01-04T00:00", "2024-01-06T12:00"],
        ),
        (
            "days_of_month: ['1:2', '-2:-1', '31']",
            ["2024-02-01T00:00", "2024-02-28T00:00", "2024-02-29T23:59", "2024-03-31T00:00", "2023-02-27T00:00"],
            ["2024-02-27T00:00", "2024-02-03T00:00", "2024-03-29T00:00", "2023-02-26T00:00"],
        ),
        ("days_of_month: ['15:-5']", ["2024-02-15T00:00", "2024-02-25T00:00"], ["2024-02-26T00:00"]),
        ("days_of_month: ['29:31']", ["2024-02-29T00:00", "2024-03-31T00:00"], ["2023-02-28T00:00"]),
        ("days_of_month: ['-31:-29']", ["2023-03-01T00:00", "2024-02-01T00:00"], ["2023-03-04T00:00"]),
        ("months: ['november:december', '2']", ["2024-12-31T00:00", "2024-02-01T00:00"], ["2024-03-01T00:00"]),
        ("years: ['2020:2023', '2025']", ["2021-05-05T00:00", "2025-05-05T00:00"], ["2024-05-05T00:00"]),
        (
            "{times: [{start_time: '08:00', end_time: '09:00'}], location: Europe/Berlin}",
            ["2024-01-01T07:30", "2024-07-01T06:30"],
            ["2024-07-01T07:30", "2024-01-01T08:30"],
        ),
        (
            "{weekdays: [saturday], location: America/New_York}",
            ["2024-01-07T04:59"],
            ["2024-01-06T04:59", "2024-01-07T05:00"],
        ),
        ("{weekdays: [monday], months: [may]}", ["2024-05-06T00:00"], ["2024-05-07T00:00", "2024-06-03T00:00"]),
    ],
)  # fmt: skip
def test_holds(read, text, inside, outside):
    """A time is in an interval where it is in one of the ranges of each kind."""
    (interval,) = read(text)
    times = {
        text: in_nanoseconds(datetime.fromisoformat(text).replace(tzinfo=UTC)) for text in inside + outside
    }
    assert [text for text in inside if not interval.holds(times[text])] == []
    assert [text for text in outside if interval.holds(times[text])] == []
