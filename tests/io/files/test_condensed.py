"""A table too large for memory is read in pieces: the same as a whole, or the means of a coarser step that is said."""

import gzip

import numpy as np
import pandas as pd
import pytest

from sre_anomaly.config.build import build
from sre_anomaly.errors import UserError
from sre_anomaly.io.files import condensed, pieces

CLOCK = pd.date_range("2024-03-04", periods=1000, freq="1min", tz="UTC")
DRAW = np.random.default_rng(5)
VALUES = pd.DataFrame(
    {
        "cpu": DRAW.normal(50, 3, 1000).round(3),
        "hits_total": DRAW.integers(0, 9, 1000).cumsum(),
        "queue": np.where(DRAW.random(1000) < 0.1, np.nan, DRAW.integers(0, 30, 1000)),
    }
)


@pytest.fixture(autouse=True)
def in_pieces(monkeypatch):
    """Read every table in pieces of 64 rows."""
    monkeypatch.setattr(pieces, "LARGE", 0)
    monkeypatch.setattr(pieces, "ROWS", 64)


def frame(path, **said):
    return next(iter(build("data", {"name": "csv", "path": str(path), **said}).frames()))


def written(path, form="%Y-%m-%dT%H:%M:%SZ", before="", change=None, clock=CLOCK, **options):
    table = VALUES.copy()
    table.insert(0, "time", clock.strftime(form))
    table = table if change is None else change(table)
    text = before + table.to_csv(index=False, **options)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


HOURS = pd.date_range("2023-12-02", periods=1000, freq="1h", tz="UTC")
FLAGS = np.where(np.arange(1000) % 90 == 7, "yes", "no")
TABLES = {
    "plain": ({}, {}),
    "packed": ({"name": "m.csv.gz"}, {}),
    "seconds since 1970": ({"form": "%s"}, {}),
    "decimal commas": ({"sep": ";", "decimal": ","}, {}),
    "a title": ({"before": "exported 2024\n\n"}, {}),
    "days first": ({"form": "%d/%m/%Y %H:%M"}, {"day_first": True}),
    "a zone": ({"form": "%Y-%m-%d %H:%M"}, {"timezone": "Asia/Tokyo"}),
    "another step": ({}, {"resample": "5m"}),
    "an order of day and month that a later piece shows": ({"form": "%d/%m/%Y %H:%M", "clock": HOURS}, {}),
    "months first, shown later": ({"form": "%m/%d/%Y %H:%M", "clock": HOURS}, {}),
    "two digits of the year": ({"form": "%d/%m/%y %H:%M", "clock": HOURS}, {}),
    "no year, over New Year": ({"form": "%m-%d %H:%M", "clock": HOURS}, {"year": 2023}),
    "numbers that write a time": ({"form": "%y%m%d%H%M"}, {}),
    "units in cells": (
        {"change": lambda t: t.assign(**{"mem [MiB]": [f"{n % 7 + 1} MiB" for n in range(1000)]})},
        {},
    ),
    "units of several sizes": ({"change": lambda t: t.assign(took=["1.5 s"] * 500 + ["20 ms"] * 500)}, {}),
    "the truth in words": ({"change": lambda t: t.assign(is_anomaly=FLAGS)}, {}),
    "a state beside one series": (
        {"change": lambda t: t.assign(state=np.where(t.index % 5 == 0, "busy", "idle"))},
        {},
    ),
    "a column that begins late": (
        {"change": lambda t: t.assign(late=np.where(t.index < 300, np.nan, t.index % 7))},
        {},
    ),
    "names like ours": (
        {"change": lambda t: t.rename(columns={"time": "ts"}).assign(time=1.5, **{"cpu count": 7.25})},
        {"time": "ts"},
    ),
    "large whole numbers": ({"change": lambda t: t.assign(bytes_total=2**60 + np.arange(1000) * 3)}, {}),
    "wide": (
        {"change": lambda t: t.join(pd.DataFrame(DRAW.normal(size=(1000, 300)).round(3)).add_prefix("m"))},
        {},
    ),
}


