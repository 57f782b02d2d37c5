"""The online detector: causal, blind to unit and scale, in constant memory, and it goes on where it stopped."""

import numpy as np
import pytest

import sre_anomaly
from sre_anomaly.config.build import build, build_parts
from sre_anomaly.config.compose import composed
from sre_anomaly.detector.cknn import Cknn
from sre_anomaly.errors import ConfigError
from sre_anomaly.frame import Split
from sre_anomaly.live.fleet_monitor import FleetMonitor
from sre_anomaly.live.monitor import Monitor
from sre_anomaly.model.model import KINDS, model_of, save_model
from sre_anomaly.parallel.progress import Stages
from sre_anomaly.pipeline.detection import detect, prepare
from sre_anomaly.testing.examples import example_frame

MINUTE = 60_000_000_000


def _series(rows=3000, seed=0, step=5 * MINUTE):
    draw = np.random.default_rng(seed)
    times = 1_700_000_000_000_000_000 + step * np.arange(rows)
    wave = np.sin(2 * np.pi * (times / 1e9 % 86_400) / 86_400)
    return times, np.round(10 * wave + draw.normal(0, 1, rows), 3)


def _scores(times, *metrics, **arguments):
    detector = Cknn(**arguments)
    rows = np.column_stack(metrics)
    return detector.advance(detector.new_state(rows.shape[1])[np.newaxis], times, rows)


@pytest.mark.parametrize("face", ["evidence", "novelty", "ranking"])
@pytest.mark.parametrize("metrics", [1, 2, 5])
def test_never_looks_ahead(face, metrics):
    """Any other future leaves the past as it was, to the last bit."""
    columns = [_series(seed=seed)[1] for seed in range(metrics)]
    times = _series()[0]
    before = _scores(times, *columns, face=face)
    for cut in (1, 30, 1000, 2500):
        other = [np.where(np.arange(3000) < cut, column, 1e6) for column in columns]
        assert _scores(times, *other, face=face)[:cut].tobytes() == before[:cut].tobytes()


@pytest.mark.parametrize("face", ["evidence", "novelty"])
def test_scale_and_shift_change_nothing(face):
    """Other units give the same scores: to the last bit for powers of two, else to rounding."""
    times, values = _series()
    expected = _scores(times, values, face=face)
    assert _scores(times, 1024 * values, face=face).tobytes() == expected.tobytes()
    for factor, shift in ((0.001, 0.0), (-3.0, 0.0), (1.0, 1e4), (1e-6, 7.0), (12.7, -1e5)):
        found = _scores(times, factor * values + shift, face=face)
        # Rounding may swap two ranks that are nearly equal.
        assert np.abs(found - expected).max() < (0.02 if face == "evidence" else 1e-4)


def test_a_metric_of_another_unit_among_several():
    """Metrics need not be brought to one scale."""
    times, values = _series()
    other = _series(seed=1)[1]
    np.testing.assert_array_equal(_scores(times, values, other), _scores(times, values / 4096, other * 512))


