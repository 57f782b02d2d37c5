"""What a run says: why each alert, what came close, what could not be told, on a narrow screen."""

import json
import re

import numpy as np
import pandas as pd
import pytest

MINUTES = 5 * 1440
OTHERWISE = (
    "no value for",
    "value within its band",
    "not the value but its course",
    "just before still counts",
)


@pytest.fixture
def told(command, tmp_path, monkeypatch):
    """Run on five days of three metrics with an outage, a silence and one metric that is constant."""
    noise = np.random.default_rng(5)
    table = pd.DataFrame(
        {
            "requests": 400 + noise.normal(0, 8, MINUTES),
            "queue": noise.poisson(20, MINUTES).astype(float),
            "limit": 3.0,
        },
        index=pd.date_range("2024-05-06", periods=MINUTES, freq="1min", tz="UTC"),
    )
    table.iloc[3 * 1440 : 3 * 1440 + 60, 0] *= 0.7
    table.iloc[4 * 1440 : 4 * 1440 + 180] = np.nan
    table.to_csv(tmp_path / "metrics.csv", index_label="time")
    monkeypatch.setenv("COLUMNS", "80")
    code, out, err = command("experiment=csv", "data.path=metrics.csv", "forecaster=none")
    assert (code, err) == (0, "")
    folder = tmp_path / "outputs/latest"
    return out, folder, json.loads((folder / "record.json").read_text())


def test_each_reason_is_outside_the_band_or_says_what_else(told):
    """The value told lies outside the band told, or words say what else was unusual."""
    _, folder, _ = told
    alerts = pd.read_csv(folder / "alerts.csv")
    assert len(alerts) >= 2
    for reason in alerts["reason"]:
        band = re.search(r"= (\S+), expected \S+ \((\S+) to (\S+)\)", reason)
        if any(words in reason for words in OTHERWISE):
            continue
        assert band is not None, reason
        value, low, high = (float(number.replace(",", "")) for number in band.groups())
        assert not low <= value <= high, reason


def test_silence_is_told_with_its_length(told):
    """An alert of missing scrapes says how long there was no value, and how long at most before."""
    _, folder, _ = told
    reasons = pd.read_csv(folder / "alerts.csv")["reason"]
    assert any("no value for 3 h (no gap before), nor of any other metric" in one for one in reasons)


def test_close_calls_are_below_the_threshold_and_apart_from_alerts(told):
    """What came close reached 60 % or more but not all of the threshold, nearest first, and is no part of an alert."""
    _, folder, record = told
    calls = record["detection"]["close_calls"]
    reached = [call["reached"] for call in calls]
    assert 1 <= len(calls) <= 5
    assert reached == sorted(reached, reverse=True)
    assert all(0.6 <= share <= 1 for share in reached)
    alerts = pd.read_csv(folder / "alerts.csv", parse_dates=["start", "end"])
    for call in calls:
        at, bridge = pd.Timestamp(call["time"]), pd.Timedelta("2h")
        assert not ((alerts["start"] - bridge < at) & (at < alerts["end"] + bridge)).any()


def test_what_could_not_be_told(told):
    """A constant metric and a long gap are named once, on screen and on the page."""
    out, folder, record = told
    said = record["detection"]["could_not_tell"]
    assert any(line.startswith("limit: constant") for line in said)
    assert any("longest gap 3 h from 2024-05-10 00:00" in line for line in said)
    page = (folder / "report.html").read_text()
    assert "What the series could not tell" in page
    assert "Close to paging" in page
    assert " ".join(out.split()).count("limit: constant") == 1


def test_metrics_are_ranked_by_their_own_surprise(told):
    """The metric that fell comes first, with its value and what was expected."""
    _, folder, record = told
    alerts = pd.read_csv(folder / "alerts.csv")
    fall = alerts[alerts["start"].str.startswith("2024-05-09T00:0")].iloc[0]
    ranked = record["detection"]["metrics_of_alerts"][str(fall["id"])]
    assert ranked[0]["metric"] == fall["metric"] == "requests"
    assert ranked[0]["value"] < 320 < ranked[0]["expected"]
    assert ranked[0]["share"] >= ranked[-1]["share"]


def test_nothing_of_the_findings_is_wider_than_80_columns(told):
    """Everything above the files and commands fits, and no word is cut: the date of an alert stands at its line's beginning."""
    out, _, _ = told
    block = out[out.index("Found") : out.index("Files")].splitlines()
    assert max(len(line.rstrip()) for line in block) <= 80
    assert any(re.match(r"  2024-05-09 00:0\d requests = \d", line) for line in block)


def test_what_a_flagged_value_left_behind_is_not_blamed_on_the_next(command, tmp_path):
    """After one enormous week the usual weeks that still page say that what came before counts, not that they are unusual."""
    noise = np.random.default_rng(1)
    sales = 100 + noise.normal(0, 3, 150)
    sales[120] = 300
    weeks = pd.date_range("2020-01-06", periods=150, freq="7D", tz="UTC")
    pd.DataFrame({"time": weeks, "sales": sales}).to_csv(tmp_path / "weekly.csv", index=False)
    command("experiment=csv", "data.path=weekly.csv", "forecaster=none")
    first, *later = pd.read_csv(tmp_path / "outputs/latest/alerts.csv")["reason"]
    assert first.startswith("sales = 300, expected")
    assert first.endswith("times as much")
    assert later
    assert all("not the value but its course" in one or "just before still counts" in one for one in later)


def test_a_run_over_many_metrics_has_no_warning(command, tmp_path):
    """The table of scores has each metric beside its bounds in their order, however many there are."""
    values = np.random.default_rng(0).normal(50, 1, (300, 40))
    time = pd.date_range("2024-05-06", periods=300, freq="1min", tz="UTC")
    table = pd.DataFrame(values, columns=[f"m{number}" for number in range(40)], index=time)
    table.to_csv(tmp_path / "many.csv", index_label="time")
    code, _, err = command("experiment=csv", "data.path=many.csv", "forecaster=none")
    assert (code, err) == (0, "")
    scores = pd.read_parquet(tmp_path / "outputs/latest/scores.parquet")
    assert list(scores.columns[1:41]) == list(table.columns)
    assert list(scores.columns[41:45]) == ["m0_expected", "m0_lower", "m0_upper", "m1_expected"]
    np.testing.assert_array_equal(scores["m7"], table["m7"])
    assert (scores["m7_lower"].dropna() <= scores["m7_upper"].dropna()).all()
