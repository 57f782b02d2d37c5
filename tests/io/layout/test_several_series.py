"""Several series in one file: a column for each metric, a series for each entity, short names for sets of labels."""

import numpy as np
import pandas as pd

from sre_anomaly.data.csv import CsvFile
from sre_anomaly.data.csv_folder import CsvFolder

CLOCK = pd.date_range("2024-03-04", periods=60, freq="1min", tz="UTC")


def _long(hosts=("a", "b"), metrics=("cpu", "mem")):
    return pd.DataFrame(
        [
            (time.isoformat(), host, metric, 10 * (1 + at) + 100 * (1 + number) + minute % 7)
            for minute, time in enumerate(CLOCK)
            for at, host in enumerate(hosts)
            for number, metric in enumerate(metrics)
        ],
        columns=["timestamp", "host", "metric", "value"],
    )


def _fleet(path, table, **options):
    table.to_csv(path, index=False)
    source = CsvFolder(path=str(path), **options)
    return {name.rpartition("/")[2]: source.read(name) for name in source.names()}


def test_a_long_table(tmp_path):
    """Each entity has a column for each metric; nothing is the mean of both."""
    found = _fleet(tmp_path / "x.csv", _long())
    assert {name: frame.metrics for name, frame in found.items()} == dict.fromkeys("ab", ("cpu", "mem"))
    np.testing.assert_array_equal(found["b"].values[:, 1], 220 + np.arange(60) % 7)
    assert "a long table: metric names the metric" in found["a"].notes[0]


def test_columns_are_named(tmp_path):
    """Names that nobody would guess are stated."""
    table = _long().rename(columns={"metric": "what", "host": "where"})
    found = _fleet(tmp_path / "x.csv", table, metric="what", entity="where")
    assert {name: frame.metrics for name, frame in found.items()} == dict.fromkeys("ab", ("cpu", "mem"))


def test_repeats_are_counted(tmp_path):
    """Two values of one metric at one time are one, and that is said."""
    table = _long(hosts=("a",))
    table.drop(columns="host").pipe(lambda rows: pd.concat([rows, rows[:3]])).to_csv(
        tmp_path / "x.csv", index=False
    )
    frame = next(CsvFile(path=str(tmp_path / "x.csv")).frames())
    assert len(frame) == 60
    assert any("3 rows repeat time and metric" in note for note in frame.notes)


def test_a_run_over_a_file_of_hosts_is_a_fleet(command, tmp_path):
    """A path is enough: each is run by itself, and that is said."""
    _long(metrics=("cpu",)).to_csv(tmp_path / "x.csv", index=False)
    code, _, err = command("x.csv", "hindsight=false")
    assert code == 0, err
    assert "holds 2 series (a, b): each is run by itself" in err
    assert pd.read_csv(tmp_path / "outputs/latest/series.csv")["series"].tolist() == ["x.csv/a", "x.csv/b"]


def test_names_of_labels(tmp_path):
    """Grafana's joined series are called by what tells them apart; the rest is kept in a note."""
    name = '{{__name__="up", instance="{}:9100", job="node"}}'
    table = pd.DataFrame({"Time": CLOCK.as_unit("ms").asi8, name.format("a"): 1.5, name.format("b"): 2.5})
    table.to_csv(tmp_path / "x.csv", index=False)
    frame = next(CsvFile(path=str(tmp_path / "x.csv")).frames())
    assert frame.metrics == ("a:9100", "b:9100")
    assert "labels of all: job=node" in frame.notes


def test_infinite_values_are_missing(tmp_path):
    """And told."""
    cpu = np.where(np.arange(60) == 30, np.inf, 20.5)
    pd.DataFrame({"time": CLOCK, "cpu": cpu}).to_csv(tmp_path / "x.csv", index=False)
    frame = next(CsvFile(path=str(tmp_path / "x.csv")).frames())
    assert np.isfinite(frame.values).all()
    assert "1 infinite value taken as missing" in frame.notes


def test_check_says_what_a_file_was_taken_for(command, tmp_path):
    """Entities, metrics, kinds, units, step and zone."""
    table = pd.DataFrame({"time": CLOCK, "mem": [f"{n % 5 + 1} MiB" for n in range(60)]})
    table["hits_total"] = np.arange(60) * 120
    table.to_csv(tmp_path / "x.csv", index=False)
    code, out, err = command("check", "data.path=x.csv")
    assert code == 0, err
    for said in ("60 data points every 1 min", "(UTC)", "mem", " B ", "counter", "/s"):
        assert said in out
