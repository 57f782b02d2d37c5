"""Counters become the rates that PromQL gives."""

import re
import shutil
import subprocess
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_anomaly.io.counts.counters import rate, rate_since_last

SECOND = 10**9


def _slow_rate(time, values, at, window, *, left_open):
    """PromQL's rate, sample by sample, as its source has it."""
    begin = at - window
    inside = [
        (t, v)
        for t, v in zip(time.tolist(), values.tolist(), strict=True)
        if (begin < t if left_open else begin <= t) and t <= at and v == v
    ]
    if len(inside) < 2:
        return np.nan
    increase = inside[-1][1] - inside[0][1]
    before = 0
    for _, value in inside:
        if value < before:
            increase += before
        before = value
    to_start, to_end = (inside[0][0] - begin) / SECOND, (at - inside[-1][0]) / SECOND
    sampled = (inside[-1][0] - inside[0][0]) / SECOND
    average = sampled / (len(inside) - 1)
    if to_start >= 1.1 * average:
        to_start = average / 2
    if increase > 0 and inside[0][1] >= 0:
        to_start = min(to_start, sampled * (inside[0][1] / increase))
    if to_end >= 1.1 * average:
        to_end = average / 2
    return increase * ((sampled + to_start + to_end) / sampled) / (window / SECOND)


@st.composite
def counters(draw):
    """Draw samples of a counter that resets, has gaps and missing values, at jittering times."""
    size = draw(st.integers(0, 30))
    steps = draw(
        st.lists(st.sampled_from([15_000, 14_990, 15_012, 60_000, 400_000, 1]), min_size=size, max_size=size)
    )
    time = np.cumsum(np.array(steps, dtype=np.int64)) * 1_000_000
    values, total = [], draw(st.integers(0, 1000))
    for _ in range(size):
        kind = draw(st.sampled_from(["grow", "grow", "grow", "still", "reset", "lost"]))
        total = (
            draw(st.integers(0, max(total - 1, 0)))
            if kind == "reset"
            else total + draw(st.integers(0, 500)) * (kind == "grow")
        )
        values.append(np.nan if kind == "lost" else float(total))
    return time, np.array(values, dtype=np.float64)


@given(counters(), st.sampled_from([15, 30, 60, 300, 1000]), st.booleans())
def test_rates_are_those_of_promql(samples, seconds, left_open):
    """Whatever resets, gaps and missing values there are, at any time that is asked for."""
    time, values = samples
    at = np.concatenate([time, time + 7 * SECOND, [0, 10**13]]).astype(np.int64)
    got = rate(time, values, at, seconds * SECOND, left_open=left_open)
    wanted = [_slow_rate(time, values, one, seconds * SECOND, left_open=left_open) for one in at.tolist()]
    np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-12)


@given(counters())
def test_since_last_is_the_rate_between_two_samples(samples):
    """A sample's rate is that of a window that reaches to the sample before, if that is not too long ago."""
    time, values = samples
    got = rate_since_last(time, values)
    there = np.flatnonzero(~np.isnan(values))
    assert np.isnan(np.delete(got, there)).all()
    for sooner, later in pairwise(there):
        if not np.isnan(got[later]):
            window = int(time[later] - time[sooner])
            wanted = _slow_rate(time, values, int(time[later]), window, left_open=False)
            assert got[later] == pytest.approx(wanted)


def test_large_whole_numbers_keep_their_differences():
    """Beyond 2^53 a float cannot tell neighbours apart; a counter of bytes gets there."""
    time = np.arange(4) * SECOND
    values = np.array([2**63 + 1, 2**63 + 2, 2**63 + 4, 3], dtype=np.uint64)
    np.testing.assert_array_equal(rate_since_last(time, values), [np.nan, 1, 2, 3])
    assert rate(time, values, time[2:3], SECOND, left_open=False)[0] == 2


def test_no_rate_over_a_gap():
    """After an hour without samples the growth of that hour is not taken for one step's."""
    time = np.array([0, 1, 2, 62, 63, 65]) * 60 * SECOND
    got = rate_since_last(time, np.array([0, 60, 120, 9000, 9060, 9180]))
    np.testing.assert_array_equal(got, [np.nan, 1, 1, np.nan, 1, 1])


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool")
def test_rates_are_those_of_prometheus_itself(tmp_path):
    """The engine of Prometheus agrees, on resets, a gap and a counter that was just born."""
    version = subprocess.run(["promtool", "--version"], capture_output=True, text=True, check=True)
    left_open = int(re.search(r"version (\d+)", version.stdout + version.stderr)[1]) >= 3
    words = ["5", "105", "230", "_", "_", "_", "900", "1000", "20", "140", "260", "_", "3", "3", "90"]
    values = np.array([np.nan if word == "_" else float(word) for word in words])
    time = np.arange(len(words), dtype=np.int64) * 60 * SECOND
    tests = []
    for minute in range(len(words)):
        for window in (1, 2, 5):
            at = np.array([minute * 60 * SECOND])
            got = float(rate(time, values, at, window * 60 * SECOND, left_open=left_open)[0])
            expression = f"rate(x[{window}m])"
            samples = "[]"
            if not np.isnan(got):
                expression, samples = f"abs({expression} - {got!r}) < bool 1e-9", "[{labels: '{}', value: 1}]"
            tests.append(f"- {{expr: '{expression}', eval_time: {minute}m, exp_samples: {samples}}}")
    (tmp_path / "tests.yml").write_text(
        "rule_files: []\ntests:\n- interval: 1m\n  input_series: [{series: x, values: '"
        + " ".join(words)
        + "'}]\n"
        "  promql_expr_test:\n  " + "\n  ".join(tests) + "\n"
    )
    answer = subprocess.run(
        ["promtool", "test", "rules", tmp_path / "tests.yml"], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
