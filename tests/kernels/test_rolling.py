"""Rolling statistics: right, also after jumps and in gaps, and never ahead of their time."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre_anomaly.kernels.rolling import (
    difference,
    filled,
    new_window,
    push_mean,
    push_same,
    rolling_mean_std,
)

value = st.one_of(st.just(np.nan), st.integers(-3, 3).map(float), st.floats(-1e6, 1e6))
series = st.lists(value, min_size=1, max_size=60).map(np.array)


def oracle(values, window):
    """Return what the module's docstring promises, each window from scratch."""
    mean, std = np.full(len(values), np.nan), np.full(len(values), np.nan)
    for row in range(window - 1, len(values)):
        present = values[row - window + 1 : row + 1]
        present = present[~np.isnan(present)]
        if 2 * len(present) >= window:
            mean[row] = present.mean()
            if len(present) >= 2:
                std[row] = present.std(ddof=1)
    return mean, std


def close(found, expected, scale=1.0):
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9 * max(1.0, scale))


@pytest.mark.parametrize("window", [2, 12, 288])
def test_equals_pandas_without_gaps(window):
    """On complete data mean and standard deviation are those of pandas' rolling window."""
    values = np.random.default_rng(window).normal(50, 9, 5000)
    mean, std = rolling_mean_std(values, new_window(window))
    rolling = pd.Series(values).rolling(window, min_periods=window)
    close(mean, rolling.mean())
    close(std, rolling.std())


@pytest.mark.parametrize("window", [2, 12, 288])
def test_a_jump_leaves_nothing_behind(window):
    """Rows at 1e9 and back: as soon as they have left the window the answers are right to 1e-9 again."""
    values = np.random.default_rng(window).normal(50, 9, 5000)
    values[[700, 701, 1500, 2003]] += 1e9
    mean, std = rolling_mean_std(values, new_window(window))
    expected_mean, expected_std = oracle(values, window)
    close(mean, expected_mean)
    close(std, expected_std)
    rolling = pd.Series(values).rolling(window, min_periods=window)
    # The same rows against pandas, where a spike in the window leaves nine digits to compare.
    np.testing.assert_allclose(mean, rolling.mean(), rtol=1e-9, atol=1e-6)


def test_equal_values_have_no_spread():
    """A stuck metric has a standard deviation of exactly zero, whatever came before and however it rounds."""
    for stuck in (0.1, 1 / 3, 1e9 + 0.1):
        values = np.concatenate([np.random.default_rng(0).normal(0, 1e3, 40), np.full(60, stuck)])
        mean, std = rolling_mean_std(values, new_window(12))
        assert (std[51:] == 0).all()
        assert (mean[51:] == stuck).all()


def test_small_moves_of_a_large_counter():
    """A spread of one on a level of 1e9 is still seen."""
    values = 1e9 + np.random.default_rng(1).normal(0, 1, 500)
    _, std = rolling_mean_std(values, new_window(12))
    np.testing.assert_allclose(std[11:], oracle(values, 12)[1][11:], rtol=1e-5)


@settings(max_examples=200, deadline=None)
@given(series, st.integers(2, 9))
def test_gaps_follow_the_documented_rule(values, window):
    """A window answers once it is full and half of it is there, from what is there."""
    mean, std = rolling_mean_std(values, new_window(window))
    expected_mean, expected_std = oracle(values, window)
    scale = np.nanmax(np.abs(values), initial=0.0)
    close(mean, expected_mean, scale)
    # Near zero the root of a rounding error is larger than the error: variances are compared as well.
    np.testing.assert_array_equal(np.isnan(std), np.isnan(expected_std))
    np.testing.assert_allclose(std, expected_std, rtol=1e-9, atol=1e-8 * max(1.0, scale))


@settings(max_examples=100, deadline=None)
@given(series, st.integers(2, 9), st.integers(0, 60))
def test_a_carried_state_gives_the_same_bits(values, window, cut):
    """Two halves with the state carried over, or a prefix alone, equal one pass to the last bit."""
    whole = rolling_mean_std(values, new_window(window))
    state = new_window(window)
    first, second = rolling_mean_std(values[:cut], state), rolling_mean_std(values[cut:], state)
    for one, before, after in zip(whole, first, second, strict=True):
        assert one.tobytes() == np.concatenate([before, after]).tobytes()


@settings(max_examples=100, deadline=None)
@given(series, st.integers(1, 5))
def test_the_others_against_slow_oracles(values, lag):
    """Difference, rows since change, exponential mean and filling say what their docstrings say."""
    past = pd.Series(values)
    np.testing.assert_array_equal(difference(values, lag), past.diff(lag))
    np.testing.assert_array_equal(filled(values), past.ffill())
    seen = past.dropna()
    weighted = seen.ewm(halflife=lag).mean().reindex(past.index).ffill()
    scale = np.nanmax(np.abs(values), initial=0.0)
    mean, same, means, runs = np.zeros(2), np.array([np.nan, 0.0]), [], []
    for value in values:
        push_mean(mean, value, 0.5 ** (1.0 / lag))
        push_same(same, value)
        means.append(mean[1] if mean[0] > 0 else np.nan)
        runs.append(same[1])
    close(np.array(means), weighted, scale)
    run, last, expected = 0, np.nan, []
    for now in values:
        run, last = (run + 1, last) if np.isnan(now) or now == last else (0, now)
        expected.append(run)
    np.testing.assert_array_equal(runs, expected)


@pytest.mark.parametrize(
    "statistic",
    [
        lambda values: difference(values, 2),
        filled,
        lambda values: np.concatenate(rolling_mean_std(values, new_window(5))).reshape(2, -1).T,
    ],
)
def test_no_statistic_looks_ahead(statistic):
    """Another future changes no bit of the past."""
    values = np.random.default_rng(6).normal(0, 1, 80)
    values[20:25] = np.nan
    changed = values.copy()
    changed[50:] = 1e6
    assert statistic(values)[:50].tobytes() == statistic(changed)[:50].tobytes()
    assert statistic(values)[:50].tobytes() == statistic(values[:50]).tobytes()
