"""Auto where it is trained on what it evaluates: each row is judged by what came before it."""

import json
from dataclasses import replace

import numpy as np
import pytest

import sre_anomaly
from sre_anomaly.config.build import build_parts
from sre_anomaly.config.compose import composed
from sre_anomaly.frame import Split
from sre_anomaly.known import Windows
from sre_anomaly.live.fleet_monitor import FleetMonitor
from sre_anomaly.model.folder import MANIFEST, _checksum
from sre_anomaly.model.model import KINDS, load_model, model_of, save_model
from sre_anomaly.parallel.progress import Stages
from sre_anomaly.pipeline.detection import detect, prepare
from sre_anomaly.pipeline.record import PREQUENTIAL, how_evaluated
from sre_anomaly.testing.examples import example_frame

FIRST = 600
SETTINGS = ("detector=auto", "detector.learn_from=150h", "+detector.many.members.state.clusters=5")
"""Rows of the example come every 15 minutes: 600 of them are learned from."""


def _detected(frame, *overrides):
    config = composed([*SETTINGS, *overrides])
    parts = build_parts(config)
    split = Split(slice(0, len(frame)), None, slice(0, len(frame)))
    with Stages() as stages:
        prepared = prepare(frame, split, parts.features, stages.stage)
        found = detect(frame, split, prepared, parts, stages.stage, with_bands="flagged")
    names = {kind: config[kind]["name"] for kind in KINDS}
    return parts, found, model_of(frame, split.train, parts, {"names": names}, found.memory)


@pytest.fixture(scope="module")
def frame():
    return example_frame(rows=1000, metrics=5)


@pytest.fixture(scope="module")
def found(frame):
    return _detected(frame)


def _other_future(frame, cut):
    values = frame.values.copy()
    values[cut:] = np.random.default_rng(1).normal(0, 500, values[cut:].shape)
    return replace(frame, values=values)


def _apart(frame, start, stop):
    time = frame.time.asi8
    return replace(frame, windows=Windows(np.array([[time[start], time[stop]]])))


@pytest.mark.parametrize(
    ("cut", "apart"), [(300, False), (FIRST, False), (FIRST + 1, False), (FIRST + 1, True), (800, False)]
)
def test_a_changed_future_changes_nothing(frame, cut, apart):
    """Neither the choice nor scores, levels and flags before it, with windows that are not learned from too."""
    frame = _apart(frame, 400, 430) if apart else frame
    parts, found, _ = _detected(frame)
    other_parts, other, _ = _detected(_other_future(frame, cut))
    assert parts.detector.chosen_ == other_parts.detector.chosen_ == "many"
    np.testing.assert_array_equal(found.scores[:cut], other.scores[:cut])
    np.testing.assert_array_equal(found.levels[:cut], other.levels[:cut])
    assert (found.scores[cut:] != other.scores[cut:]).any()


def test_more_rows_change_nothing(frame, found):
    """A history that ended earlier has the same scores, also where it ended among the first rows."""
    for rows in (500, 900):
        _, shorter, _ = _detected(frame.rows(slice(0, rows)))
        np.testing.assert_array_equal(shorter.scores, found[1].scores[:rows])


def test_each_has_its_turn(frame, found):
    """The first rows have the scores of the baseline, those after them of the ensemble that was trained on the first."""
    parts, auto, _ = found
    _, few, _ = _detected(frame, "detector.many_metrics=9")
    assert parts.detector.chosen_ == "many"
    np.testing.assert_array_equal(auto.scores[:FIRST], few.scores[:FIRST])
    config = composed([*SETTINGS])
    apart = build_parts(config)
    split = Split(slice(0, FIRST), None, slice(FIRST, len(frame)))
    with Stages() as stages:
        prepared = prepare(frame, split, apart.features, stages.stage)
        many = detect(frame, split, prepared, apart, stages.stage)
    np.testing.assert_array_equal(auto.scores[FIRST:], many.scores[FIRST:])