@pytest.mark.parametrize(("how", "said"), TABLES.values(), ids=TABLES)
def test_pieces_are_the_whole(tmp_path, monkeypatch, how, said):
    """Times, metrics, values, truth, units and what is a counter are those of the file read at once."""
    how = dict(how)
    path = written(tmp_path / how.pop("name", "m.csv"), **how)
    found = frame(path, **said)
    monkeypatch.setattr(pieces, "LARGE", 1 << 40)
    whole = frame(path, **said)
    assert found.metrics == whole.metrics
    assert found.time.equals(whole.time)
    assert (found.counters, found.units) == (whole.counters, whole.units)
    gauges = [name not in whole.counters for name in whole.metrics]
    np.testing.assert_allclose(found.values[:, gauges], whole.values[:, gauges], rtol=1e-12)
    if "resample" not in said:
        np.testing.assert_allclose(found.values, whole.values, rtol=1e-12)
    assert {note for note in whole.notes if note.startswith("times were read")} <= set(found.notes)
    assert (found.labels is None) == (whole.labels is None)
    assert found.labels is None or (found.labels == whole.labels).all()
    assert "1,000 rows are too many to be held: brought to steps of" in found.notes[0]


def test_a_coarser_step_is_chosen_and_said(tmp_path, monkeypatch):
    """So that no more is kept than can be held; the numbers are the means of their step, a counter's its last."""
    monkeypatch.setattr(condensed, "CELLS", 400)
    found = frame(written(tmp_path / "m.csv"))
    step = found.step.total_seconds()
    assert step in (600, 720, 900)
    assert found.values.size <= 400
    by = VALUES.groupby(np.arange(1000) // int(step // 60))
    np.testing.assert_allclose(found.values[:, 0], by["cpu"].mean(), rtol=1e-12)
    np.testing.assert_allclose(found.values[:, 2], by["queue"].mean(), rtol=1e-12)
    rates = by["hits_total"].last().diff() / step
    np.testing.assert_allclose(found.values[2:, 1], rates[2:], rtol=0.2)


def test_hosts_and_metrics_in_words_are_kept_apart(tmp_path):
    """A long table of two hosts is a fleet, each as it would be in a file of its own."""
    rows = pd.concat(
        [
            pd.DataFrame({"time": CLOCK.strftime("%Y-%m-%d %H:%M"), "host": host, "metric": metric, "value": VALUES[metric] + at})
            for at, host in enumerate("ab")
            for metric in ("cpu", "queue")
        ]
    )  # fmt: skip
    path = tmp_path / "long.csv"
    rows.sort_values("time", kind="stable").to_csv(path, index=False)
    source = build("data", {"name": "csv_folder", "path": str(path)})
    names = source.names()
    assert [name.rpartition("/")[2] for name in names] == ["a", "b"]
    for at, name in enumerate(names):
        found = source.read(name)
        assert found.metrics == ("cpu", "queue")
        np.testing.assert_allclose(found.values[:, 0], VALUES["cpu"] + at, rtol=1e-12)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("time,cpu\n2024-03-04 10:00,1\n2024-03-04 10:01,x\n", "row 3: 'x' is not a number"),
        ("time,cpu\n2024-03-04 10:00,1\nnow,2\n", "row 3: 'now' is not a time"),
        ("time,cpu\n2024-03-04 10:00,1\n2024-03-04 10:00,2\n", "its first 2 rows all have one time"),
        ("time,cpu\n", "has a header and no rows"),
        ("", "is empty"),
        (
            "time,cpu\n"
            + "".join(
                f"2024-03-04 10:{n % 60:02d}:{n // 60:02d},1{' MiB' if n < 70 else ' ms'}\n"
                for n in range(128)
            ),
            "rows 66 to 129: row|has no unit like MiB",
        ),
        ("time,cpu\n2024-03-04 10:00,1\n2024-03-04 10:01,1\n2024-03-04 10:02,1,2,3\n", "line 4 has 4 cells"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path, text, said):
    """The row is that of the file, not of the piece."""
    path = tmp_path / "m.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=said) as told:
        frame(path)
    assert "\n" not in str(told.value)
    assert str(path) in str(told.value)


def test_a_row_far_down_is_told_by_its_number(tmp_path):
    """Of the five hundredth row, in the eighth piece."""
    path = written(tmp_path / "m.csv")
    lines = path.read_text().splitlines()
    lines[499] = "2024-03-04T08:18:00Z,broken,1,1"
    path.write_text("\n".join(lines))
    with pytest.raises(UserError, match="row 500: 'broken' is not a number"):
        frame(path)