def test_finds_what_is_only_strange_at_its_time():
    """The value of noon at midnight is no outlier of any histogram, and it is found."""
    times, values = _series(rows=288 * 14)
    second = times / 1e9 % 86_400
    # The wave is lowest at 18:00 and highest at 6:00.
    at = int(np.argmax((np.arange(len(times)) > 288 * 10) & (second // 300 == 216)))
    there = slice(at, at + 24)
    values[there] += 20.0
    assert values[there].max() < np.delete(values, np.arange(at, at + 24)).max() + 1
    timeless = _scores(times, values, hour=0.0, seasonal=0.0)
    assert _scores(times, values)[there].mean() > timeless[there].mean() + 0.7


def test_a_second_anomaly_is_not_hidden_by_the_first():
    """What was strange is not taken as ordinary at once, but after a share of the life so far it is."""
    times, values = _series(rows=4000)
    for at in (2016, 2304, 3744):
        values[at : at + 5] += 40
    first, second, third = slice(2016, 2021), slice(2304, 2309), slice(3744, 3749)
    guarded = _scores(times, values, face="novelty")
    credulous = _scores(times, values, face="novelty", quarantine=0.0)
    assert guarded[first].max() == credulous[first].max()
    assert guarded[second].max() > 2 * credulous[second].max()
    assert guarded[third].max() < 0.5 * guarded[second].max()


@pytest.mark.parametrize("step", [1_000_000_000, 10_000_000_000, 60 * MINUTE, 1440 * MINUTE])
def test_any_step_of_the_clock(step):
    """Seconds, hours and days: finite scores and a jump that stands out."""
    times, values = _series(rows=1200, step=step)
    values[1000] += 60
    scores = _scores(times, values)
    assert np.isfinite(scores).all()
    assert scores[1000] > 0.9 * np.log(1001) * 0.85


def test_rows_without_time():
    """Without a clock the time of the day plays no part."""
    _, values = _series(rows=1000)
    assert np.isfinite(Cknn().score(values[:, np.newaxis])).all()


@pytest.mark.parametrize(
    "values", [np.zeros(400), np.full(400, 0.1), np.repeat([1.0, 2.0], 200), np.arange(400.0)]
)
def test_dull_series(values):
    """A constant is never strange, a step is at once, a slope is finite."""
    times = _series(rows=400)[0]
    scores = _scores(times, values)
    assert np.isfinite(scores).all()
    if len(set(values)) == 1:
        assert scores[100:].max() < 0.5
    if len(set(values)) == 2:
        assert scores[200] > 4


def test_memory_is_constant_and_what_it_costs():
    """Far more rows than are kept: the state keeps its size, and what counts stays as it was."""
    times, values = _series(rows=60_000, step=MINUTE)
    values[45_000:45_010] += 25
    small, large = (
        Cknn(most_neighbours=4800, most_ranks=1024),
        Cknn(most_neighbours=96_000, most_ranks=65_536),
    )
    scores = {}
    for name, detector in (("small", small), ("large", large)):
        state = detector.new_state(1)[np.newaxis]
        size = state.nbytes
        scores[name] = detector.advance(state, times, values[:, np.newaxis])
        assert state.nbytes == size
    assert small.new_state(1).nbytes < 800_000
    for each in scores.values():
        assert each[45_000:45_010].max() > 9
    assert np.abs(scores["small"] - scores["large"])[10_000:].mean() < 0.6


def _fitted(frame, *overrides):
    config = composed(["features=raw", "forecaster=none", "detector=cknn", *overrides])
    parts = build_parts(config)
    split = Split(slice(0, 200), None, slice(200, len(frame)))
    with Stages() as stages:
        prepared = prepare(frame, split, parts.features, stages.stage)
        detected = detect(frame, split, prepared, parts, stages.stage)
    names = {kind: config[kind]["name"] for kind in KINDS}
    return detected, model_of(frame, split.train, parts, {"names": names}, detected.memory)


@pytest.mark.parametrize("overrides", [(), ("threshold=conformal",), ("threshold=pot", "alerts=incident")])
def test_a_saved_model_goes_on_where_the_run_ended(tmp_path, overrides):
    """Half of the rows in a run, the rest one by one to its saved model: as if one run had seen all of them."""
    frame = example_frame(rows=900)
    whole, _ = _fitted(frame, *overrides)
    _, model = _fitted(frame.rows(slice(0, 600)), *overrides)
    save_model(model, tmp_path)
    monitor = sre_anomaly.load_monitor(tmp_path)
    assert monitor.update(int(frame.time.asi8[599]), frame.values[599]).status == "repeated"
    told = []
    for row in range(600, 900):
        if row == 750:
            monitor.save(tmp_path / "state")
            monitor = sre_anomaly.load_monitor(tmp_path)
            monitor.restore(tmp_path / "state")
        told.append(monitor.update(int(frame.time.asi8[row]), frame.values[row]))
    np.testing.assert_allclose([r.score for r in told], whole.scores[600:], atol=1e-9)
    np.testing.assert_allclose([r.level for r in told], whole.levels[600:], atol=1e-9)


def test_a_fleet_learns_each_series_from_its_first_row():
    """Series of one fleet get the scores and alerts that monitors of their own would give."""
    frames = [example_frame(rows=400, seed=seed) for seed in range(3)]
    for frame, gap in zip(frames, (50, 51, 52), strict=True):
        frame.values[gap] = np.nan
    _, model = _fitted(frames[0])
    fleet = FleetMonitor(model, series=3)
    alone = [Monitor(_fitted(frames[0])[1], afresh=True) for _ in frames]
    fired = []
    for row, time in enumerate(frames[0].time.asi8.tolist()):
        result = fleet.update_many(time, np.stack([frame.values[row] for frame in frames]))
        single = [one.update(time, frame.values[row]) for one, frame in zip(alone, frames, strict=True)]
        np.testing.assert_allclose(result.scores, [one.score for one in single], atol=1e-9)
        np.testing.assert_allclose(result.levels, [one.level for one in single], atol=1e-9)
        expected = [(number, alert) for number, one in enumerate(single) for alert in one.alerts]
        assert [(n, a.id, a.start, a.end, a.closed) for n, a in result.alerts] == [
            (n, a.id, a.start, a.end, a.closed) for n, a in expected
        ]
        fired += result.alerts
    assert fired


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"windows": [10, 2], "weights": [1, 1]}, "detector.windows"),
        ({"weights": [1.0]}, "detector.weights"),
        ({"same_time": "2h"}, "detector.same_time"),
        ({"accept": 1.5}, "detector.accept"),
        ({"most_neighbour": 5}, "most_neighbours"),
    ],
)
def test_wrong_arguments_are_told(arguments, told):
    """Each in one line, with its key."""
    with pytest.raises(ConfigError, match=told) as raised:
        build("detector", {"name": "cknn", **arguments})
    assert len(str(raised.value).splitlines()) == 1


def test_brings_its_threshold_and_policy_and_anyone_can_choose_others():
    """The detector's YAML chooses horizon and fatigue; the command line wins."""
    config = composed(["detector=cknn"])
    assert (config["threshold"]["name"], config["alerts"]["name"]) == ("horizon", "fatigue")
    config = composed(["detector=cknn", "threshold=pot", "alerts=every_flag"])
    assert (config["threshold"]["name"], config["alerts"]["name"]) == ("pot", "every_flag")
    with pytest.raises(ConfigError, match="needs scores that are logarithms of ranks"):
        build_parts(composed(["detector=iforest", "threshold=horizon"]))
