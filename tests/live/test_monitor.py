"""A saved model answers one point at a time exactly as a run over all of them."""

import json
import subprocess
import sys
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sre_anomaly
from sre_anomaly.config.build import build, build_parts
from sre_anomaly.config.catalogue import options
from sre_anomaly.config.compose import composed
from sre_anomaly.errors import UserError
from sre_anomaly.frame import Split
from sre_anomaly.known import Windows
from sre_anomaly.live.fleet_monitor import FleetMonitor
from sre_anomaly.live.monitor import LONGEST_GAP, Monitor
from sre_anomaly.model.model import KINDS, load_model, model_of, save_model
from sre_anomaly.parallel.progress import Stages
from sre_anomaly.pipeline.detection import detect, prepare
from sre_anomaly.testing.examples import example_frame

DETECTORS = {
    "zscore": "sigma",
    "iforest": "contamination",
    "gaussian": "contamination",
    "xgboost": "probability",
    "cknn": "horizon",
}
FAST = ["features.windows=[3,12]"]


def _fitted(overrides, frame):
    """Return the detection over a frame and the model that a run would keep."""
    config = composed(overrides)
    parts = build_parts(config)
    split = Split(
        slice(0, len(frame) // 2), slice(len(frame) // 2, len(frame) * 3 // 4), slice(0, len(frame))
    )
    with Stages() as stages:
        detected = detect(
            frame, split, prepare(frame, split, parts.features, stages.stage), parts, stages.stage
        )
    names = {kind: config[kind]["name"] for kind in KINDS}
    return detected, model_of(frame, split.train, parts, {"names": names})


def _replay(monitor, frame, rows=None):
    span = rows or slice(None)
    return [
        monitor.update(int(time), dict(zip(frame.metrics, row, strict=True)))
        for time, row in zip(frame.time.asi8[span], frame.values[span], strict=True)
    ]


def _plain(alerts):
    """Return alerts without their reasons, which a stream draws from what it learned, a run from its history."""
    return [{k: v for k, v in asdict(alert).items() if k not in {"metric", "reason"}} for alert in alerts]


def _alerts(results, last):
    latest = {alert.id: alert for result in results for alert in result.alerts}
    return _plain((latest | {alert.id: alert for alert in last}).values())


def _overrides(features="raw", detector="zscore", threshold=None, alerts="incident"):
    chosen = [f"features={features}", f"detector={detector}", f"alerts={alerts}", "forecaster=none"]
    return [*chosen, f"threshold={threshold}"] if threshold else chosen


CASES = [
    *[_overrides(features=name) for name in options("features")],
    *[_overrides(features=name, detector="gaussian") for name in ("rolling", "system")],
    *[_overrides(detector=name) for name in DETECTORS],
    *[_overrides(detector=name, features="system") for name in ("iforest", "xgboost")],
    [*_overrides(detector="gaussian", features="lags"), "detector.covariance=full"],
    [*_overrides(features="seasonal"), "features.shape=harmonics"],
    _overrides(threshold="contamination"),
    _overrides(threshold="epsilon_f1"),
    _overrides(detector="gaussian", threshold="epsilon"),
    _overrides(alerts="every_flag"),
    _overrides(detector="cknn", alerts="fatigue"),
    _overrides(detector="baseline", threshold="pages", alerts="page"),
    _overrides(detector="cknn", features="seasonal", threshold="conformal", alerts="fatigue"),
    _overrides(features="rolling", threshold="pot"),
    [*_overrides(threshold="conformal"), "threshold.false_alerts_per_week=40"],
    [*_overrides(features="rolling", detector="iforest"), "features.windows=[3,40]"],
]


@pytest.mark.parametrize("overrides", CASES, ids=" ".join)
def test_stream_equals_batch(overrides, tmp_path):
    """Scores to 1e-9, flags and alerts identical, for a model that was saved and loaded again."""
    frame = example_frame(rows=600)
    detected, model = _fitted(overrides, frame)
    save_model(model, tmp_path / "model")
    monitor = sre_anomaly.load_monitor(tmp_path / "model")
    results = _replay(monitor, frame)
    scores = np.array([result.score for result in results])
    np.testing.assert_allclose(scores, detected.scores, rtol=0, atol=1e-9, equal_nan=True)
    assert [result.flag for result in results] == detected.flags.tolist()
    assert _alerts(results, monitor.finish()) == _plain(detected.alerts)


WINDOWED = [
    _overrides(detector="baseline", threshold="pages", alerts="page"),
    [*_overrides(threshold="conformal", alerts="fatigue"), "threshold.false_alerts_per_week=400"],
    _overrides(features="rolling", detector="gaussian", threshold="contamination"),
]


@pytest.mark.parametrize("overrides", WINDOWED, ids=" ".join)
def test_known_windows_are_the_same_in_a_stream(overrides, tmp_path):
    """In a muted window neither run nor monitor nor fleet flags anything, and all say the same before and after it."""
    plain = example_frame(rows=600)
    rows = np.concatenate([plain.values, plain.values[-100:]])
    whole = replace(
        plain,
        time=pd.date_range(plain.time[0], periods=700, freq=plain.step, tz="UTC"),
        values=rows,
        labels=None,
        incidents=None,
        split=None,
    )
    whole.values[250:262] *= 3.0
    whole.values[640:652] *= 3.0
    edges = whole.time.asi8
    # Of those that are muted one lies behind the rows of the run; another is only not learned from.
    muted = np.array([[edges[250], edges[270]], [edges[640], edges[660]]])
    windows = Windows(apart=np.vstack([[[edges[100], edges[110]]], muted]), muted=muted)
    whole = replace(whole, windows=windows)
    frame = whole.rows(slice(0, 600))
    detected, model = _fitted(overrides, frame)
    assert not detected.flags[250:270].any()
    assert np.isfinite(detected.scores[255:260]).all()
    save_model(model, tmp_path / "model")
    monitor = sre_anomaly.load_monitor(tmp_path / "model", afresh=True)
    results = _replay(monitor, whole)
    scores, levels = [result.score for result in results], [result.level for result in results]
    np.testing.assert_allclose(scores[:600], detected.scores, rtol=0, atol=1e-9, equal_nan=True)
    flags = [result.flag for result in results]
    assert flags[:600] == detected.flags.tolist()
    assert max(scores[640:652]) > levels[639]
    assert not any(flags[640:660])
    fleet = FleetMonitor(load_model(tmp_path / "model"), series=2)
    answers = [
        fleet.update_many(int(time), np.tile(row, (2, 1))) for time, row in zip(edges, rows, strict=True)
    ]
    assert [bool(answer.flags[1]) for answer in answers] == flags
    np.testing.assert_allclose([answer.scores[1] for answer in answers], scores, atol=1e-9, equal_nan=True)


@pytest.mark.parametrize("step", ["1s", "5min"])
def test_a_threshold_hears_the_clock_before_it_remembers(step, tmp_path):
    """What is remembered in rows has the size that the step asks for: in the run, in its model and after a restart."""
    whole = example_frame(rows=600)
    frame = replace(whole, time=pd.date_range("2024-01-01", periods=600, freq=step, tz="UTC"))
    detected, model = _fitted(_overrides(threshold="conformal"), frame)
    assert detected.memory.threshold.size == model.threshold.new_state().size
    model.memory, model.last = detected.memory, int(frame.time.asi8[-1])
    save_model(model, tmp_path / "model")
    monitor = sre_anomaly.load_monitor(tmp_path / "model")
    for ticks in (LONGEST_GAP + 9, LONGEST_GAP + 10):
        # Far ahead, and confirmed: it starts afresh.
        monitor.update(model.last + ticks * model.step, frame.values[0])
    monitor.save(tmp_path / "state")
    sre_anomaly.load_monitor(tmp_path / "model").restore(tmp_path / "state")


@pytest.mark.parametrize(
    "name", ["sklearn.ensemble.IsolationForest", "river.anomaly.HalfSpaceTrees", "pyod.models.ecod.ECOD"]
)
def test_stream_equals_batch_for_detectors_of_other_libraries(name, tmp_path):
    """In the process that fitted it, a foreign detector answers point by point too; no folder can keep it."""
    frame = example_frame(rows=300)
    overrides = {
        "sklearn": ["detector=mine"],
        "river": ["detector=half_space_trees"],
        "pyod": ["detector=ecod"],
    }
    chosen = overrides[name.split(".", 1)[0]]
    if chosen == ["detector=mine"]:
        chosen = [
            "detector=half_space_trees",
            "~detector.n_trees",
            "~detector.height",
            "~detector.window_size",
            "~detector.seed",
        ]
        chosen = [*chosen, f"detector.name={name}"]
    detected, model = _fitted([*chosen, "features=rolling", *FAST, "forecaster=none"], frame)
    scores = [result.score for result in _replay(Monitor(model), frame)]
    np.testing.assert_allclose(scores, detected.scores, rtol=0, atol=1e-9, equal_nan=True)
    with pytest.raises(UserError, match="without pickle"):
        save_model(model, tmp_path)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 10_000),
    gaps=st.lists(st.integers(1, 380), max_size=60),
    features=st.sampled_from(options("features")),
)
def test_stream_equals_batch_with_any_gaps(seed, gaps, features):
    """Wherever values are missing, the stream gives the batch's scores; missing ticks need not be sent at all."""
    frame = example_frame(rows=400, seed=seed)
    frame.values[gaps] = np.nan
    detected, model = _fitted(
        [*_overrides(features=features), *([] if features != "rolling" else FAST)], frame
    )
    monitor = Monitor(model)
    sent = [row for row in range(400) if row not in set(gaps)]
    scores = [_replay(monitor, frame, slice(row, row + 1))[0].score for row in sent]
    np.testing.assert_allclose(scores, detected.scores[sent], rtol=0, atol=1e-9, equal_nan=True)


