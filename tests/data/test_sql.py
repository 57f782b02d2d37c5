"""Metrics from a database: what a query answers, nothing written, no password anywhere, mistakes in one line."""

import sqlite3

import numpy as np
import pandas as pd
import pytest

from sre_anomaly.config.build import build
from sre_anomaly.errors import UserError

CLOCK = pd.date_range("2024-03-04", periods=60, freq="1min")
LOAD = np.random.default_rng(2).normal(50, 3, 60).round(3)


@pytest.fixture
def database(tmp_path):
    """Return the address of a database with one metric of two hosts."""
    path = tmp_path / "metrics.db"
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE samples (time TEXT, host TEXT, metric TEXT, value REAL)")
        rows = [
            (f"{at:%Y-%m-%d %H:%M:%S}", host, metric, value + extra)
            for at, value in zip(CLOCK, LOAD, strict=True)
            for host in ("a", "b")
            for metric, extra in (("cpu", 0), ("memory", 7))
        ]
        made.executemany("INSERT INTO samples VALUES (?, ?, ?, ?)", rows)
    made.close()
    return f"sqlite:///{path}"


def frame(url, query, **said):
    return next(iter(build("data", {"name": "sql", "url": url, "query": query, **said}).frames()))


@pytest.mark.parametrize(
    "query",
    [
        "SELECT time, metric, value FROM samples WHERE host = 'a'",
        "-- of one host\nSELECT time, metric, value FROM samples WHERE host = 'a' AND time > '2024-03-04 00:00:00' OR time = '2024-03-04 00:00:00' AND host = 'a'",
        "WITH cpu AS (SELECT time, value cpu FROM samples WHERE host = 'a' AND metric = 'cpu') "
        "SELECT cpu.time, cpu, value memory FROM cpu JOIN samples s ON s.time = cpu.time AND host = 'a' AND metric = 'memory'",
    ],
)
def test_an_answer_becomes_metrics(database, query):
    """Long, with the metric's name beside each value, or with a column for each; a colon in a query is a colon."""
    found = frame(database, query)
    assert found.metrics == ("cpu", "memory")
    assert found.time[0] == pd.Timestamp("2024-03-04", tz="UTC")
    np.testing.assert_allclose(found.values, np.column_stack([LOAD, LOAD + 7]))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("DROP TABLE samples", "data.query: has to be one that reads"),
        ("/* SELECT */ DELETE FROM samples", "data.query: has to be one that reads"),
        ("", "data.query: has to be one that reads"),
        ("WITH x AS (SELECT 1) DELETE FROM samples", "readonly"),
        ("SELECT tmie FROM samples", "no such column: tmie"),
        ("SELECT * FROM samples WHERE host = 'c'", "without a single row"),
        ("SELECT * FROM samples", "told apart by 'host' (a, b); choose one with WHERE in data.query"),
        ("SELECT time, 'x' || value AS cpu FROM samples WHERE host = 'a'", "the answer to data.query"),
    ],
)
def test_what_is_wrong_with_a_query_is_one_line(database, query, said):
    """And nothing was written."""
    with pytest.raises(UserError) as told:
        frame(database, query)
    assert said in str(told.value)
    assert "\n" not in str(told.value)
    assert sqlite3.connect(database.removeprefix("sqlite:///")).execute(
        "SELECT count(*) FROM samples"
    ).fetchone() == (240,)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:///there_is_none.db", "there_is_none.db"),
        ("postgresql://reader:s3cret@db/metrics", "data.secret_env=DB_PASSWORD"),
        ("reader:s3cret@db", "is no address of a database"),
        ("nosuch://reader@db/metrics", "knows no database"),
        ("postgresql+psycopg://reader@127.0.0.1:1/metrics", "data.url"),
    ],
)
def test_what_is_wrong_with_an_address_is_one_line(tmp_path, monkeypatch, url, said):
    """No password is repeated, and no file is made."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PASSWORD", "hidden")
    with pytest.raises(UserError) as told:
        frame(url, "SELECT 1", secret_env="PASSWORD")
    assert said in str(told.value)
    assert "s3cret" not in str(told.value)
    assert "hidden" not in str(told.value)
    assert not list(tmp_path.iterdir())
