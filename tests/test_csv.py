"""Files as people have them."""

import json

import numpy as np
import pandas as pd
import pytest

from sre_anomaly.data.csv import CsvFile


def _frame(tmp_path, table, **options):
    path = tmp_path / "metrics.csv"
    table.to_csv(path, index=False)
    return next(CsvFile(path=str(path), **options).frames())


def _table(rows=48, step="5min"):
    time = pd.date_range("2024-03-01", periods=rows, freq=step)
    return pd.DataFrame({"time": time.astype(str), "cpu": np.arange(rows, dtype=float)})


def test_a_plain_file_is_read_as_it_is(tmp_path):
    """Values, names, clock and nothing to note."""
    frame = _frame(tmp_path, _table())
    assert frame.metrics == ("cpu",)
    assert frame.step == pd.Timedelta("5min")
    assert str(frame.time[0]) == "2024-03-01 00:00:00+00:00"
    np.testing.assert_array_equal(frame.values[:, 0], np.arange(48))
    assert frame.notes == ()
    assert frame.incidents is None


@pytest.mark.parametrize(
    ("factor", "unit"), [(1, "s"), (1000, "ms"), (1_000_000, "us"), (1_000_000_000, "ns")]
)
def test_times_as_numbers(tmp_path, factor, unit):
    """Time since 1970 is recognised in seconds down to nanoseconds."""
    table = _table()
    seconds = pd.to_datetime(table["time"]).astype("datetime64[s]").astype("int64")
    frame = _frame(tmp_path, table.assign(time=seconds * factor))
    assert frame.time[1] == pd.Timestamp("2024-03-01 00:05", tz="UTC"), unit


@pytest.mark.parametrize(
    "written", ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S+00:00", "%d %b %Y %H:%M", "%Y-%m-%dT%H:%M:%S.000"]
)
def test_times_as_text(tmp_path, written):
    """Common ways of writing a time are understood."""
    table = _table()
    frame = _frame(tmp_path, table.assign(time=pd.to_datetime(table["time"]).dt.strftime(written)))
    assert frame.time[-1] == pd.Timestamp("2024-03-01 03:55", tz="UTC")


def test_local_times_become_utc(tmp_path):
    """Times without an offset are taken in the stated time zone."""
    frame = _frame(tmp_path, _table(), timezone="Europe/Berlin")
    assert frame.time[0] == pd.Timestamp("2024-02-29 23:00", tz="UTC")


def test_disorder_and_duplicates(tmp_path):
    """Rows are sorted, rows of one time become their mean, and both are noted."""
    table = _table()
    table.loc[10, "time"] = table.loc[11, "time"]
    table = table.iloc[[*range(5), 6, 5, *range(7, 48)]]
    frame = _frame(tmp_path, table)
    assert len(frame) == 48
    assert frame.values[11, 0] == 10.5
    assert frame.values[10, 0] == pytest.approx((9 + 10.5) / 2)
    assert any("out of time order" in note for note in frame.notes)
    assert any("repeat the time" in note for note in frame.notes)


def test_gaps(tmp_path):
    """Gaps up to the stated length are filled on a line, longer ones stay, and both are noted."""
    table = _table().drop(index=[5, 6, *range(20, 30)])
    frame = _frame(tmp_path, table, interpolate=pd.Timedelta("10min"))
    np.testing.assert_allclose(frame.values[4:8, 0], [4, 5, 6, 7])
    assert np.isnan(frame.values[20:30, 0]).all()
    assert np.isfinite(frame.values[[19, 30], 0]).all()
    assert any("2 missing values" in note for note in frame.notes)
    assert any("10 values are missing" in note for note in frame.notes)
    untouched = _frame(tmp_path, table, interpolate=pd.Timedelta(0))
    assert np.isnan(untouched.values[5:7, 0]).all()


def test_resample(tmp_path):
    """Rows within a step become their mean, steps begin at round times, labels stay if any row has one."""
    table = _table().assign(label=0)
    table.loc[7, "label"] = 1
    frame = _frame(tmp_path, table, resample=pd.Timedelta("15min"))
    assert len(frame) == 16
    np.testing.assert_allclose(frame.values[:3, 0], [1, 4, 7])
    assert list(np.flatnonzero(frame.labels)) == [2]


def test_columns_of_text_and_labels_are_no_metrics(tmp_path):
    """Names are left out with a note, a column called label is the truth."""
    frame = _frame(tmp_path, _table().assign(host="web-1", label=["0"] * 40 + ["1"] * 8))
    assert frame.metrics == ("cpu",)
    assert any("host" in note for note in frame.notes)
    assert len(frame.incidents) == 1
    assert frame.incidents[0].end == frame.time[-1] + frame.step


@pytest.mark.parametrize("words", [("yes", "no"), ("True", "False"), ("1", "0"), ("1.0", "0.0")])
def test_ways_to_say_yes(tmp_path, words):
    """Labels may be written in the usual ways."""
    yes, no = words
    frame = _frame(tmp_path, _table().assign(broken=[no] * 40 + [yes] * 8), label="broken")
    assert frame.labels.sum() == 8


def test_incident_windows_end_before_their_end(tmp_path):
    """A window covers its first row and not the row at its end."""
    (tmp_path / "incidents.json").write_text(
        json.dumps(
            [{"start": "2024-03-01 01:00", "end": "2024-03-01 01:10", "type": "outage", "metric": "cpu"}]
        )
    )
    frame = _frame(tmp_path, _table(), incidents=str(tmp_path / "incidents.json"))
    assert list(np.flatnonzero(frame.labels)) == [12, 13]
    assert frame.incidents[0].type == "outage"


def test_parquet_and_csv_say_the_same(tmp_path):
    """The format of the file does not matter."""
    table = _table().assign(time=lambda t: pd.to_datetime(t["time"]))
    table.to_parquet(tmp_path / "metrics.parquet")
    parquet = next(CsvFile(path=str(tmp_path / "metrics.parquet")).frames())
    assert parquet.fingerprint == _frame(tmp_path, table).fingerprint