@pytest.fixture(scope="module")
def model():
    """Return a fitted rolling z-score model."""
    return _fitted([*_overrides(features="rolling"), *FAST], example_frame(rows=600))[1]


def _short(rows):
    return example_frame(rows=300).rows(slice(0, rows))


def test_warming_up_is_said(model):
    """Before there is enough history there is a count and no score."""
    frame = _short(30)
    results = _replay(Monitor(model), frame)
    needed = model.features.lookback + 1
    for number, result in enumerate(results[: needed - 1], start=1):
        assert (result.status, result.seen, result.needed) == ("warming up", number, needed)
        assert np.isnan(result.score)
    assert results[needed - 1].status == "ok"


def test_late_and_repeated_points_change_nothing(model):
    """A point of the last tick or before it is named and not used."""
    frame = _short(60)
    plain, disturbed = Monitor(model), Monitor(model)
    expected = _replay(plain, frame)
    seen = []
    for row in range(60):
        result = _replay(disturbed, frame, slice(row, row + 1))[0]
        seen.append(result.score)
        again = disturbed.update(int(frame.time.asi8[row]) + 1, {"m0": 999.0})
        assert again.status == "repeated"
        if row:
            assert disturbed.update(int(frame.time.asi8[row - 1]), {"m0": 999.0}).status == "late"
    np.testing.assert_array_equal(seen, [result.score for result in expected])


