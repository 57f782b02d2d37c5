"""A line for each request becomes what happened in each step."""

import gzip

import numpy as np
import pandas as pd
import pytest

from export_files import jmeter, jmeter_xml, k6
from sre_anomaly.data.csv import CsvFile
from sre_anomaly.data.csv_folder import CsvFolder
from sre_anomaly.errors import DataError
from sre_anomaly.io.counts import requests as counting
from sre_anomaly.io.counts.requests import Requests

SECOND = 10**9


def _frame(tmp_path, text, **options):
    path = tmp_path / "results"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return next(CsvFile(path=str(path), **options).frames())


def _requests(size=4000, seed=0):
    """Return (ms since 1970, ms, label, ok, bytes) of requests at random times."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame({
        "timeStamp": 1_700_000_107_000 + np.sort(rng.integers(0, 600_000, size)),
        "elapsed": np.round(rng.lognormal(5, 0.6, size)).astype(int),
        "label": rng.choice(["GET /", "POST /pay, now"], size),
        "success": np.where(rng.random(size) < 0.1, "false", "true"),
        "bytes": rng.integers(100, 9000, size),
    })  # fmt: skip


@pytest.mark.parametrize("shuffled", [False, True])
def test_each_step_is_what_its_requests_were(tmp_path, shuffled):
    """Counts and bytes are exact, percentiles those of numpy but for 0.1 %, whatever the order of lines."""
    table = _requests()
    written = table.sample(frac=1, random_state=1) if shuffled else table
    frame = _frame(
        tmp_path, gzip.compress(written.to_csv(index=False).encode()), resample=pd.Timedelta("30s")
    )
    assert len(frame) == 21
    assert frame.step == pd.Timedelta("30s")
    for label, rows in table.groupby("label"):
        steps = dict(list(rows.groupby(rows["timeStamp"] // 30_000 * 30_000)))
        for at, start in enumerate(frame.time.as_unit("ms").asi8.tolist()):
            got = {
                name.removesuffix(f" {label}"): frame.values[at, column]
                for column, name in enumerate(frame.metrics)
                if name.endswith(label)
            }
            assert len(got) == 6
            if start not in steps:
                assert got["requests"] == 0
                continue
            own = steps[start]
            assert got["requests"] == len(own)
            assert got["error_share"] == pytest.approx((own["success"] == "false").mean())
            assert got["bytes"] == own["bytes"].sum()
            for share in (50, 95, 99):
                wanted = np.percentile(own["elapsed"], share) / 1000
                assert got[f"duration_p{share}"] == pytest.approx(wanted, rel=1e-3)


def test_k6_and_jmeter_agree(tmp_path):
    """The same requests give the same, from JSON lines as from CSV."""
    one = _frame(tmp_path, jmeter(), resample=pd.Timedelta("1m"))
    written = _frame(tmp_path, jmeter_xml(), resample=pd.Timedelta("1m"))
    assert written.metrics == one.metrics
    np.testing.assert_array_equal(written.values, one.values)
    other = _frame(tmp_path, k6(), resample=pd.Timedelta("1m"))
    for name in ("requests", "error_share", "duration_p50", "duration_p99"):
        for ours, theirs in (("GET /a", "a"), ("GET /b", "b")):
            np.testing.assert_allclose(
                one.values[:, one.metrics.index(f"{name} {ours}")],
                other.values[:, other.metrics.index(f"{name} {theirs}")],
            )


def test_a_fleet_of_labels(tmp_path):
    """As a fleet, each kind of request is a series of its own."""
    (tmp_path / "results").write_text(jmeter())
    frames = list(CsvFolder(path=str(tmp_path / "results")).frames())
    assert [frame.name for frame in frames] == ["GET /a", "GET /b"]
    assert frames[0].metrics[:2] == ("requests", "error_share")


def test_steps_grow_while_memory_does_not(monkeypatch):
    """Where too much would have to be kept, steps become longer, and nothing is lost."""
    monkeypatch.setattr(counting, "MOST_KEPT", 2000)
    monkeypatch.setattr(counting, "MOST_STEPS", 400)
    rng = np.random.default_rng(0)
    requests = Requests()
    requests.number_of("all")
    for piece in range(50):
        time = (1_700_000_000 + 100 * piece + rng.integers(0, 100, 500)) * SECOND
        requests.add(
            time, rng.integers(1, 500, 500).astype(float), np.zeros(500, dtype=int), np.zeros(500, dtype=bool)
        )
        assert len(requests._sums) <= 400
    (summary,) = requests.summaries()
    assert requests.step_ns > SECOND
    assert summary.count.sum() == 25_000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("timeStamp,elapsed,label\n1700000000000,x,a\n", "elapsed|conversion error"),
        (
            "timeStamp,elapsed,label\n1700000000000,-5,a\n",
            "column 'elapsed': -5 is not a number of 0 or more",
        ),
        ("timeStamp,elapsed,label\n", "holds no request"),
        ("timeStamp,elapsed,label\n1700000000000,5\n", "columns"),
        (
            '{"type":"Point","metric":"vus","data":{"time":"2024-01-31T14:00:00Z","value":1}}',
            "holds no http_req_duration",
        ),
        ('{"type":"Point","metric":"http_req_duration","data":{"value":1}}', "line 1: is no point of k6"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path, text, said):
    """What is wrong is one line."""
    with pytest.raises(DataError, match=said) as caught:
        _frame(tmp_path, text)
    assert "\n" not in str(caught.value)
