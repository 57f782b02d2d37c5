"""Files as people have them."""

import json

import numpy as np
import pandas as pd
import pytest

from sre_anomaly.data.csv import CsvFile
from sre_anomaly.errors import DataError
from sre_anomaly.io.tables import read_table


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
    assert any("duplicate timestamps" in note for note in frame.notes)


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


@pytest.mark.parametrize(
    "written", ["%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%d/%b/%Y:%H:%M:%S +0000"]
)
def test_dates_are_read_one_way(tmp_path, written):
    """A column of day-first or month-first dates is read the same way in every row."""
    table = _table(rows=40, step="12h")
    frame = _frame(tmp_path, table.assign(time=pd.to_datetime(table["time"]).dt.strftime(written)))
    assert len(frame) == 40
    assert frame.time[-1] == pd.Timestamp("2024-03-20 12:00", tz="UTC")


def test_dates_that_can_mean_two_things(tmp_path):
    """Where no date shows the order it has to be said."""
    table = _table(rows=5)
    table["time"] = pd.to_datetime(table["time"]).dt.strftime("%d/%m/%Y %H:%M")
    with pytest.raises(DataError, match=r"can mean two dates: set data\.day_first=true"):
        _frame(tmp_path, table)
    assert _frame(tmp_path, table, day_first=True).time[0] == pd.Timestamp("2024-03-01", tz="UTC")
    assert _frame(tmp_path, table, day_first=False).time[0] == pd.Timestamp("2024-01-03", tz="UTC")


def test_clocks_that_go_back(tmp_path):
    """An hour that occurs twice is told apart by its order."""
    utc = pd.date_range("2024-10-26 22:00", periods=96, freq="5min", tz="UTC")
    local = utc.tz_convert("Europe/Berlin").tz_localize(None)
    frame = _frame(
        tmp_path, pd.DataFrame({"time": local.astype(str), "cpu": np.arange(96.0)}), timezone="Europe/Berlin"
    )
    assert (frame.time == utc).all()


def test_clocks_that_go_forward(tmp_path):
    """A local time that never was is refused in words."""
    time = pd.date_range("2024-03-31 00:00", periods=96, freq="5min")
    with pytest.raises(DataError, match="did not exist in Europe/Berlin"):
        _frame(
            tmp_path,
            pd.DataFrame({"time": time.astype(str), "cpu": np.arange(96.0)}),
            timezone="Europe/Berlin",
        )


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_separator_and_decimal_comma_are_found_out(tmp_path, separator):
    """Files of other countries' spreadsheets are read as they are."""
    path = tmp_path / "metrics.csv"
    _table().assign(cpu=np.arange(48) + 0.5).to_csv(path, index=False, sep=separator, decimal=",")
    frame = next(CsvFile(path=str(path)).frames())
    np.testing.assert_allclose(frame.values[:, 0], np.arange(48) + 0.5)


FOREIGN = {
    "german Excel": (
        "zeit;größe\n".encode("cp1252"),
        "is not UTF-8; save it as CSV UTF-8, or write iconv -f WINDOWS-1252",
    ),
    "a spreadsheet": (b"PK\x03\x04" + bytes(range(256)), "is a spreadsheet; save it as CSV UTF-8"),
    "a comma in a text": (b"time,cpu\n1,2\n3,4,5\n", "line 3 has 3 cells, where 2 were seen before"),
    "an open quote": (b'time,cpu\n1,2\n3,"4\n', "a quote that opens in line 3 is never closed"),
}


@pytest.mark.parametrize("case", FOREIGN)
def test_files_of_spreadsheets_are_told_apart(tmp_path, case):
    """What spreadsheets write beside plain CSV gets one line that says how to save it."""
    content, expected = FOREIGN[case]
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(DataError) as refused:
        read_table(tmp_path / "x.csv")
    assert expected in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path):
    """A CSV UTF-8 of Excel begins with a mark that no column is called by."""
    (tmp_path / "x.csv").write_bytes("time;cpu\n1;2,5\n".encode("utf-8-sig"))
    table = read_table(tmp_path / "x.csv")
    assert (list(table), table["cpu"].tolist()) == (["time", "cpu"], [2.5])


@pytest.mark.parametrize("separator", [",", ";"])
def test_commas_in_quotes_divide_nothing(tmp_path, separator):
    """Names and cells in quotes may hold any separator, the first cell too."""
    cells = [['"time"', '"load; all, of it"'], ['"2024-01-01 00:00"', "1"], ['"a,b;c"', "2"]]
    (tmp_path / "x.csv").write_text("".join(f"{separator.join(row)}\n" for row in cells))
    table = read_table(tmp_path / "x.csv")
    assert list(table) == ["time", "load; all, of it"]
    assert table["time"].tolist() == ["2024-01-01 00:00", "a,b;c"]


def test_a_time_column_that_was_guessed_wrong(tmp_path):
    """Where no column is called time the first is taken; if that holds none, the message says how to name it."""
    (tmp_path / "x.csv").write_text("host,when,cpu\nweb1,2024-01-01 00:00,1\n")
    with pytest.raises(DataError, match=r"or name the column of times with data\.time="):
        next(CsvFile(path=str(tmp_path / "x.csv")).frames())


def test_several_hosts_in_one_file(tmp_path):
    """Rows of many hosts are not averaged into one without a word."""
    table = pd.concat([_table(), _table(), _table()])
    with pytest.raises(DataError, match="several hosts or metrics"):
        _frame(tmp_path, table)


def test_a_column_of_zeros_and_ones_is_pointed_at(tmp_path):
    """What looks like forgotten labels is noted."""
    frame = _frame(tmp_path, _table().assign(was_broken=[0] * 40 + [1] * 8))
    assert any("set data.label=was_broken" in note for note in frame.notes)