def test_missing_and_unknown_metrics(model):
    """A metric that is not sent is a gap, one that the model does not know is ignored."""
    frame = _short(40)
    _replay(monitor := Monitor(model), frame)
    later = int(frame.time.asi8[-1]) + model.step
    assert monitor.update(later, {"m1": 50.0, "unknown": 1.0}).status == "ok"
    assert monitor.update(later + model.step, {}).status in {"ok", "missing"}


def test_a_long_gap_starts_afresh(model):
    """A leap far ahead is believed only when the next point confirms it; then the model warms up again."""
    frame = _short(40)
    _replay(monitor := Monitor(model), frame)
    last = int(frame.time.asi8[-1])
    far = last + (LONGEST_GAP + 10) * model.step
    assert monitor.update(far, {"m0": 50.0}).status == "early"
    assert monitor.update(last + model.step, {"m0": 50.0}).status in {"ok", "missing"}
    assert monitor.update(far, {"m0": 50.0}).status == "early"
    assert monitor.update(far + model.step, {"m0": 50.0}).status == "warming up"


def test_an_alert_that_closes_in_a_gap_is_told(model):
    """After a silence the next result says that the alert before it is over."""
    monitor, start = Monitor(model), 0
    frame = _short(40)
    results = _replay(monitor, frame)
    last = int(frame.time.asi8[-1])
    wild = [
        monitor.update(last + k * model.step, dict.fromkeys(frame.metrics, 1e6 * (-1) ** k))
        for k in range(1, 8)
    ]
    opened = [alert for result in [*results, *wild] for alert in result.alerts]
    assert opened, start
    assert not opened[-1].closed
    after = monitor.update(last + 60 * model.step, dict.fromkeys(frame.metrics, 50.0))
    assert [alert.closed for alert in after.alerts][:1] == [True]