def test_it_says_so(frame, found):
    """The run says that nothing looked ahead, and who evaluated what."""
    parts, auto, _ = found
    rows = slice(0, len(frame))
    assert how_evaluated(Split(rows, None, rows), parts.detector) == PREQUENTIAL
    assert "trained on the first 600, which baseline evaluated" in parts.detector.note
    assert auto.bands is None
    parts, _, _ = _detected(frame.rows(slice(0, FIRST)))
    assert "auto chose baseline" in parts.detector.note
    assert "none after the first 600" in parts.detector.note
    still = replace(frame, values=np.where(np.arange(1000)[:, np.newaxis] < FIRST, 1.0, frame.values))
    still.values[:, 0] = frame.values[:, 0]
    parts, _, _ = _detected(still)
    assert "too few of them moved in the first 600" in parts.detector.note


def test_a_model_on_disk_goes_on(frame, found, tmp_path):
    """Saved and loaded it gives the batch's scores and alerts from the first row, and goes on where the run ended."""
    _, auto, model = found
    save_model(model, tmp_path)
    loaded = load_model(tmp_path)
    np.testing.assert_array_equal(loaded.detector.score(frame.values), model.detector.score(frame.values))
    afresh = sre_anomaly.load_monitor(tmp_path, afresh=True)
    told = [afresh.update(int(frame.time.asi8[row]), frame.values[row]) for row in range(len(frame))]
    np.testing.assert_allclose([one.score for one in told], auto.scores, atol=1e-9)
    np.testing.assert_allclose([one.level for one in told], auto.levels, atol=1e-9)
    fired = {(alert.id, alert.fired, alert.metric) for one in told for alert in one.alerts}
    assert {(alert.id, alert.fired) for alert in auto.alerts} == {one[:2] for one in fired}
    _, _, shorter = _detected(frame.rows(slice(0, 800)))
    save_model(shorter, tmp_path / "shorter")
    monitor = sre_anomaly.load_monitor(tmp_path / "shorter")
    told = [monitor.update(int(frame.time.asi8[row]), frame.values[row]) for row in range(800, 1000)]
    np.testing.assert_allclose([one.score for one in told], auto.scores[800:], atol=1e-9)


def test_a_fleet_takes_turns_as_one_series_does(frame, found):
    """Each of two series in a fleet has the scores of a run over it."""
    _, auto, model = found
    fleet = FleetMonitor(model, series=2)
    times = frame.time.asi8
    scores = np.array(
        [fleet.update_many(int(times[row]), frame.values[[row, row]]).scores for row in range(len(frame))]
    )
    np.testing.assert_allclose(scores, np.column_stack([auto.scores] * 2), atol=1e-9)


def test_a_model_from_before_is_still_read(frame, tmp_path):
    """One that was written before there were turns goes on as it did: what was chosen scores all."""
    parts = build_parts(composed([*SETTINGS]))
    split = Split(slice(0, FIRST), None, slice(FIRST, len(frame)))
    with Stages() as stages:
        prepared = prepare(frame, split, parts.features, stages.stage)
        found = detect(frame, split, prepared, parts, stages.stage)
    names = {kind: composed([*SETTINGS])[kind]["name"] for kind in KINDS}
    save_model(model_of(frame, split.train, parts, {"names": names}, found.memory), tmp_path)
    manifest = json.loads((tmp_path / MANIFEST).read_text())
    del manifest["parts"]["detector"]["learned"]["first_"]
    del manifest["parts"]["detector"]["arguments"]["learn_from"]
    (tmp_path / MANIFEST).write_text(json.dumps(manifest | {"checksum": _checksum(manifest)}))
    detector = load_model(tmp_path).detector
    np.testing.assert_array_equal(detector.score(frame.values), parts.detector.score(frame.values))


def test_another_split_leaves_all_rows_to_the_chosen_one(frame):
    """The part that learns is whatever the split says; a detector that is fitted anew forgets that it was in one."""
    parts = build_parts(composed([*SETTINGS]))
    for split, turns in (
        (Split(slice(0, 1000), None, slice(0, 1000)), FIRST),
        (Split(slice(0, 700), None, slice(700, 1000)), 0),
    ):
        with Stages() as stages:
            prepared = prepare(frame, split, parts.features, stages.stage)
            detect(frame, split, prepared, parts, stages.stage)
        assert parts.detector.first_ == turns
