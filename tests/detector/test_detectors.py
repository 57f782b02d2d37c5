"""Detectors without labels beyond one idea: what each finds, what they say together, and which one suits a series."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import sre_anomaly
from sre_anomaly.config.build import build, build_parts
from sre_anomaly.config.compose import composed
from sre_anomaly.detector._series_facts import Facts, advice, facts_of
from sre_anomaly.errors import ConfigError, DataError
from sre_anomaly.fleet.series import SeriesWork, run_series
from sre_anomaly.frame import MetricFrame, Split
from sre_anomaly.kernels.neighbours import mixed
from sre_anomaly.live.fleet_monitor import FleetMonitor
from sre_anomaly.model.model import KINDS, model_of, save_model
from sre_anomaly.parallel.progress import Stages
from sre_anomaly.pipeline.alert_reasons import alert_reasons
from sre_anomaly.pipeline.detection import detect, prepare
from sre_anomaly.pipeline.reasons import Explainer
from sre_anomaly.testing.examples import example_frame

CKNN = {"name": "cknn"}


def _frame(rows=1200, metrics=5, seed=0):
    """Metrics that follow one load, each with a little noise of its own."""
    draw = np.random.default_rng(seed)
    time = pd.date_range("2024-01-01", periods=rows, freq="5min", tz="UTC")
    load = np.sin(2 * np.pi * np.arange(rows) / 288) + draw.normal(0, 0.1, rows)
    values = load[:, np.newaxis] * np.arange(1, metrics + 1) + draw.normal(0, 0.1, (rows, metrics))
    return MetricFrame("load", time, values, tuple(f"m{number}" for number in range(metrics)))


def _detected(frame, *overrides, train=600):
    config = composed(["features=raw", "forecaster=none", *overrides])
    parts = build_parts(config)
    split = Split(slice(0, train), None, slice(train, len(frame)))
    with Stages() as stages:
        prepared = prepare(frame, split, parts.features, stages.stage)
        found = detect(frame, split, prepared, parts, stages.stage)
    names = {kind: config[kind]["name"] for kind in KINDS}
    return parts, found, model_of(frame, split.train, parts, {"names": names}, found.memory)


def test_kmeans_sees_metrics_that_leave_each_other():
    """Each value by itself is common, and a z-score sees nothing."""
    frame = _frame()
    frame.values[900, 4] = (
        frame.values[600:, 4].mean() - (frame.values[900, 0] - frame.values[600:, 0].mean()) * 4
    )
    kmeans = build("detector", {"name": "kmeans"}).fit(frame.values[:600])
    assert kmeans.score(frame.values)[900] > np.quantile(kmeans.score(frame.values[:600]), 0.995)
    assert np.argmax(kmeans.contributions(frame.values[900:901])) == 4


def test_kmeans_bounds_what_hardly_moved():
    """A metric that never moved in training counts, but only so far."""
    X = np.column_stack([np.random.default_rng(0).normal(size=500), np.zeros(500)])
    kmeans = build("detector", {"name": "kmeans"}).fit(X)
    assert 49 < kmeans.score(np.array([[0.0, 1e9]]))[0] < 51
    assert np.isfinite(kmeans.score(np.array([[np.nan, 0.0]]))[0])
    assert np.isnan(kmeans.score(np.full((1, 2), np.nan))[0])


@pytest.mark.parametrize("rows", [2, 5, 40])
def test_kmeans_with_fewer_rows_than_clusters(rows):
    """It has as many typical rows as there are rows, also where all are alike or none is complete."""
    X = np.ones((rows, 2))
    X[:, 1] = np.nan
    assert np.isfinite(build("detector", {"name": "kmeans"}).fit(X).score(np.ones((1, 2))))


@pytest.mark.parametrize(
    ("change", "at"),
    [(lambda v: np.full_like(v, v[0]), "stuck"), (np.zeros_like, "zero"), (lambda v: v * np.nan, "missing")],
)
def test_flatline_tells_what_a_broken_sensor_does(change, at):
    """Stuck, at zero or silent: it is told within two rows, where the others see little or nothing."""
    frame = _frame(rows=2000, metrics=1)
    del at
    frame.values[1500:1520] = change(frame.values[1500:1520])
    _, found, _ = _detected(frame, "detector=flatline", "threshold=contamination", train=1000)
    assert found.scores[1502:1520].min() >= 1
    assert np.median(found.scores[1600:]) == 0
    assert found.flags[1501:1520].any()


def test_flatline_takes_a_coarse_metric_as_it_is():
    """A counter that often repeats is not stuck when it does, and a constant never is."""
    coarse = np.repeat(np.arange(100.0) % 7, 6)[:, np.newaxis]
    flatline = build("detector", {"name": "flatline"}).fit(coarse)
    assert flatline.score(coarse).max() < 1
    assert flatline.score(np.full((20, 1), 3.0))[-1] > 2
    constant = build("detector", {"name": "flatline"}).fit(np.full((50, 1), 4.0))
    assert constant.score(np.array([[4.0], [4.0], [4.5]])).tolist()[:2] == [0, 0]
    assert constant.score(np.array([[4.0], [4.5]]))[1] > 1


def test_rows_on_which_nothing_was_measured_reach_a_monitor(tmp_path):
    """A live gap is scored as in a run, and opens an alert."""
    frame = example_frame(rows=2000, metrics=1)
    frame.values[1500:1530] = np.nan
    _, found, _ = _detected(frame, "detector=flatline", "threshold=contamination", train=1000)
    _, _, half = _detected(
        frame.rows(slice(0, 1400)), "detector=flatline", "threshold=contamination", train=1000
    )
    save_model(half, tmp_path)
    monitor = sre_anomaly.load_monitor(tmp_path)
    told = [monitor.update(int(frame.time.asi8[row]), frame.values[row]) for row in range(1400, 2000)]
    np.testing.assert_allclose([one.score for one in told], found.scores[1400:], atol=1e-9)
    assert any(one.alerts for one in told[100:130])


RIDGE = {"name": "ridge", "lags": 3, "alpha": 0.0}


def test_residuals_are_errors_of_the_forecast_in_their_usual_size():
    """Against the plain definition: one forecast a row from the rows before it, smoothed by pandas."""
    frame = _frame(rows=300, metrics=4)
    node = {"name": "residual", "forecaster": RIDGE, "half_life": 6, "strongest": 2}
    scores = build("detector", node).fit(frame.values[:150]).score(frame.values)
    forecaster = build("forecaster", RIDGE).fit(frame.values[:150])
    expected = np.array([forecaster.predict(frame.values[:row], 1)[0] for row in range(3, 300)])
    errors = np.abs(frame.values[3:] - expected)
    sizes = np.abs(frame.values - frame.values[:150].mean(axis=0)) / frame.values[:150].std(axis=0)
    sizes[3:] = errors / np.sqrt((errors[:147] ** 2).mean(axis=0))
    smoothed = pd.DataFrame(sizes.clip(max=50)).ewm(halflife=6, adjust=False).mean().to_numpy()
    np.testing.assert_allclose(scores, np.sort(smoothed, axis=1)[:, -2:].mean(axis=1), rtol=1e-9)


def test_residuals_find_a_course_that_no_value_gives_away():
    """A load that stands still for an hour at a value it often has is no outlier; its forecast fails all the same."""
    frame = _frame(metrics=1)
    frame.values[1000:1012, 0] = np.tile([0.3, -0.3], 6)
    find = build("detector", {"name": "residual", "forecaster": RIDGE}).fit(frame.values[:600]).score
    assert find(frame.values)[1005:1012].min() > np.quantile(find(frame.values[:1000]), 0.999)


def test_residuals_leave_out_what_is_missing():
    """A gap in a metric leaves the others to say it; a row of gaps says nothing and harms no later one."""
    frame = _frame(rows=400, metrics=3)
    whole = build("detector", {"name": "residual", "forecaster": RIDGE, "strongest": 1}).fit(
        frame.values[:200]
    )
    before = whole.score(frame.values)
    frame.values[300, 0] = np.nan
    frame.values[310] = np.nan
    after = whole.score(frame.values)
    assert np.isfinite(after[300])
    assert np.isnan(after[310])
    np.testing.assert_array_equal(before[:300], after[:300])
    assert np.isfinite(after[311:]).all()


@pytest.mark.parametrize(
    "forecaster",
    [
        {"name": "seasonal_naive", "season": "2h"},
        {"name": "xgboost", "lags": [1, 2, 4], "n_estimators": 5},
        {"name": "last_value"},
    ],
)
def test_residuals_of_any_forecaster_live(forecaster, tmp_path):
    """A saved model of any forecaster answers live what the run found, durations and all."""
    frame = _frame(rows=700, metrics=2)
    words = ",".join(f"{key}:{value}" for key, value in forecaster.items())
    overrides = ["detector=residual", "~detector.forecaster", f"+detector.forecaster={{{words}}}"]
    _, found, _ = _detected(frame, *overrides, train=500)
    save_model(_detected(frame.rows(slice(0, 600)), *overrides, train=500)[2], tmp_path)
    monitor = sre_anomaly.load_monitor(tmp_path)
    told = [monitor.update(int(frame.time.asi8[row]), frame.values[row]).score for row in range(600, 700)]
    np.testing.assert_allclose(told, found.scores[600:], atol=1e-9)


def test_an_ensemble_is_the_mean_of_log_ranks():
    """Two members, ranked among their own past: all the rows it was fitted on, and one in three since."""
    frame = _frame(rows=300, metrics=2)
    members = {"one": {"name": "zscore"}, "other": {"name": "gaussian"}}
    node = {"name": "ensemble", "members": members, "learn_every": 3}
    both = build("detector", node).fit(frame.values[:100])
    expected = np.zeros(300)
    for member in members.values():
        scores = build("detector", member).fit(frame.values[:100]).score(frame.values)
        for row in range(300):
            past = np.array([scores[i] for i in range(row) if i < 100 or mixed(i) % 3 == 0])
            expected[row] += np.log((len(past) + 1) / ((past >= scores[row]).sum() + 1)) / 2
    np.testing.assert_allclose(both.score(frame.values), expected, atol=1e-12)


def test_a_job_every_ten_rows_is_usual_whenever_it_runs():
    """Which rows are learned from keeps no step with anything: the same job at another minute scores alike."""
    node = {"name": "ensemble", "members": {"one": {"name": "zscore"}}}
    noise = np.random.default_rng(0).normal(size=(15_000, 1))
    at_the_job = []
    for minute in (0, 3):
        values = noise.copy()
        values[minute::10] += 8.0
        scores = build("detector", node).fit(values[:1000]).score(values)
        at_the_job.append(scores[10_000 + minute :: 10].mean())
    assert at_the_job == pytest.approx([np.log(10) + 1] * 2, abs=0.2)


def test_a_long_incident_stays_unusual_and_a_new_usual_is_learned():
    """After hours an incident is still rare to the ensemble; a state that stays for days is not."""
    values = np.random.default_rng(0).normal(size=(6000, 1))
    values[1000:] += 8.0
    node = {"name": "ensemble", "members": {"one": {"name": "zscore"}}}
    scores = {
        every: build("detector", node | {"learn_every": every}).fit(values[:1000]).score(values)
        for every in (1, 10, 100)
    }
    assert [np.median(scores[every][1200:1300]) > 3.0 for every in scores] == [False, True, True]
    assert [np.median(scores[every][4000:]) < 2.5 for every in scores] == [True, True, False]


@pytest.mark.parametrize("detector", ["cknn detector.strongest=1", "ensemble", "auto", "residual"])
def test_the_alert_names_the_metric(detector, tmp_path):
    """What a detector that learns while it runs says of each metric reaches the reason, in a run and live."""
    frame = _frame()
    frame.values[1000:1010, 3] += 6.0
    parts, found, _ = _detected(
        frame, *f"detector={detector}".split(), "threshold=contamination", "alerts=every_flag"
    )
    explainer = Explainer(frame, found.X, found.columns, parts.detector, found.shares)
    spans = [
        (alert, reason)
        for alert, reason in zip(found.alerts, alert_reasons(frame, found, explainer), strict=True)
    ]
    here = [reason for alert, reason in spans if frame.time.asi8[1000] <= alert.start < frame.time.asi8[1010]]
    assert {reason.metric for reason in here} == {"m3"}
    _, _, half = _detected(
        frame.rows(slice(0, 900)),
        *f"detector={detector}".split(),
        "threshold=contamination",
        "alerts=every_flag",
    )
    save_model(half, tmp_path)
    monitor = sre_anomaly.load_monitor(tmp_path)
    told = [monitor.update(int(frame.time.asi8[row]), frame.values[row]) for row in range(900, 1020)]
    np.testing.assert_allclose([one.score for one in told], found.scores[900:1020], atol=1e-9)
    assert {alert.metric for one in told[100:110] for alert in one.alerts} == {"m3"}


def test_a_fleet_names_the_metric_of_each_series():
    """Shares belong to their own series."""
    frame = _frame()
    _, _, model = _detected(frame, "detector=cknn")
    fleet = FleetMonitor(model, series=2)
    named = {}
    for row in range(700):
        pair = np.stack([frame.values[row], frame.values[row]])
        if row >= 690:
            pair[0, 1] += 9.0
            pair[1, 4] += 30.0
        for series, alert in fleet.update_many(int(frame.time.asi8[row]), pair).alerts:
            if row >= 690 and not alert.closed:
                named[series] = alert.metric
    assert named == {0: "m1", 1: "m4"}


def test_a_gap_in_one_metric_leaves_the_others_to_speak():
    """Rows with a gap are scored from the metrics that are there, and the gap teaches nothing."""
    frame = _frame()
    frame.values[700:760, 0] = np.nan
    frame.values[720, 2] += 8.0
    _, found, _ = _detected(frame, "detector=cknn")
    assert np.isfinite(found.scores[700:760]).all()
    assert found.scores[720] > np.quantile(found.scores[600:], 0.8)
    assert np.nanargmax(found.shares[720]) == 2
    assert np.isnan(found.shares[700:760, 0]).all()
    assert np.isfinite(found.shares[700:760, 1:]).all()


def test_auto_chooses_and_says_why():
    """Few metrics are compared with their own past, many learned together, and both are told."""
    for metrics, train, chosen in (
        (1, 600, "baseline"),
        (5, 600, "ensemble"),
        (5, 100, "baseline"),
        (13, 100, "baseline"),
    ):
        parts, _, _ = _detected(_frame(metrics=metrics), "detector=auto", train=train)
        assert parts.detector.note.startswith(
            f"auto chose {chosen}: {train} training data points every 5 min"
        )


def test_auto_equals_what_it_chose():
    """Nothing is lost by letting it choose."""
    frame = _frame()
    _, auto, _ = _detected(frame, "detector=auto")
    _, ensemble, _ = _detected(frame, "detector=ensemble")
    np.testing.assert_array_equal(auto.scores, np.exp2(ensemble.scores - 2.0))
    _, few, _ = _detected(_frame(metrics=1), "detector=auto")
    _, baseline, _ = _detected(_frame(metrics=1), "detector=baseline")
    np.testing.assert_array_equal(few.scores, baseline.scores)
    assert few.alerts == baseline.alerts


def test_auto_abstains():
    """Too few rows: one line that says so, and what can be done."""
    with pytest.raises(DataError, match="auto abstains: 20 training data points are too few") as raised:
        _detected(_frame(rows=60), "detector=auto", train=20)
    assert len(str(raised.value).splitlines()) == 1


def test_auto_says_where_a_static_limit_suits_better():
    """Nothing but zeros and now and then a one: it says so, and still tells of what was never there."""
    frame = _frame(rows=600, metrics=1)
    values = (np.arange(600) % 50 == 0).astype(float)[:, np.newaxis]
    values[550:555] = 9.0
    parts, found, _ = _detected(replace(frame, values=values), "detector=auto", train=300)
    assert parts.detector.note.startswith("auto would rather abstain: 300 training data points")
    assert "a static threshold suits" in parts.detector.note
    assert found.flags[550:555].any()


def test_auto_chooses_for_each_series_of_a_corpus(tmp_path):
    """Two files, two choices, each with its reason in the line of the series."""
    for name, metrics in (("narrow", 1), ("wide", 6)):
        frame = _frame(metrics=metrics)
        table = pd.DataFrame(frame.values, columns=list(frame.metrics))
        table.insert(0, "time", frame.time)
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    path = str(tmp_path / "*.csv")
    config = composed(
        [
            "data=csv_folder",
            f"data.path='{path}'",
            "split=probation",
            "detector=auto",
            "detector.many_rows=100",
        ]
    )
    work = SeriesWork(config, tmp_path / "out")
    lines = [run_series(work, name) for name in build_parts(config).data.names()]
    assert [line.get("error") for line in lines] == [None, None]
    for line, chosen in zip(lines, ("baseline", "ensemble"), strict=True):
        assert f"auto chose {chosen}" in " ".join(line["notes"])


def test_advice_is_drawn_from_what_is_seen():
    """A still metric, gaps and known incidents are told; an ordinary series gets no advice."""
    frame = _frame()
    frame.values[:, 0] = 0.0
    frame.values[::20, 1] = np.nan
    facts = facts_of(frame.values, frame)
    assert (facts.still, facts.zeros, facts.moving) == (("m0",), ("m0",), 4)
    told = " ".join(advice(facts))
    assert "static threshold" in told
    assert "missing" in told
    assert advice(Facts(1000, 3)) == []
    assert "xgboost" in advice(Facts(1000, 3, incidents=30))[0]


@pytest.mark.parametrize(
    ("node", "told"),
    [
        ({"name": "ensemble", "members": {}}, "detector.members: has to name"),
        ({"name": "ensemble"}, "detector.members: has to name"),
        ({"name": "ensemble", "members": {"a": "cknn"}}, "detector.members: has to name"),
        ({"name": "ensemble", "members": {"a": {"name": "xgboost"}}}, "detector.members.a: needs labels"),
        ({"name": "ensemble", "members": {"a": {"name": "cknn", "hours": 2}}}, "detector.members.a.hours"),
        (
            {"name": "auto", "few": CKNN, "many": {"name": "xgboost"}},
            "detector.many: needs labels",
        ),
        ({"name": "kmeans", "clusters": 0}, "detector.clusters"),
    ],
)
def test_wrong_arguments_are_told(node, told):
    """Each in one line, with its key."""
    with pytest.raises(ConfigError, match=told) as raised:
        build("detector", node)
    assert len(str(raised.value).splitlines()) == 1


def test_a_member_of_another_library_cannot_be_kept():
    """It can run, but no model folder holds it."""
    node = {"a": {"name": "cknn"}, "b": {"name": "sklearn.svm.OneClassSVM"}}
    ensemble = build("detector", {"name": "ensemble", "members": node})
    frame = _frame(rows=300)
    parts = build_parts(composed(["features=raw", "detector=ensemble"]))
    parts.detector = ensemble.fit(frame.values)
    model = model_of(frame, slice(0, 200), parts, {"names": dict.fromkeys(KINDS, "x")})
    assert not model.can_be_kept