def test_a_wrong_value_or_time_changes_nothing(model):
    """After a refused point the same tick can be sent again."""
    monitor = Monitor(model)
    wrong = [{"m0": "high"}, {"m0": 1.7e308}, {"m0": float("-inf")}, [1.0]]
    for time, values in (*((0, one) for one in wrong), ("9999-01-01T00:00:00Z", {})):
        with pytest.raises(ValueError, match=r"high|further|m0: .* too large|shorter"):
            monitor.update(time, values)
    assert monitor.update(0, {"m0": 1.0}).status == "warming up"
    with pytest.raises(ValueError, match="series 1, metric 0: 1e\\+300 is too large"):
        FleetMonitor(model, series=2).update_many(0, np.array([[1.0] * 3, [1e300, 0.0, 0.0]]))


@pytest.mark.parametrize(
    "time", ["2024-01-01T00:00:00Z", "2024-01-01 00:00:00", pd.Timestamp("2024-01-01", tz="UTC")]
)
def test_times_in_any_form(model, time):
    """Texts, datetimes and nanoseconds name the same point."""
    assert Monitor(model).update(time, {}).time == pd.Timestamp("2024-01-01", tz="UTC").value


@pytest.mark.parametrize("time", ["yesterday", None, 1.5])
def test_times_that_are_none(model, time):
    """What is no time is refused."""
    with pytest.raises((ValueError, TypeError)):
        Monitor(model).update(time, {})


def test_saved_state_goes_on_as_if_nothing_happened(model, tmp_path):
    """Restored in the middle of an alert, the rest equals an uninterrupted stream."""
    frame = example_frame(rows=600)
    whole = Monitor(model)
    expected = _replay(whole, frame)
    for cut in (0, 5, 63, 64, 300):
        first = Monitor(model)
        _replay(first, frame, slice(0, cut))
        first.save(tmp_path / "state")
        second = Monitor(model)
        second.restore(tmp_path / "state")
        rest = _replay(second, frame, slice(cut, 600))
        np.testing.assert_array_equal([r.score for r in rest], [r.score for r in expected[cut:]])
        assert [[asdict(a) for a in r.alerts] for r in rest[-20:]] == [
            [asdict(a) for a in r.alerts] for r in expected[-20:]
        ]


def test_state_of_another_model_is_refused(model, tmp_path):
    """A state file that is cut short or of another model is told in one line."""
    (tmp_path / "state").write_text("{")
    with pytest.raises(UserError, match="cut short"):
        Monitor(model).restore(tmp_path / "state")
    other = Monitor(_fitted(_overrides(), example_frame(rows=600))[1])
    other.save(tmp_path / "state")
    with pytest.raises(UserError, match=r"another version of sre-anomaly; delete it, or name another"):
        Monitor(model).restore(tmp_path / "state")
    state = json.loads((tmp_path / "state").read_text()) | {"model": "other"}
    (tmp_path / "state").write_text(json.dumps(state))
    with pytest.raises(UserError, match="another model"):
        Monitor(model).restore(tmp_path / "state")


def test_a_state_that_was_changed_is_refused(model, tmp_path):
    """What it says of alerts has to be numbers, and it cannot be nested without end: one line, before any row."""
    Monitor(model).save(tmp_path / "state")
    good = json.loads((tmp_path / "state").read_text())
    for changed in ({"recent": [["x", 1.0, 0.5]]}, {"open": {"id": {}}}, {"count": "x"}, {"count": 10**30}):
        (tmp_path / "state").write_text(json.dumps(good | {"alerts": good["alerts"] | changed}))
        with pytest.raises(UserError, match="does not fit together") as told:
            Monitor(model).restore(tmp_path / "state")
        assert "\n" not in str(told.value)
    (tmp_path / "state").write_text("[" * 100_000)
    with pytest.raises(UserError, match="cut short"):
        Monitor(model).restore(tmp_path / "state")


