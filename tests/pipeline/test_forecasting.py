"""Forecasts of several horizons: measures beside the naive ones, intervals within what is possible, plain warnings."""

from contextlib import nullcontext

import numpy as np
import pandas as pd
import pytest

from sre_anomaly.config.build import build
from sre_anomaly.config.compose import composed
from sre_anomaly.errors import UserError
from sre_anomaly.frame import MetricFrame, Split
from sre_anomaly.known import Known
from sre_anomaly.pipeline.forecasting import forecast

DAYS, DAY = 28, 96


def _frame(values, name="requests", **more):
    time = pd.date_range("2024-01-01", periods=len(values), freq="15min", tz="UTC").as_unit("ns")
    return MetricFrame(name="made", time=time, metrics=(name,), values=values[:, np.newaxis], **more)


def _counts(seed=0):
    draw = np.random.default_rng(seed)
    rows = np.arange(DAYS * DAY)
    return draw.poisson(np.maximum(20 * np.sin(2 * np.pi * rows / DAY), 0.3)).astype(float)


def _told(frame, forecaster="combine", horizon=("1h", "1d"), limit=None):
    rows = len(frame.values)
    split = Split(slice(0, 3 * rows // 5), None, slice(3 * rows // 5, rows))
    part = build("forecaster", composed([f"forecaster={forecaster}"])["forecaster"])
    asked = list(horizon) if isinstance(horizon, tuple) else horizon
    settings = {"metrics": None, "horizon": asked, "coverage": 0.9, "limit": limit}
    return forecast(frame, split, part, settings, lambda _: nullcontext())


def test_each_horizon_has_its_measures_and_counts_stay_counts():
    """A day and an hour ahead are judged by themselves, better than naive, nine in ten inside, nothing below 0."""
    found = _told(_frame(_counts()))
    assert [one.ahead.horizon.asked for one in found.each] == ["1h", "1d"]
    for one in found.each:
        assert one.measures["skill_low"] > 0.1
        assert 0.87 <= one.measures["coverage"] <= 0.96
        assert one.ahead.lower.min() >= 0
        assert one.measures["mae"] < min(naive["mae"] for naive in one.baselines.values())
        assert not one.warning
    table = found.table()
    assert set(table["horizon"]) == {"1h", "1d"}
    assert len(table) == 2 * len(found.time)
    assert (table["origin"] <= table["time"]).all()
    assert ((table["q10"] <= table["q50"]) & (table["q50"] <= table["q90"])).all()


def test_a_percentage_stays_one():
    """What its owner says cannot exceed 100 is not forecast to."""
    draw = np.random.default_rng(1)
    busy = np.minimum(100, 97 + draw.normal(0, 4, DAYS * DAY))
    found = _told(_frame(busy, "cpu", known={"cpu": Known(possible=(0.0, 100.0))}), horizon="1d")
    assert found.upper.max() <= 100


def test_worse_than_naive_is_said_plainly():
    """A rule of the last values, a day ahead on a metric that repeats its days, is worse than yesterday; that is told."""
    found = _told(_frame(_counts() * 10), "ridge", horizon=("1", "1d"))
    assert "1 d ahead the forecast is worse than seasonal naive" in found.warnings()[-1]


@pytest.mark.parametrize(
    ("horizon", "said"),
    [
        ("30d", "has 11 d 5 h (1,076 data points) to evaluate forecasts on"),
        ("1m", "is less than one data point"),
    ],
)
def test_a_horizon_that_cannot_be_judged(horizon, said):
    """One clear line says what would be possible."""
    with pytest.raises(UserError, match=f"forecast.horizon={horizon}.*") as error:
        _told(_frame(_counts()), horizon=horizon)
    assert said in str(error.value)


def test_intervals_never_know_what_comes():
    """Another future changes no forecast and no interval made before it."""
    values = _counts()
    other = values.copy()
    other[-3 * DAY :] = 500.0
    first, second = _told(_frame(values), horizon="1d"), _told(_frame(other), horizon="1d")
    same = first.time < first.time[-3 * DAY]
    for name in ("mean", "lower", "upper"):
        np.testing.assert_array_equal(getattr(first, name)[same], getattr(second, name)[same])


def test_how_likely_a_limit_is_passed_and_when():
    """A disk that fills by one a day is full in five days, give or take one; a limit far away is not passed, one below it is already."""
    draw = np.random.default_rng(2)
    disk = 62 + np.arange(DAYS * DAY) / DAY + draw.normal(0, 0.3, DAYS * DAY)
    frame = _frame(disk, "disk")

    def limits(limit):
        return _told(frame, "drift", ("1d", "7d"), limit).coming.limits

    day, week = limits(95)
    assert day["probability"] < 0.05 < 0.95 < week["probability"]
    left = (week["likely"] - frame.time[-1]) / pd.Timedelta("1D")
    assert 3.5 < left < 6
    assert week["earliest"] <= week["likely"] <= week["latest"]
    assert limits(300)[1]["probability"] == 0
    assert all(one["already"] for one in limits(80))
    assert limits("<95")[0]["already"]


def test_what_comes_next_begins_after_the_last_data_point():
    """The table of what comes has a row for each step of the farthest horizon, and nothing that came."""
    frame = _frame(_counts())
    table = _told(frame, horizon=("1h", "1d")).coming.table()
    assert len(table) == DAY
    assert table["time"].iloc[0] == frame.time[-1] + pd.Timedelta("15min")
    assert "actual" not in table
    assert ((table["lower"] <= table["mean"]) & (table["mean"] <= table["upper"])).all()
