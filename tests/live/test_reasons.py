"""A live monitor says of an alert what a run over the same rows says, also after a restart and in a fleet."""

import re

import numpy as np
import pandas as pd
import pytest

import sre_anomaly
from sre_anomaly.config.build import build_parts
from sre_anomaly.config.compose import composed
from sre_anomaly.frame import MetricFrame, Split
from sre_anomaly.live.fleet_monitor import FleetMonitor
from sre_anomaly.model.model import KINDS, load_model, model_of, save_model
from sre_anomaly.parallel.progress import Stages
from sre_anomaly.pipeline.alert_reasons import alert_reasons
from sre_anomaly.pipeline.detection import detect, prepare
from sre_anomaly.pipeline.reasons import Explainer

LEARNED, ROWS = 3000, 4200
METRICS = ("requests", "latency", "errors")
DEFAULT = ("features=raw", "detector=baseline", "threshold=pages", "alerts=page", "forecaster=none")


def _frame(change):
    """Return three metrics with something wrong from row 3500 on."""
    noise = np.random.default_rng(11)
    values = np.column_stack(
        [400 + noise.normal(0, 8, ROWS), 50 + noise.normal(0, 1, ROWS), noise.poisson(20, ROWS)]
    )
    change(values)
    time = pd.date_range("2024-05-06", periods=ROWS, freq="1min", tz="UTC")
    return MetricFrame("three", time, values, METRICS)


def _plain_value(values):
    values[3500:3530, 0] *= 1.5


def _silence(values):
    values[3500:3680, 1] = np.nan


def _longer_silence(values):
    values[1000:1010, 1] = np.nan
    values[3500:3680, 1] = np.nan


def _silence_of_all(values):
    values[3500:3680] = np.nan


def _course(values):
    values[3500:3530, 1] = np.resize([52.5, 47.5], 30)


def _together(values):
    values[3500:3512] += np.array([17.0, 2.1, 9.0])


SAID = {
    _plain_value: r"^requests = \S+, expected \S+ \(\S+ to \S+\): \d+% above$",
    _silence: r"^latency: no value for 3 h \(no gap before\)$",
    _longer_silence: r"^latency: no value for 3 h \(longest gap before: 10 min\)$",
    _silence_of_all: r"no value for 3 h \(no gap before\), nor of any other metric$",
    _course: r"^latency = .* not the value but its course is unusual \(change of .* usually at most",
    _together: r"several metrics together are not usual \(",
}


def _run(frame, overrides, evaluated):
    config = composed(list(overrides))
    parts = build_parts(config)
    split = Split(slice(0, LEARNED), None, evaluated)
    with Stages() as stages:
        prepared = prepare(frame, split, parts.features, stages.stage)
        found = detect(frame, split, prepared, parts, stages.stage, with_bands="flagged")
    explainer = Explainer(frame, found.X, found.columns, parts.detector, found.shares, found.bands)
    told = [
        (alert.id, reason.metric, str(reason))
        for alert, reason in zip(found.alerts, alert_reasons(frame, found, explainer), strict=True)
    ]
    about = {"names": {kind: config[kind]["name"] for kind in KINDS}}
    return told, model_of(frame, split.train, parts, about, found.memory)


def _at_the_end(alerts):
    """Return what was said last of each alert."""
    return sorted({alert.id: (alert.id, alert.metric, alert.reason) for alert in alerts}.values())


@pytest.mark.parametrize("change", SAID, ids=lambda change: change.__name__.strip("_"))
@pytest.mark.parametrize("policy", [(), ("alerts.hold=3m", "alerts.bridge=10m")], ids=["at once", "held"])
def test_a_monitor_says_what_a_run_says(change, policy, tmp_path):
    """Going on from a run over the first rows, and stopped and started again within the alert, it has the run's words."""
    frame = _frame(change)
    told, _ = _run(frame, (*DEFAULT, *policy), slice(LEARNED, ROWS))
    _, model = _run(frame.rows(slice(0, LEARNED)), (*DEFAULT, *policy), slice(LEARNED - 1, LEARNED))
    save_model(model, tmp_path / "model")
    monitor, said = sre_anomaly.load_monitor(tmp_path / "model"), []
    for row in range(LEARNED, ROWS):
        if row in {3300, 3501, 3502, 3520, 3600, 3700}:
            monitor.save(tmp_path / "state")
            monitor = sre_anomaly.load_monitor(tmp_path / "model")
            monitor.restore(tmp_path / "state")
        said += monitor.update(int(frame.time.asi8[row]), frame.values[row].tolist()).alerts
    assert _at_the_end([*said, *monitor.finish()]) == told
    assert len(told) == 1 or policy
    assert all(re.search(SAID[change], reason) for _, _, reason in told)


@pytest.mark.parametrize("change", SAID, ids=lambda change: change.__name__.strip("_"))
def test_a_fleet_says_what_a_run_says(change, tmp_path):
    """From the first row on, for a series among others."""
    frame = _frame(change)
    told, model = _run(frame, DEFAULT, slice(0, ROWS))
    save_model(model, tmp_path / "model")
    fleet, said = FleetMonitor(load_model(tmp_path / "model"), series=2), []
    for row in range(ROWS):
        pair = np.stack([frame.values[0], frame.values[row]])
        said += [a for at, a in fleet.update_many(int(frame.time.asi8[row]), pair).alerts if at == 1]
    assert _at_the_end(said) == told
    assert re.search(SAID[change], told[-1][2])
