"""Files that hold several hosts: never mixed into one series, and each run by itself where its column is named."""

import json

import numpy as np
import pandas as pd
import pytest

from sre_anomaly.data.csv import CsvFile
from sre_anomaly.errors import DataError

CLOCK = pd.date_range("2024-03-04", periods=200, freq="5min")


def _hosts(shift="0s", words=("a", "b/c")):
    """Return two hosts in one table, the second one later than the first within each step."""
    draw = np.random.default_rng(2)
    return pd.concat(
        pd.DataFrame(
            {
                "time": CLOCK + number * pd.Timedelta(shift),
                "host": word,
                "cpu": draw.normal(20 + 60 * number, 1, len(CLOCK)).round(2),
                "own": [1.5, 2.5] * 100 if number else np.nan,
            }
        )
        for number, word in enumerate(words)
    ).sort_values("time", kind="stable")


def _read(path, table):
    table.to_csv(path, index=False)
    return next(CsvFile(path=str(path)).frames())


@pytest.mark.parametrize("shift", ["0s", "40s"], ids=["same times", "own seconds"])
def test_hosts_are_never_mixed(tmp_path, shift):
    """A column of words that divides the rows into regular series is named, with the command for each by itself."""
    with pytest.raises(DataError, match=r"told apart by 'host' \(a, b/c\).*data\.host=host"):
        _read(tmp_path / "x.csv", _hosts(shift))


def test_words_that_divide_nothing_are_left_alone(tmp_path):
    """The name of the day, a state now and then, and a comment are no hosts."""
    table = pd.DataFrame({"time": CLOCK, "cpu": np.arange(200.0)})
    table["day"] = table["time"].dt.day_name()
    table["state"] = np.where(np.arange(200) % 17 < 3, "busy", "idle")
    table["comment"] = [f"row {number}" for number in range(200)]
    assert _read(tmp_path / "x.csv", table).metrics == ("cpu",)


def test_each_host_of_a_file_is_a_series(command, tmp_path):
    """Each has its own metrics and its own labels; a word may have a slash."""
    _hosts().to_csv(tmp_path / "x.csv", index=False)
    window = json.dumps([["2024-03-04 08:00", "2024-03-04 08:30"]])
    (tmp_path / "labels.a.json").write_text(window)
    words = ["experiment=fleet", "data.path=x.csv", "data.host=host", "data.incidents=labels.*.json"]
    code, _, err = command(*words, "hindsight=false")
    assert code == 0, err
    table = pd.read_csv(tmp_path / "outputs/latest/series.csv").set_index("series")
    assert table.index.tolist() == ["x.csv/a", "x.csv/b/c"]
    assert table["rows"].tolist() == [200, 200]
    assert table["metrics"].tolist() == [1, 2]
    assert table["incidents"].fillna(0).tolist() == [1, 0]


def test_a_broken_row_keeps_its_number(command, tmp_path):
    """The row of a mistake is that of the file, whosever row it is."""
    table = _hosts().astype({"cpu": object})
    table.iloc[6, 2] = "many"
    table.to_csv(tmp_path / "x.csv", index=False)
    code, _, err = command("experiment=fleet", "data.path=x.csv", "data.host=host")
    assert code == 2
    assert "column 'cpu': row 8: 'many' is not a number" in err
