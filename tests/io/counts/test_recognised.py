"""Counters in tables: recognised, watched as the rates that PromQL gives, and overridden by their owner."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre_anomaly.data.csv import CsvFile
from sre_anomaly.errors import DataError
from sre_anomaly.io.counts.recognised import is_counter, rates

SECOND = 10**9
ROWS = 120
CLOCK = pd.date_range("2024-03-04", periods=ROWS, freq="1min")


def _slow_rate(samples):
    """PromQL's rate over the window from each sample to the next: reset by reset, in Python's whole numbers."""
    out = [np.nan]
    for (sooner, before), (later, after) in pairwise(samples):
        increase = after - before if after >= before else after
        out.append(float(increase) / ((later - sooner) / SECOND))
    return out


@st.composite
def counted(draw):
    """Draw a counter with resets, from zero or from beyond what a float can count."""
    total = draw(st.sampled_from([0, 7, 2**53 + 1, 2**62]))
    values = []
    for _ in range(draw(st.integers(2, 30))):
        reset = draw(st.integers(0, 9)) == 0
        total = draw(st.integers(0, 3)) if reset else total + draw(st.integers(0, 900))
        values.append(total)
    return values


@given(counted(), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_rates_are_those_of_promql(values, chance):
    """Whatever the order of the rows is, and however large the numbers are."""
    time = [60 * SECOND * number for number in range(len(values))]
    expected = dict(zip(time, _slow_rate(list(zip(time, values, strict=True))), strict=True))
    order = list(range(len(values)))
    chance.shuffle(order)
    found = rates(np.array([time[at] for at in order]), np.array([values[at] for at in order]))
    np.testing.assert_array_equal(found, [expected[time[at]] for at in order])


def _frame(tmp_path, columns, **options):
    pd.DataFrame({"time": CLOCK} | columns).to_csv(tmp_path / "x.csv", index=False)
    return next(CsvFile(path=str(tmp_path / "x.csv"), **options).frames())


def _grown(reset=60, start=0):
    total = start + np.cumsum(np.random.default_rng(1).integers(500, 700, ROWS))
    return np.where(np.arange(ROWS) < reset, total, total - total[reset - 1])


def test_a_counter_is_watched_as_its_rate(tmp_path):
    """It is said so; a reset is no jump, and the first row and one after a gap have no rate."""
    columns = _grown()
    table = {"requests": columns, "cpu": np.tile([20.5, 30.5], ROWS // 2)}
    frame = _frame(tmp_path, table)
    assert frame.counters == ("requests",)
    assert frame.units == {"requests": "/s"}
    assert "counters, of which the rate a second is watched: requests" in frame.notes[0]
    rate = frame.values[:, 0]
    assert np.isnan(rate[0])
    assert (rate[1:] > 8).all()
    assert (rate[1:] < 12).all()
    np.testing.assert_allclose(rate[1:60], np.diff(columns)[:59] / 60)


def test_the_owner_says_what_it_is(tmp_path):
    """A kind that is stated counts; of what is no metric it is refused."""
    assert _frame(tmp_path, {"requests": _grown()}, kind={"requests": "gauge"}).values[0, 0] == _grown()[0]
    frame = _frame(tmp_path, {"served": _grown(reset=ROWS)}, kind={"served": "counter"})
    assert frame.counters == ("served",)
    with pytest.raises(DataError, match=r"data.kind: .* has no metric 'reqests'; did you mean 'requests'"):
        _frame(tmp_path, {"requests": _grown()}, kind={"reqests": "counter"})


def test_large_counters_keep_their_differences(tmp_path):
    """Beyond 2^53 a float would count in steps of two and more."""
    frame = _frame(tmp_path, {"bytes_total": 2**60 + np.arange(ROWS) * 3})
    np.testing.assert_array_equal(frame.values[1:, 0], 3 / 60)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("cpu", np.arange(ROWS)),
        ("memory", np.tile(np.arange(50, 80), 4)),
        ("load", np.random.default_rng(0).normal(5, 1, ROWS)),
        ("memory_total", np.full(ROWS, 7)),
    ],
)
def test_what_is_no_counter(name, values):
    """What only grows, falls half-way or hardly moves is watched as it is."""
    assert not is_counter(name, values)
