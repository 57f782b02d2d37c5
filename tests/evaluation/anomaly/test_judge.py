"""Measures agree with slow and obvious versions of themselves."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_anomaly.evaluation.anomaly.evaluate import evaluate
from sre_anomaly.evaluation.anomaly.incidents import match, per_week, time_in_alert, wilson
from sre_anomaly.evaluation.anomaly.points import count, pr_auc, roc_auc
from sre_anomaly.evaluation.bootstrap import interval
from sre_anomaly.evaluation.forecasts import coverage, mae, mase, pinball, rmse
from sre_anomaly.frame import Incident, MetricFrame
from sre_anomaly.kernels.ranking import just_below, threshold_curve
from sre_anomaly.records import Alert
from sre_anomaly.threshold.epsilon_f1 import EpsilonF1
from sre_anomaly.threshold.probability import Probability

ROWS = st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=40)
"""Few distinct scores, so that ties are common."""


def _arrays(rows):
    return np.array([float(s) for s, _ in rows]), np.array([float(y) for _, y in rows])


@given(ROWS)
def test_pr_auc_and_roc_auc_are_scikit_learns(rows):
    """Both areas equal scikit-learn's, ties included."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    scores, labels = _arrays(rows)
    if 0 < labels.sum() < len(labels):
        assert pr_auc(scores, labels) == pytest.approx(average_precision_score(labels, scores), abs=1e-12)
        assert roc_auc(scores, labels) == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)


@given(ROWS)
def test_roc_auc_counts_pairs(rows):
    """The area is the share of (anomalous, normal) pairs in the right order, ties half."""
    scores, labels = _arrays(rows)
    pairs = [(a > b) + 0.5 * (a == b) for a in scores[labels == 1] for b in scores[labels == 0]]
    if pairs:
        assert roc_auc(scores, labels) == pytest.approx(np.mean(pairs), abs=1e-12)


@given(ROWS)
def test_every_cut_is_counted(rows):
    """Each cut's hits, flags and F1 are those of flagging by hand, and the level just below gives that flag."""
    scores, labels = _arrays(rows)
    cuts = threshold_curve(scores, labels)
    assert sorted(set(scores), reverse=True) == list(cuts.scores)
    for score, hits, flags, f1 in zip(cuts.scores, cuts.hits, cuts.flags, cuts.f1, strict=True):
        flagged = scores > just_below(score)
        assert flags == flagged.sum()
        assert hits == labels[flagged].sum()
        if labels.any():
            assert f1 == pytest.approx(count(flagged, labels).f1)


@given(ROWS)
def test_exact_search_has_no_better_cut(rows):
    """No other level has a higher F1 than the one that is chosen."""
    scores, labels = _arrays(rows)
    threshold = EpsilonF1(search="exact").fit(scores, labels)
    best = max((count(scores >= cut, labels).f1 for cut in scores), default=0.0) if labels.any() else 0.0
    if labels.any():
        assert count(scores > threshold.level(scores), labels).f1 == pytest.approx(best)


def test_a_stated_precision_is_kept_where_it_can_be():
    """The lowest probability with the stated precision is chosen, or else the most precise one."""
    scores = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    labels = np.array([1.0, 1.0, 0.0, 1.0, 0.0])
    kept = Probability(choose="precision", precision=0.75).fit(scores, labels)
    assert (scores > kept.level(scores)).sum() == 4
    strict = Probability(choose="precision", precision=1.0).fit(scores, labels)
    assert (scores > strict.level(scores)).sum() == 2
    beyond = Probability(choose="precision", precision=1.0).fit(scores, 1 - labels)
    assert beyond.describe()["validation_precision"] == pytest.approx(0.4)


def test_rows_without_a_score_rank_last_and_tie():
    """NaN scores gain nothing, wherever they stand."""
    labels = np.array([1.0, 0.0, 1.0, 0.0])
    assert pr_auc(np.array([2.0, 1.0, np.nan, np.nan]), labels) == pytest.approx(
        pr_auc(np.array([2.0, 1.0, 0.0, 0.0]), labels)
    )


def test_edges_of_the_measures():
    """Nothing anomalous gives NaN, nothing flagged gives 0, everything anomalous gives 1."""
    quiet, loud = np.zeros(4), np.ones(4)
    scores = np.arange(4.0)
    assert np.isnan([pr_auc(scores, quiet), roc_auc(scores, quiet), roc_auc(scores, loud)]).all()
    assert pr_auc(scores, loud) == 1
    nothing = count(np.zeros(4, dtype=bool), loud)
    assert (nothing.precision, nothing.recall, nothing.f1) == (0, 0, 0)
    assert np.isnan(count(np.ones(4, dtype=bool), quiet).f1)


def _alert(fired, end, start=None):
    second = 1_000_000_000
    first = fired if start is None else start
    return Alert(1, first * second, fired * second, end * second, fired * second, 1.0, 0.5, 1)


def test_incidents_are_caught_from_the_row_that_fires():
    """An alert counts from when it fired; one that meets no incident is false; delays start with the incident."""
    at = lambda second: pd.Timestamp(second, unit="s", tz="UTC")
    incidents = [
        Incident(at(100), at(200), id=1),
        Incident(at(300), at(400), id=2),
        Incident(at(500), at(600), id=3),
    ]
    alerts = [
        _alert(130, 140),
        _alert(150, 160),
        _alert(290, 310),
        _alert(450, 460),
        _alert(600, 610, start=590),
    ]
    found = match(alerts, incidents)
    assert found.caught_ids == (1, 2)
    assert found.false_alerts == 2
    assert found.delays == (30.0, 0.0)
    assert found.median_delay == 15.0
    assert np.isnan(match([], incidents).median_delay)


