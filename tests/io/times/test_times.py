"""Columns of times, however they are written: read one way, or refused."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sre_anomaly.errors import DataError
from sre_anomaly.io.regular_clock import regularise
from sre_anomaly.io.times.written import told
from sre_anomaly.io.timestamps import times

CLOCK = pd.date_range("2024-03-01", periods=14 * 24, freq="1h", tz="UTC")


def _times(cells, zone="UTC", **said):
    return times(Path("x.csv"), pd.Series(cells, name="time"), zone, **said)


@pytest.mark.parametrize("form", ["%d.%m.%y %H:%M", "%d/%m/%y %H:%M", "%m/%d/%y %H:%M", "%y-%m-%d %H:%M", "%d-%m-%Y %H:%M", "%m/%d/%Y %H:%M"])  # fmt: skip
def test_a_column_is_read_one_way(form):
    """The only way in which all rows are dates that follow each other."""
    assert _times(CLOCK.strftime(form)).tolist() == CLOCK.tolist()


@pytest.mark.parametrize("form", ["%Y%m%d%H", "%Y%m%d%H%M", "%Y%m%d%H%M%S"])
def test_compact_numbers(form):
    """They are never seconds since 1970."""
    assert _times(CLOCK.strftime(form).astype(np.int64)).tolist() == CLOCK.tolist()


@pytest.mark.parametrize("year", [2015, 2024])
@pytest.mark.parametrize("form", ["%y%m%d%H%M", "%y%m%d%H%M%S"])
def test_compact_numbers_with_two_digits_of_the_year(form, year):
    """They are told from seconds since 1970 by all rows together, and it is said how they were read."""
    clock = pd.date_range(f"{year}-03-04 10:00", periods=400, freq="5min", tz="UTC")
    written = pd.Series(clock.strftime(form).astype(np.int64))
    read = times(Path("x.csv"), written, "UTC")
    assert read.tolist() == clock.tolist()
    assert f"is 4 March {year} 10:00" in told(written, read, "UTC")[0]


@pytest.mark.parametrize("step", [1, 7, 60, 300, 3600, 86_400])
@pytest.mark.parametrize("rows", [2, 11, 400])
def test_seconds_since_1970_stay_what_they_are(step, rows):
    """Also from a moment whose digits could be a month, day, hour and minute."""
    seconds = pd.Series(1_703_041_000 + step * np.arange(rows))
    read = times(Path("x.csv"), seconds, "UTC")
    assert (read.asi8 // 10**9).tolist() == seconds.tolist()
    assert told(seconds, read, "UTC") == []


@pytest.mark.parametrize(
    "form", ["%b %d %H:%M:%S", "%a %b %d %H:%M", "%d-%m %H:%M:%S", "%m/%d %H:%M", "%d %b %H:%M"]
)
def test_years_are_asked_for(form):
    """Never today's year, and the next one after December."""
    with pytest.raises(DataError, match="has no year"):
        _times(CLOCK.strftime(form))
    over = pd.date_range("2023-12-20", periods=20, freq="1D", tz="UTC")
    assert _times(over.strftime(form), year=2023).tolist() == over.tolist()


def test_an_order_that_is_stated():
    """It is heeded with two digits of a year too."""
    cells = ["03/04/24 10:00", "03/04/24 11:00"]
    with pytest.raises(DataError, match="can mean two dates"):
        _times(cells)
    assert [_times(cells, day_first=said)[0].month for said in (True, False)] == [4, 3]


@pytest.mark.parametrize(
    ("cell", "utc"),
    [("2024-03-04 10:00 PST", 18), ("2024-07-04 10:00:00 CEST", 8), ("2024-03-04 10:00 Europe/Berlin", 9)],
)
def test_names_of_zones(cell, utc):
    """A name that has one meaning counts; others are asked about."""
    assert _times([cell])[0].hour == utc
    with pytest.raises(DataError, match="'IST' is not known or has several meanings"):
        _times(["2024-03-04 10:00 IST"])


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["03/04/2024 10:00", "2024-04-03 11:00"], "written in two ways"),
        (["10:00", "10:05"], "has no date"),
        (["03/04 10:00", "13/14 10:05"], "has no year"),
    ],
)
def test_what_cannot_be_known(cells, said):
    """It is refused in a line."""
    with pytest.raises(DataError, match=said):
        _times(cells)


@pytest.mark.parametrize("step", [10, 15, 30, 60, 300])
@pytest.mark.parametrize("phase", [0, 7])
def test_jitter(step, phase):
    """Each row is at its tick: none is merged, none is made up."""
    rows = 400
    jitter = np.random.default_rng(step).uniform(-0.1, 0.1, rows) * step
    seconds = 1_709_510_400 + phase + step * np.arange(rows) + jitter
    regular = regularise("x", pd.to_datetime((seconds * 1e9).astype(np.int64), utc=True), np.arange(rows)[:, np.newaxis].astype(float))  # fmt: skip
    assert regular.time[1] - regular.time[0] == timedelta(seconds=step)
    np.testing.assert_array_equal(regular.values[:, 0], np.arange(rows))
    assert abs(regular.time[0].timestamp() - 1_709_510_400 - phase) <= max(0.1 * step, step / 4) + 0.5


def test_a_row_between_is_counted():
    """Two rows of one tick become one, and that is said."""
    stamps = CLOCK[:48].insert(5, CLOCK[4] + pd.Timedelta("10min"))
    regular = regularise("x", stamps, np.ones((49, 1)))
    assert len(regular.time) == 48
    assert "1 shares its tick" in regular.notes[0]


def test_months_are_refused():
    """They are not equally long."""
    with pytest.raises(DataError, match="a row for each month"):
        regularise("x", pd.date_range("2024-01-01", periods=12, freq="MS", tz="UTC"), np.ones((12, 1)))


@pytest.mark.parametrize("word", ["now", "today", "x"])
def test_a_word_is_no_time(word):
    """Never the time of today."""
    with pytest.raises(DataError, match=f"row 3: '{word}' is not a time"):
        _times(["2024-03-04 10:00", word])
