"""What a run says: why each alert, what came close, what could not be told, on a narrow screen."""

import json
import re
import shlex
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sre_anomaly.records import Reason
from sre_anomaly.report.run.plots import drawn_metrics

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


def test_many_metrics_and_counters_are_read_in_peace(command, tmp_path):
    """A wide file brings no warning of a library, which would be an error here; what only rises, or starts anew, is pointed at by name."""
    rows = 300
    noise = np.random.default_rng(3)
    table = pd.DataFrame(noise.normal(5, 1, (rows, 40)), columns=[f"m{number}" for number in range(40)])
    table["served"] = np.r_[noise.poisson(30, rows - 40).cumsum(), noise.poisson(30, 40).cumsum()]
    table["disk"] = np.linspace(40, 60, rows) + noise.normal(0, 0.2, rows)
    table.index = pd.date_range("2024-05-06", periods=rows, freq="5min")
    table.to_csv(tmp_path / "wide.csv", index_label="time")
    code, out, _ = command("experiment=csv", "data.path=wide.csv", "forecaster=none", "hindsight=false")
    assert code == 0
    assert "counters, of which the rate a second is watched: served" in " ".join(out.split())


def test_pages_over_little_come_with_what_leaves_them_out(command, tmp_path):
    """Where most pages are of one metric that moved a little, the first command proposed keeps its incident and drops the others."""
    rows = 21 * 288
    errors = np.random.default_rng(4).poisson(0.05, rows).astype(float)
    errors[5000:5012] = 40
    clock = pd.date_range("2024-05-06", periods=rows, freq="5min")
    pd.DataFrame({"time": clock, "errors": errors}).to_csv(tmp_path / "x.csv", index=False)
    code, out, err = command("experiment=csv", "data.path=x.csv", "forecaster=none", "hindsight=false")
    assert (code, err) == (0, "")
    before = pd.read_csv(tmp_path / "outputs/latest/alerts.csv")
    proposed = out.split("\nNext")[1].strip().splitlines()[0].split("#")[0]
    assert "least_change:3" in proposed
    command(*shlex.split(proposed)[1:])
    after = pd.read_csv(tmp_path / "outputs/latest/alerts.csv")
    assert len(before) > len(after) + 4
    assert "2024-05-23T08:40:00Z" in after["start"].tolist()


def test_few_metrics_are_all_drawn():
    """What no alert names took part all the same; of many, those of the alerts come first."""
    alerts = [SimpleNamespace(metric="m2")]
    for metrics, shown in ((3, ["m2", "m0", "m1"]), (9, ["m2", "m7"])):
        frame = SimpleNamespace(metrics=tuple(f"m{number}" for number in range(metrics)))
        strongest = [(row, SimpleNamespace(metric="m7")) for row in range(4 if metrics > 7 else 0)]
        run = SimpleNamespace(frame=frame, detection=SimpleNamespace(alerts=alerts), strongest=strongest)
        assert drawn_metrics(run) == shown


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


def test_a_change_that_stays_is_said_to_stay(command, tmp_path):
    """An alert ends when a change has become usual; whoever reads of it hears that the service is still down."""
    clock = pd.date_range("2024-05-06", periods=14 * 288, freq="5min")
    up = np.ones(len(clock))
    up[-36:] = 0
    pd.DataFrame({"time": clock, "up": up}).to_csv(tmp_path / "x.csv", index=False)
    _, out, _ = command("experiment=csv", "data.path=x.csv", "forecaster=none", "hindsight=false")
    assert "still so at the end of the data, after 3 h" in " ".join(out.split())


def test_what_matters_above_is_told_above():
    """Of a metric of which only more is bad, a value below what was expected is no reason, however far it is."""
    told = [Reason("errors", seen, 10.0, -np.inf, 20.0, "").distance for seen in (5.0, 12.0, 25.0, -100.0)]
    assert sorted(told) == [told[3], told[0], told[1], told[2]]
    assert Reason("free", 5.0, 10.0, 8.0, np.inf, "").distance > 0