def test_rates_and_intervals():
    """A weekly rate is per seven days; Wilson's interval holds the share and narrows with more trials."""
    assert per_week(6, pd.Timedelta(days=3.5)) == 12
    low, high = wilson(5, 10)
    assert low < 0.5 < high
    assert wilson(500, 1000)[1] - wilson(500, 1000)[0] < high - low
    assert wilson(0, 10)[0] == pytest.approx(0, abs=1e-12)
    assert np.isnan(wilson(0, 0)).all()


def test_bootstrap_interval_covers_and_is_deterministic():
    """The interval of a mean holds the mean, repeats with the seed, and refuses too few blocks."""
    values = np.random.default_rng(0).normal(3, 1, 500)
    mean = lambda rows: float(values[rows].mean())
    low, high = interval(500, 20, mean, seed=1)
    assert low < values.mean() < high
    assert interval(500, 20, mean, seed=1) == (low, high)
    assert np.isnan(interval(500, 200, mean, seed=1)).all()


def test_forecast_measures_by_hand():
    """Errors are those of the definition, entries that are missing are left out."""
    actual = np.array([[1.0], [2.0], [np.nan], [4.0]])
    forecast = np.array([[2.0], [2.0], [3.0], [1.0]])
    past = np.array([[0.0], [2.0], [1.0], [np.nan], [5.0]])
    assert mae(actual, forecast) == pytest.approx(4 / 3)
    assert rmse(actual, forecast) == pytest.approx(np.sqrt(10 / 3))
    assert mase(actual, forecast, past) == pytest.approx((4 / 3) / 1.5)
    assert np.isnan(mase(actual, forecast, np.ones((5, 1))))
    assert coverage(actual, forecast - 1, forecast + 1) == pytest.approx(2 / 3)


def test_relative_and_quantile_losses_by_hand():
    """Missing entries are left out, and the season is as long as stated."""
    actual = np.array([[1.0], [0.0], [np.nan], [4.0]])
    forecast = np.array([[3.0], [0.0], [3.0], [1.0]])
    assert pinball(actual, forecast, 0.9) == pytest.approx((2 * 0.1 + 0 + 3 * 0.9) / 3)
    assert pinball(actual, forecast, 0.5) == pytest.approx(mae(actual, forecast) / 2)
    past = np.array([[0.0], [2.0], [1.0], [4.0]])
    assert mase(actual, forecast, past, season=2) == pytest.approx((5 / 3) / 1.5)
    assert np.isnan(mase(actual, forecast, past, season=4))
    assert np.isnan(pinball(actual * np.nan, forecast, 0.5))


def test_the_true_quantile_loses_least():
    """Among constant forecasts the pinball loss is lowest at the quantile."""
    values = np.random.default_rng(0).normal(0, 1, 999)
    best = np.quantile(values, 0.8)
    around = [pinball(values, np.full(999, best + shift), 0.8) for shift in (-0.2, 0.0, 0.2)]
    assert around[1] == min(around)


def _frame(labels):
    time = pd.date_range("2024-01-01", periods=len(labels), freq="1h", tz="UTC")
    values = np.random.default_rng(0).normal(0, 1, (len(labels), 2))
    return MetricFrame("judged", time, values, ("a", "b"), labels=labels)


def test_judge_without_labels_invents_nothing():
    """Without labels there are counts and rates and no quality number."""
    frame = _frame(np.full(200, np.nan))
    verdict = evaluate(frame, np.zeros(200), np.zeros(200, dtype=bool), [], seed=0)
    assert set(verdict.measures) == {"flags", "alerts", "alerts_per_week", "time_in_alert"}
    assert not verdict.baselines


def test_judge_puts_baselines_beside():
    """A perfect detector beats every baseline, and few incidents are called few."""
    labels = np.zeros(400)
    labels[50:60] = labels[200:210] = 1
    frame = _frame(labels)
    verdict = evaluate(frame, labels.copy(), labels == 1, [], seed=0)
    assert verdict.measures["f1"] == 1
    assert verdict.measures["incidents"] == 2
    assert all(numbers["f1"] < 0.5 for numbers in verdict.baselines.values())
    assert any("Only 2 labelled incident(s)" in caveat for caveat in verdict.caveats)


def test_time_in_alert_counts_rows_once():
    """Rows from an alert's firing to its end count, each once, and only those that are judged."""
    time = np.arange(100, 200) * 10**9
    alerts = [_alert(90, 110), _alert(150, 160), _alert(155, 170, start=140), _alert(195, 300)]
    assert time_in_alert(alerts, time) == pytest.approx(0.35)
    assert time_in_alert([], time) == 0
    assert np.isnan(time_in_alert(alerts, time[:0]))


def test_an_alert_that_never_stops_is_no_praise():
    """One alert over all rows catches every incident, without a false one: its length and a caveat give it away."""
    labels = np.zeros(400)
    labels[50:60] = labels[200:210] = 1
    frame = _frame(labels)
    flags = np.ones(400, dtype=bool)
    start, end = frame.time.asi8[0], frame.time.asi8[-1] + 1
    whole = Alert(1, start, start, end, start, 1.0, 0.5, 400)
    verdict = evaluate(frame, labels.copy(), flags, [whole], seed=0)
    assert verdict.measures["incident_recall"] == 1
    assert verdict.measures["time_in_alert"] == 1
    assert any("An alert is open 100% of the time" in caveat for caveat in verdict.caveats)
    assert not any("An alert is open" in c for c in evaluate(frame, labels, labels == 1, [], seed=0).caveats)
    unlabelled = evaluate(_frame(np.full(400, np.nan)), labels, flags, [whole], seed=0)
    assert any("hardly ever stops" in caveat for caveat in unlabelled.caveats)
