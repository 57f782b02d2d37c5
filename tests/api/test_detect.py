"""From a table to alerts in Python: the same as the command, from every kind of table, and mistakes in one line."""

import numpy as np
import pandas as pd
import pytest

import sre_anomaly
from sre_anomaly.errors import UserError

ROWS = 2400


@pytest.fixture(scope="module")
def metrics():
    """Return eight days of two metrics with an incident."""
    noise = np.random.default_rng(2)
    clock = pd.date_range("2024-03-04", periods=ROWS, freq="5min", tz="UTC", name="time")
    table = pd.DataFrame(
        {"cpu": 40 + noise.normal(0, 1, ROWS), "latency": 120 + noise.normal(0, 4, ROWS)}, clock
    )
    table.iloc[2000:2010, 0] += 50
    return table


@pytest.fixture(scope="module")
def found(metrics):
    """Return what is found in it."""
    return sre_anomaly.detect(metrics, pages_per_week=2)


def test_alerts_equal_those_of_the_command(metrics, found, command, tmp_path):
    """Times, metrics and scores of the alerts are those that the command writes."""
    metrics.to_csv(tmp_path / "metrics.csv")
    code, _, err = command(
        "experiment=csv", "data.path=metrics.csv", "forecaster=none", "threshold.pages_per_week=2"
    )
    assert code == 0, err
    saved = sre_anomaly.load_run("outputs/latest")
    assert len(found.alerts) == len(saved.alerts) >= 1
    for name in ("start", "fired", "end"):
        assert (found.alerts[name].reset_index(drop=True) == saved.alerts[name]).all()
    assert (found.alerts["metric"] == saved.alerts["metric"]).all()
    np.testing.assert_allclose(found.alerts["peak_score"], saved.alerts["peak_score"], rtol=1e-12)
    np.testing.assert_allclose(found.scores["score"], saved.scores["score"], rtol=1e-12)
    assert found.measures["alerts"] == saved.measures["alerts"]


def test_it_can_be_looked_at(found, tmp_path):
    """A sentence, a table for a notebook, a picture, bands in the metrics' units, and a page on disk."""
    assert "cpu" in repr(found)
    assert "<table>" in found._repr_html_()
    assert len(found.plot().axes) == 3
    band = found.bands["cpu"].iloc[1900]
    assert band["lower"] < band["expected"] < band["upper"]
    folder = found.save(tmp_path / "saved")
    assert (folder / "report.html").is_file()
    assert (folder / "model").is_dir()


def test_every_kind_of_table_is_read(metrics, found):
    """A column of times, an Arrow table, a series, a long table and a dict by entity give what the wide table gives."""
    import pyarrow as pa

    wide = metrics.reset_index()
    expected = list(found.alerts["start"])
    assert list(sre_anomaly.detect(wide, pages_per_week=2).alerts["start"]) == expected
    assert list(sre_anomaly.detect(pa.Table.from_pandas(wide), pages_per_week=2).alerts["start"]) == expected
    long = wide.melt("time", var_name="what", value_name="reading")
    told = sre_anomaly.detect(long, metric="what", value="reading", pages_per_week=2)
    assert list(told.alerts["start"]) == expected
    hosts = pd.concat([wide.assign(host="web1"), wide.assign(host="web2", cpu=40.0 + wide["cpu"] % 1)])
    each = sre_anomaly.detect(hosts, entity="host", pages_per_week=2)
    assert list(each) == ["web1", "web2"]
    assert list(each["web1"].alerts["start"]) == expected
    assert set(each.alerts.columns) >= {"entity", "start", "reason"}
    assert list(sre_anomaly.detect({"a": wide}, pages_per_week=2)["a"].alerts["start"]) == expected
    assert len(sre_anomaly.detect(metrics["cpu"], detector="zscore", threshold__sigmas=6).alerts) >= 1


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (
            lambda t: sre_anomaly.detect(t, detectr="iforest"),
            "detectr: no such argument; did you mean 'detector'",
        ),
        (lambda t: sre_anomaly.detect(t, detector="iforrest"), "did you mean 'iforest'"),
        (lambda t: sre_anomaly.detect(t, threshold__sigma=3), "no such key"),
        (lambda _: sre_anomaly.detect([1, 2, 3]), "a list is no table"),
        (lambda t: sre_anomaly.detect(t, entity="host"), "has no such column"),
        (lambda t: sre_anomaly.detect(t.iloc[:0]), "has a header and no rows"),
        (lambda t: sre_anomaly.backtest(t, "baseline"), "give a list"),
        (lambda _: sre_anomaly.load_run("nowhere"), "is not the folder of a run"),
        (lambda t: sre_anomaly.classify_table(t, "nothing"), "nothing"),
    ],
)
def test_a_mistake_is_one_line(metrics, ask, said):
    """What is wrong with a table or an argument is an exception of ours that says what would be right."""
    with pytest.raises(UserError) as told:
        ask(metrics)
    assert said in str(told.value)
    assert "/tmp" not in str(told.value)


def test_models_and_thresholds_are_replayed(metrics):
    """A backtest has a card for each, and its pages with their times."""
    back = sre_anomaly.backtest(metrics, ["baseline", "cpu > 80 for 10m"], warm_up="1d")
    assert sorted(back.cards.index) == ["baseline", "cpu > 80 for 10m"]
    assert back.cards.loc["cpu > 80 for 10m", "pages"] == 1
    assert len(back.pages) == back.cards["pages"].sum()
    assert "would" in repr(back)


def test_a_table_is_classified():
    """One column is predicted from the others, and measured on rows that were not learned from."""
    noise = np.random.default_rng(3)
    table = pd.DataFrame({"a": noise.normal(size=300), "b": noise.normal(size=300)})
    table["outage"] = np.where(table["a"] + 0.2 * noise.normal(size=300) > 0, "yes", "no")
    learned = sre_anomaly.classify_table(table, "outage", classifier="logistic")
    right = learned.predictions["outage"] == learned.predictions["told"]
    assert right.mean() > 0.8
    assert learned.measures


def test_runs_are_compared(found, metrics, tmp_path):
    """Two saved runs stand beside each other with the same measures."""
    first = found.save(tmp_path / "one")
    second = sre_anomaly.detect(metrics, detector="zscore").save(tmp_path / "two")
    table = sre_anomaly.compare([first, second])
    assert len(table) == 2
    assert "alerts" in table.columns


def test_a_forecast_is_that_of_the_command(metrics, command, tmp_path):
    """What comes, and the errors on the past, are what the command writes."""
    metrics.to_csv(tmp_path / "metrics.csv")
    ask = (
        "experiment=csv",
        "data.path=metrics.csv",
        "detector=none",
        "forecaster=combine",
        "forecast.horizon=1h",
        "forecast.metrics=[cpu]",
    )
    code, _, err = command(*ask, "hindsight=false")
    assert code == 0, err
    found = sre_anomaly.forecast(metrics, "1h", metrics=["cpu"], forecaster="combine", limit=90)
    record = sre_anomaly.load_run("outputs/latest").record["forecast"]
    assert found.measures.loc["1h", "mae"] == pytest.approx(record["horizons"][0]["measures"]["mae"])
    assert len(found.coming) == 12
    assert (found.coming["lower"] <= found.coming["upper"]).all()
    assert found.coming["time"].iloc[0] == metrics.index[-1] + pd.Timedelta("5min")
    assert found.limits[0]["limit"] == 90
    assert "cpu" in repr(found)
    assert len(found.plot().axes) == 2
