"""What the first command says of metrics that nobody tuned anything on: every incident, and hardly a page beside them."""

import re

import numpy as np
import pandas as pd

DAY = 1440


def _at(day, hour, minute, length):
    start = day * DAY + hour * 60 + minute
    return slice(start, start + length)


def _week_of_a_service(path):
    """Write two weeks of three metrics at a minute, with four incidents and three hours without a scrape."""
    noise = np.random.default_rng(7)
    rows = 14 * DAY
    angle = np.arange(rows) / DAY * 2 * np.pi - 2
    requests = 400 + 150 * np.sin(angle) + noise.normal(0, 8, rows)
    queue = np.maximum(noise.normal(20, 3, rows), 0)
    load = 1 + 0.3 * np.sin(angle) + noise.normal(0, 0.08, rows)
    requests[_at(9, 5, 8, 60)] *= 0.7
    queue[_at(10, 14, 20, 30)] = 0
    load[_at(11, 20, 0, 45)] += 4
    load[_at(13, 3, 0, 40)] += 1.5
    clock = pd.date_range("2024-05-06", periods=rows, freq="1min", tz="UTC")
    table = pd.DataFrame(
        {"requests": requests.round(1), "queue": queue.round(1), "load": load.round(3)}, index=clock
    )
    table.iloc[_at(12, 9, 0, 180)] = np.nan
    table.to_csv(path, index_label="time")


def test_a_file_and_nothing_else(command, tmp_path):
    """All incidents and the missing scrapes are reported with the right metric, and at most one page beside them."""
    _week_of_a_service(tmp_path / "metrics.csv")
    code, out, err = command("experiment=csv", "data.path=metrics.csv", "forecaster=none")
    assert (code, err) == (0, "")
    alerts = pd.read_csv(tmp_path / "outputs/latest/alerts.csv", parse_dates=["start", "end"])
    truth = {"2024-05-15 05:08": "requests", "2024-05-16 14:20": "queue", "2024-05-17 20:00": "load"}
    truth |= {"2024-05-18 09:00": "", "2024-05-19 03:00": "load"}
    for start, metric in truth.items():
        begun = pd.Timestamp(start, tz="UTC")
        met = alerts[(alerts["start"] >= begun) & (alerts["start"] < begun + pd.Timedelta("10min"))]
        assert len(met) == 1, start
        assert metric in ("", met["metric"].iloc[0])
    assert len(alerts) <= len(truth) + 1
    fall = alerts.loc[alerts["start"].dt.day == 15, "reason"].iloc[0]
    assert fall.startswith("requests = 2")
    assert fall.endswith("% below")
    assert "would have paged you" in " ".join(out.split())


def test_the_band_is_written(command, tmp_path):
    """Expected, lower and upper of each metric stand beside each data point."""
    _week_of_a_service(tmp_path / "metrics.csv")
    command("experiment=csv", "data.path=metrics.csv", "forecaster=none")
    scores = pd.read_parquet(tmp_path / "outputs/latest/scores.parquet")
    late = scores.iloc[2 * DAY :]
    for metric in ("requests", "queue", "load"):
        assert (late[f"{metric}_lower"] <= late[f"{metric}_upper"]).all()
        assert (late[f"{metric}_lower"] >= 0).all()
        inside = late[metric].between(late[f"{metric}_lower"], late[f"{metric}_upper"]).mean()
        assert inside > 0.97


def test_what_the_owner_knows(command, tmp_path):
    """What is said of a metric in the data decides what is reported; a metric that is not there is one line."""
    _week_of_a_service(tmp_path / "metrics.csv")
    base = ("experiment=csv", "data.path=metrics.csv", "forecaster=none")
    code, _, err = command(*base, "data.known={requests:{direction:above}}")
    assert (code, err) == (0, "")
    alerts = pd.read_csv(tmp_path / "outputs/latest/alerts.csv")
    assert not alerts["reason"].str.startswith("requests = ").any()
    code, _, err = command(*base, "data.known={request:{direction:above}}")
    assert code == 2
    assert "data.known.request: no metric is called so; did you mean 'requests'" in err
    code, _, err = command(*base, "data.known={requests:{direction:up}}")
    assert code == 2
    assert "data.known.requests.direction" in err


def test_a_calendar(command, tmp_path):
    """In a muted window nobody is paged, which is said with what would have been; a calendar that is not there is one line."""
    _week_of_a_service(tmp_path / "metrics.csv")
    (tmp_path / "work.json").write_text('[["2024-05-17 19:00", "2024-05-17 21:00"]]')
    base = ("experiment=csv", "data.path=metrics.csv", "forecaster=none")
    code, out, _ = command(*base, "data.calendar=[{path: work.json, page: false}]")
    assert code == 0
    said = " ".join(out.split())
    assert "1 window not learned from (120 data points)" in said
    assert re.search(r"1 window muted, (\d+) data points above the threshold in them", said)
    alerts = pd.read_csv(tmp_path / "outputs/latest/alerts.csv", parse_dates=["start"])
    assert 17 not in alerts["start"].dt.day.to_list()
    assert {15, 16, 18, 19} <= set(alerts["start"].dt.day)
    code, _, err = command(*base, "data.calendar=works.json")
    assert (code, err.strip()) == (2, "sre-anomaly: data.calendar: works.json is not there")


def test_names_are_taken_at_their_word_and_said(command, tmp_path):
    """A fall of a metric called latency pages nobody, the screen says why, and one key ignores names."""
    _week_of_a_service(tmp_path / "metrics.csv")
    table = pd.read_csv(tmp_path / "metrics.csv").rename(columns={"requests": "latency"})
    table.to_csv(tmp_path / "metrics.csv", index=False)
    base = ("experiment=csv", "data.path=metrics.csv", "forecaster=none")
    _, out, _ = command(*base)
    assert "By their names: latency (only above matters); data.known overrides" in " ".join(out.split())
    assert not _reasons(tmp_path).str.startswith("latency = ").any()
    for word in ("data.by_name=null", "data.known={latency: {direction: both}}"):
        _, out, _ = command(*base, word)
        assert "By their names" not in out
        assert _reasons(tmp_path).str.startswith("latency = ").any()


def _reasons(folder):
    return pd.read_csv(folder / "outputs/latest/alerts.csv")["reason"]
