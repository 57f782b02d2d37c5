"""Intervals around forecasts hold what they should, and use only what was known."""

from datetime import timedelta

import numpy as np

from sre_anomaly.kernels.forecast.margins import Errors, margins

HOUR = timedelta(hours=1)
SHARES = np.array([0.1, 0.5, 0.9])


def _errors(origins, horizon, size, seed):
    draw = np.random.default_rng(seed)
    # Errors of one side: never far below, often far above.
    return Errors(origins, size * (draw.exponential(size=(len(origins), horizon)) - 1))


def test_nine_in_ten_are_inside_on_a_skewed_error():
    """Both sides are drawn by themselves, so each leaves its half outside, and a quantile is one."""
    before, now = _errors(np.arange(100, 400), 1, 1.0, 0), _errors(np.arange(400, 3000), 1, 1.0, 1)
    bounds, told = margins(before, now, HOUR, 0.9, SHARES)
    below, above = (now.of < bounds[..., 0]).mean(), (now.of > bounds[..., 1]).mean()
    assert abs(below - 0.05) < 0.015
    assert abs(above - 0.05) < 0.015
    assert abs((now.of < told[..., 2]).mean() - 0.9) < 0.02
    assert -bounds[0, 0, 0] < 0.5 * bounds[0, 0, 1]


def test_the_interval_follows_errors_that_grow():
    """Three times as large errors from one day on: the interval widens, and soon holds as many as before."""
    before, now = _errors(np.arange(100, 400), 1, 1.0, 0), _errors(np.arange(400, 3000), 1, 3.0, 1)
    bounds, _ = margins(before, now, HOUR, 0.9, SHARES)
    inside = (now.of >= bounds[..., 0]) & (now.of <= bounds[..., 1])
    assert inside[:50].mean() < 0.82
    assert 0.87 < inside[600:].mean() < 0.94


def test_what_was_not_known_at_an_origin_is_not_used():
    """Errors of later rows may be anything: the interval of an origin stays as it is."""
    before = _errors(np.arange(100, 400, 24), 24, 1.0, 0)
    now = _errors(np.arange(400, 1000, 24), 24, 1.0, 1)
    changed = Errors(now.origins, now.of.copy())
    changed.of[10:] = 1000.0
    first, _ = margins(before, now, HOUR, 0.9, SHARES)
    second, _ = margins(before, changed, HOUR, 0.9, SHARES)
    np.testing.assert_array_equal(first[:11], second[:11])
    assert (first[12:] != second[12:]).any()


def test_without_any_error_there_is_no_interval():
    """Nothing known is said as nothing, not as certainty."""
    nothing = Errors(np.array([10]), np.full((1, 3), np.nan))
    bounds, told = margins(nothing, nothing, HOUR, 0.9, SHARES)
    assert np.isnan(bounds).all()
    assert np.isnan(told).all()
