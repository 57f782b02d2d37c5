"""Forecasters that know days and weeks: better than repeating, not turned by an outlier, and plain where nothing can be known."""

from datetime import timedelta

import numpy as np
import pytest

from sre_anomaly.config.build import build
from sre_anomaly.config.compose import composed

DAY = 96
STEP = timedelta(minutes=15)
KNOWING = ["seasonal", "combine", "direct", "auto"]


def _daily(days=21, noise=2.0, seed=0):
    draw = np.random.default_rng(seed)
    rows = np.arange(days * DAY)
    usual = 50 + 20 * np.sin(2 * np.pi * rows / DAY) + 5 * np.sin(6 * np.pi * rows / DAY)
    return (usual + draw.normal(0, noise, len(rows)))[:, np.newaxis]


def _fitted(name, values, farthest=DAY, **changes):
    forecaster = build("forecaster", {**composed([f"forecaster={name}"])["forecaster"], **changes})
    forecaster.start(STEP)
    forecaster.farthest = farthest
    return forecaster.fit(values)


@pytest.mark.parametrize("name", KNOWING)
def test_a_day_ahead_is_better_than_the_same_time_yesterday(name):
    """Noise of a single day is not repeated, so the error is well below that of yesterday's values."""
    values = _daily()
    past, came = values[: 20 * DAY], values[20 * DAY :]
    told = _fitted(name, past).predict(past, DAY)
    yesterday = np.abs(came - past[-DAY:]).mean()
    assert np.abs(came - told).mean() < 0.85 * yesterday


@pytest.mark.parametrize("name", KNOWING)
def test_one_outlier_does_not_turn_the_forecast(name):
    """A value 10,000 times too large among the training rows moves no forecast of a day far."""
    values = _daily()
    spoilt = values.copy()
    spoilt[17 * DAY + 40] = 500_000.0
    good = _fitted(name, values).predict(values, DAY)
    told = _fitted(name, spoilt).predict(spoilt, DAY)
    assert np.abs(told - good).max() < 10


@pytest.mark.parametrize("name", KNOWING)
@pytest.mark.parametrize("rows", [30, 100, 250])
def test_less_than_a_few_days_are_forecast_all_the_same(name, rows):
    """A history of hours, one day or two has an answer at every step, within what was seen."""
    values = _daily()[:rows]
    forecaster = _fitted(name, values)
    told = forecaster.predict(values, DAY)
    assert np.isfinite(told).all()
    assert told.min() > values.min() - 20
    assert told.max() < values.max() + 20


@pytest.mark.parametrize("name", KNOWING)
def test_a_day_without_data_and_a_late_start(name):
    """Gaps and a metric that began later leave no hole in the forecast."""
    values = _daily()
    values[: 3 * DAY] = np.nan
    values[12 * DAY : 13 * DAY] = np.nan
    values[-10:] = np.nan
    told = _fitted(name, values).predict(values, DAY)
    assert np.abs(told - _daily(22, noise=0.0)[21 * DAY :]).mean() < 3


def test_combine_weighs_what_was_right():
    """A metric that only repeats its days is forecast by the days, one that never moves by its value."""
    square = np.tile(np.repeat([10.0, 90.0], DAY // 2), 14)[:, np.newaxis]
    told = _fitted("combine", square).predict(square, DAY)
    np.testing.assert_allclose(told[:, 0], square[:DAY, 0], atol=1e-6)
    still = np.full((14 * DAY, 1), 7.0)
    np.testing.assert_allclose(_fitted("combine", still).predict(still, DAY), 7.0)


def test_combine_weights_are_shares():
    """Each metric and distance has weights of its own, none below 0, 1 together."""
    values = np.column_stack([_daily()[:, 0], np.random.default_rng(1).normal(size=21 * DAY).cumsum()])
    weights = _fitted("combine", values).weights_
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(axis=2), 1)
    assert np.abs(weights[0] - weights[1]).max() > 0.2


def test_auto_is_the_naive_forecast_where_nothing_is_better_and_says_so():
    """What cannot be known, the steps of a random walk, is forecast by its last value."""
    walk = np.random.default_rng(3).normal(size=21 * DAY).cumsum()[:, np.newaxis]
    bad = {"bad": {"name": "seasonal", "week": 1.0}}
    auto = _fitted("auto", walk, farthest=4, candidates=bad)
    told = auto.predict(walk, 4)
    np.testing.assert_allclose(told, walk[-1, 0])
    assert "last value" in auto.note
    assert not _fitted("auto", _daily()).note


def test_auto_says_from_where_on_nothing_could_be_tried():
    """A week ahead cannot be tried on two weeks."""
    values = _daily(14)
    far = _fitted("auto", values, farthest=7 * DAY)
    assert far.untried == 7 * DAY
    assert "too short to try forecasts 672 data points ahead: there it is combine, untried" in far.note
    assert _fitted("auto", values, farthest=DAY).untried is None


def test_auto_keeps_what_it_learned():
    """What a model folder keeps is enough to answer the same."""
    values = _daily()
    auto = _fitted("auto", values)
    other = build("forecaster", composed(["forecaster=auto"])["forecaster"])
    other.start(STEP)
    told = other.restore(auto.learned()).predict(values, DAY)
    np.testing.assert_array_equal(told, auto.predict(values, DAY))


def test_drift_goes_on_as_it_went():
    """A disk that fills evenly is forecast to go on filling."""
    disk = np.linspace(10, 20, 101)[:, np.newaxis]
    np.testing.assert_allclose(_fitted("drift", disk).predict(disk, 10)[-1], 21.0)
