"""The ridge forecaster without a lag matrix is the one with a lag matrix."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge as ScikitRidge

from sre_anomaly.forecaster.ridge import Ridge
from sre_anomaly.kernels.rolling import filled


def wave(rows, seed=0):
    draw = np.random.default_rng(seed)
    return 50 + 10 * np.sin(np.arange(rows) / 20) + draw.normal(0, 2, rows)


def lag_matrix(column, lags):
    """Return [x_t-1, ..., x_t-lags] and x_t for every t, (n - lags, lags) and (n - lags,)."""
    rows = len(column) - lags
    return np.column_stack([column[lags - lag :][:rows] for lag in range(1, lags + 1)]), column[lags:]


def by_the_book(column, lags, alpha):
    """Fit scikit-learn's Ridge on the lag matrix without its incomplete rows."""
    X, y = lag_matrix(column, lags)
    complete = np.isfinite(X).all(axis=1) & np.isfinite(y)
    return ScikitRidge(alpha=alpha).fit(X[complete], y[complete])


def agree(ours, metric, theirs):
    np.testing.assert_allclose(ours.coefficients_[metric], theirs.coef_, rtol=0, atol=1e-8)
    np.testing.assert_allclose(ours.intercepts_[metric], theirs.intercept_, rtol=0, atol=1e-6)


@pytest.mark.parametrize("lags", [1, 3, 24])
@pytest.mark.parametrize("alpha", [0.01, 1.0, 100.0])
def test_coefficients_are_scikit_learns(lags, alpha):
    """Each metric's coefficients equal those of scikit-learn on the full lag matrix."""
    values = np.column_stack([wave(3000), wave(3000, seed=1) * 30 + 5000])
    ours = Ridge(lags=lags, alpha=alpha).fit(values)
    for metric in range(2):
        agree(ours, metric, by_the_book(values[:, metric], lags, alpha))


def test_gaps_cut_the_series():
    """Gaps leave out exactly the rows of the lag matrix that they touch; short stretches teach nothing."""
    column = wave(2000)
    for gap in (slice(0, 3), slice(100, 101), slice(110, 150), slice(160, 400), slice(1999, 2000)):
        column[gap] = np.nan
    agree(Ridge(lags=12).fit(column[:, np.newaxis]), 0, by_the_book(column, 12, 1.0))


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_a_constant_series_is_forecast_as_it_is(alpha):
    """A metric that never moves has no unique rule; its forecast is its value."""
    values = np.full((200, 1), 7.25)
    ours = Ridge(lags=5, alpha=alpha).fit(values)
    np.testing.assert_allclose(ours.predict(values, 3), 7.25, rtol=1e-12)


def test_too_little_to_learn_from_gives_the_mean():
    """Where no stretch is longer than the lags, the mean is all there is to say; without values it is zero."""
    values = np.array([[1.0], [3.0], [np.nan], [2.0]])
    np.testing.assert_allclose(Ridge(lags=3).fit(values).predict(values, 2), 2.0)
    empty = np.full((5, 1), np.nan)
    assert Ridge(lags=2).fit(empty).intercepts_.tolist() == [0.0]


def test_every_origin_is_scikit_learns_prediction():
    """One-step forecasts over all rows equal predicting the whole lag matrix."""
    column = wave(2000)
    ours = Ridge(lags=24).fit(column[:, np.newaxis])
    answers = ours.predict_each(column[:, np.newaxis], range(24, 2000), 1)
    X, _ = lag_matrix(column, 24)
    np.testing.assert_allclose(answers.ravel(), by_the_book(column, 24, 1.0).predict(X), rtol=0, atol=1e-8)


def test_several_steps_feed_on_their_own_answers():
    """Step by step: each answer is the newest value of the next; a gap holds the last value before it."""
    values = np.column_stack([wave(400), wave(400, seed=2)])
    values[395:398, 1] = np.nan
    ours = Ridge(lags=6).fit(values)
    origins = [6, 200, 398, 400]
    answers = ours.predict_each(values, origins, 9)
    for metric in range(2):
        held = filled(np.ascontiguousarray(values[:, metric]))
        for number, origin in enumerate(origins):
            history = held[:origin].tolist()
            for _ in range(9):
                newest = np.array(history[-1:-7:-1])
                history.append(ours.intercepts_[metric] + newest @ ours.coefficients_[metric])
            np.testing.assert_allclose(answers[number, :, metric], history[origin:], rtol=1e-12)
    assert ours.predict_each(values, [], 9).shape == (0, 9, 2)


def test_export_predicts_the_same():
    """The exported scikit-learn model carries the same rule."""
    column = wave(500)
    ours = Ridge(lags=4).fit(column[:, np.newaxis])
    newest = column[-1:-5:-1]
    assert ours.native().predict(newest[np.newaxis])[0] == pytest.approx(
        ours.predict(column[:, np.newaxis], 1)[0, 0], rel=1e-12
    )