@pytest.mark.parametrize(
    ("harm", "expected"),
    [
        (lambda d: (d / "manifest.json").unlink(), "is no model folder"),
        (lambda d: (d / "manifest.json").write_text("{"), "cut short"),
        (lambda d: _edit(d, format=99), "update sre-anomaly"),
        (lambda d: _edit(d, metrics=["other"]), "was changed"),
        (lambda d: (d / "arrays.npz").unlink(), "is missing"),
        (lambda d: (d / "arrays.npz").write_bytes((d / "arrays.npz").read_bytes()[:-5]), "cut short"),
    ],
)
def test_a_harmed_model_folder_is_refused(model, tmp_path, harm, expected):
    """Missing, cut, changed and newer folders are told in one line."""
    save_model(model, tmp_path)
    harm(tmp_path)
    with pytest.raises(UserError, match=expected) as told:
        load_model(tmp_path)
    assert len(str(told.value).splitlines()) == 1


def _edit(folder, **changes):
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | changes))


def test_a_new_process_loads_nothing_heavy(command, tmp_path):
    """Loading a forest and answering a point needs neither pandas nor numba nor scikit-learn."""
    code, _, err = command("experiment=prometheus_week", "features=rolling", "forecaster=none")
    assert code == 0, err
    script = (
        "import sys, sre_anomaly; m = sre_anomaly.load_monitor('outputs/latest/model');"
        "[m.update(60_000_000_000 * k, {'cpu_usage_percent': 40.0}) for k in range(30)];"
        "heavy = {'pandas', 'numba', 'sklearn', 'xgboost', 'hydra', 'matplotlib', 'rich'} & set(sys.modules);"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("features", options("features"))
def test_a_fleet_gives_what_single_monitors_give(features):
    """Each series of a fleet gets the scores and alerts that a monitor of its own would give."""
    frames = [example_frame(rows=300, seed=seed) for seed in range(4)]
    _, model = _fitted(
        [*_overrides(features=features, detector="gaussian"), *([] if features != "rolling" else FAST)],
        frames[0],
    )
    fleet = FleetMonitor(model, series=4)
    results = [
        fleet.update_many(int(time), np.stack([frame.values[row] for frame in frames]))
        for row, time in enumerate(frames[0].time.asi8)
    ]
    for series, frame in enumerate(frames):
        model.alerts.start(model.step)
        single = _replay(Monitor(model), frame)
        np.testing.assert_allclose(
            [result.scores[series] for result in results],
            [result.score for result in single],
            rtol=0,
            atol=1e-9,
        )
        mine = [(a.id, a.fired) for result in results for number, a in result.alerts if number == series]
        assert mine == [(a.id, a.fired) for result in single for a in result.alerts]


@pytest.mark.parametrize("own", [False, True], ids=["one model", "a model each"])
def test_a_fleet_gives_the_reasons_that_single_monitors_give(own):
    """Metric, expected value and bounds of each alert are those of a monitor that watches the series alone."""
    frames = [example_frame(rows=400, seed=seed) for seed in range(3)]
    for series, frame in enumerate(frames):
        for row in (100 + 7 * series, 263, 391):
            frame.values[row : row + 4, series] += 200.0
    overrides = _overrides(detector="baseline", threshold="pages", alerts="page")
    models = [_fitted(overrides, frame)[1] for frame in (frames if own else frames[:1])]
    fleet = FleetMonitor(models if own else models[0], series=3)
    results = [
        fleet.update_many(int(time), np.stack([frame.values[row] for frame in frames]))
        for row, time in enumerate(frames[0].time.asi8)
    ]
    for series, frame in enumerate(frames):
        single = Monitor(models[series if own else 0], afresh=True)
        theirs = [(a.id, a.metric, a.reason) for found in _replay(single, frame) for a in found.alerts]
        ours = [(a.id, a.metric, a.reason) for found in results for at, a in found.alerts if at == series]
        assert ours == theirs
        assert any("expected" in reason for _, _, reason in theirs)


def test_a_pooled_fleet_learns_its_prior_from_the_past_of_all():
    """Where others page often a quiet series gets a higher level, only after they have done so."""
    frame = example_frame(rows=400)
    model = _fitted(_overrides(detector="baseline", threshold="pages", alerts="page"), frame)[1]
    generator = np.random.default_rng(0)
    values = generator.normal(40.0, 1.0, (900, 12, 3))
    for row in range(240, 860, 40):
        values[row : row + 3, 1:] += 300.0
    alone, pooled = FleetMonitor(model, series=12), FleetMonitor(model, series=12, pool=True)
    levels = np.array(
        [
            [
                fleet.update_many(model.origin + row * model.step, values[row]).levels[0]
                for fleet in (alone, pooled)
            ]
            for row in range(900)
        ]
    )
    np.testing.assert_array_equal(levels[:240, 0], levels[:240, 1])
    assert levels[-1, 1] > 1.05 * levels[-1, 0]


def test_a_fleet_of_own_models():
    """With one model each, every series is answered by its own."""
    frames = [example_frame(rows=300, seed=seed) for seed in range(2)]
    models = [_fitted([*_overrides(features="rolling"), *FAST], frame)[1] for frame in frames]
    fleet = FleetMonitor(models)
    last = [
        fleet.update_many(int(t), np.stack([f.values[row] for f in frames]))
        for row, t in enumerate(frames[0].time.asi8)
    ]
    for series, (frame, own) in enumerate(zip(frames, models, strict=True)):
        single = _replay(Monitor(own), frame)
        assert last[-1].scores[series] == pytest.approx(single[-1].score, abs=1e-12)
    assert fleet.update_many(int(frames[0].time.asi8[0]), np.zeros((2, 3))) is None


@pytest.mark.parametrize("detector", ["zscore", "gaussian", "iforest", "xgboost"])
def test_contributions_point_at_the_column_that_is_strange(detector):
    """The column that was moved far away has the largest share."""
    frame = example_frame(rows=600)
    complete = np.isfinite(frame.values).all(axis=1)
    X, y = frame.values[complete], frame.labels[complete]
    node = composed([f"detector={detector}"])["detector"]
    fitted = build("detector", node, seed=1)
    fitted.fit(X[:400], y[:400], (X[400:], y[400:])) if fitted.needs_labels else fitted.fit(X[:400])
    for column in range(3):
        row = np.median(X, axis=0)[np.newaxis].copy()
        row[0, column] += 45.0
        assert int(np.argmax(fitted.contributions(row)[0])) == column


def test_forest_contributions_add_up_to_the_missing_depth():
    """Path-length shares sum exactly to expected minus actual depth, over all trees."""
    X = np.random.default_rng(0).normal(0, 1, (500, 3))
    forest = build("detector", {"name": "iforest", "n_estimators": 20}).fit(X)
    shares = forest.contributions(X).sum(axis=1)
    depth = -np.log2(forest.score(X)) * forest.forest_.usual
    np.testing.assert_allclose(shares, shares[0] + depth[0] - depth, atol=1e-9)


def test_points_that_jitter_are_neither_lost_nor_doubled(command, tmp_path):
    """Points a little early or late belong to the nearest tick, as in a run over a file of them."""
    clock = pd.date_range("2024-03-04", periods=300, freq="15min", tz="UTC")
    noise = np.random.default_rng(3)
    pd.DataFrame({"time": clock, "orders": noise.normal(50, 2, 300)}).to_csv(
        tmp_path / "past.csv", index=False
    )
    assert command("experiment=csv", "data.path=past.csv", "forecaster=none", "hindsight=false")[0] == 0
    monitor = sre_anomaly.load_monitor(tmp_path / "outputs/latest/model")
    late = noise.integers(-20, 21, 40)
    times = [clock[-1] + pd.Timedelta(minutes=15 * (n + 1), seconds=int(off)) for n, off in enumerate(late)]
    said = [monitor.update(time.value, {"orders": 50.0}).status for time in times]
    assert not {"late", "repeated"} & set(said)
