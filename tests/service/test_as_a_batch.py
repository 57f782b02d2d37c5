"""The service answers as a batch run over the same rows does, entity by entity, also after a restart."""

from contextlib import nullcontext

import numpy as np
import pandas as pd
import pytest

from fleet_server import SECOND, fleet, job_settings, noise
from sre_anomaly.config.build import build_parts
from sre_anomaly.frame import MetricFrame, Split
from sre_anomaly.pipeline.alert_reasons import alert_reasons
from sre_anomaly.pipeline.detection import detect, prepare
from sre_anomaly.pipeline.reasons import Explainer
from sre_anomaly.service.job import Job
from sre_anomaly.service.model import config_of
from sre_anomaly.service.store import Store

MINUTE = 60 * SECOND
START = pd.Timestamp("2026-03-02T00:00:00Z").value
ROWS = 2000
COMES, GOES, BACK = 700, 900, 1600
"""The rows from which one entity is there, another is not, and is again, after longer than the two hours that are remembered."""
QUICK = {"overrides": ["alerts.bridge=10m", "threshold.bridge=10m"], "pages_per_week": 20}


def value(metric, entity, time):
    row = (time - START) // MINUTE
    if row < 0 or row >= ROWS:
        return None
    if (entity == "late" and row < COMES) or (entity == "gone" and GOES <= row < BACK):
        return None
    if entity == "holes" and row % 7 == 3:
        return None
    broken = 40.0 if entity != "quiet" and row % 613 in range(300, 312) and metric == "cpu" else 0.0
    return 10.0 + noise(metric, entity, time) + broken


ENTITIES = ["quiet", "steady", "late", "gone", "holes"]


def batch(settings, entity, first, last):
    """Return scores, levels and alerts of a run over some rows of an entity."""
    parts = build_parts(config_of(settings))
    times = START + np.arange(first, last) * MINUTE
    rows = [[value(metric, entity, at) for metric in settings.metrics] for at in times.tolist()]
    clock = pd.DatetimeIndex(pd.to_datetime(times, utc=True), freq="1min")
    frame = parts.data.told(
        MetricFrame(entity, clock, np.array(rows, dtype=float), tuple(settings.metrics), timezone="UTC")
    )
    whole = slice(0, len(frame))
    split = Split(whole, None, whole)
    prepared = prepare(frame, split, parts.features, nullcontext)
    found = detect(frame, split, prepared, parts, nullcontext, with_bands="flagged")
    explainer = Explainer(frame, found.X, found.columns, parts.detector, found.shares, found.bands)
    for alert, reason in zip(found.alerts, alert_reasons(frame, found, explainer), strict=True):
        alert.metric, alert.reason = reason.metric, str(reason)
    return found


def watch(settings, restarts, tmp_path, stops=()):
    """Return what a job said at each row: scores, levels by entity, and its events; restarted from disk before some rows."""
    store = Store(tmp_path / "state")
    now = [START]
    job, said, events = Job(settings, lambda: now[0]), {}, []

    def hear(heard):
        events.extend(heard)
        result = job.result
        for place, title in enumerate(job.entities.titles()[: len(result.scores)] if result else ()):
            said[title, job.last] = (result.scores[place], result.levels[place])

    for row in (*stops, ROWS - 1):
        now[0] = START + row * MINUTE + 6 * SECOND
        job.catch_up(hear)
        if row in restarts:
            store.write(settings.name, *job.state())
            job = Job(settings, lambda: now[0])
            assert job.resume(*store.read(settings.name))
    return said, events


@pytest.mark.parametrize("stops", [(1, 2, 3, 500, 811, 950, 1650), tuple(range(1, ROWS, 37))])
def test_scores_levels_and_alerts_are_those_of_a_batch_run(tmp_path, stops):
    """Whatever came in one answer, at whichever row it was restarted; who comes begins afresh, and who comes back after long."""
    restarts = {811, 1 + 37 * 20, 1 + 37 * 44}
    with fleet(value, ENTITIES) as server:
        settings = job_settings(server.url, learn="2d", **QUICK)
        said, events = watch(settings, restarts, tmp_path, stops)
    spans = {"quiet": [(0, ROWS)], "steady": [(0, ROWS)], "holes": [(0, ROWS)], "late": [(COMES, ROWS)]}
    spans["gone"] = [(0, GOES + 120), (BACK, ROWS)]
    found = 0
    for entity, parts in spans.items():
        for first, last in parts:
            want = batch(settings, entity, first, last)
            got = np.array([said[entity, START + row * MINUTE] for row in range(first, last)])
            np.testing.assert_allclose(got[:, 0], want.scores, rtol=0, atol=1e-9)
            np.testing.assert_allclose(got[:, 1], want.levels, rtol=0, atol=1e-9)
            span = range(START + first * MINUTE, START + last * MINUTE)
            latest = {
                one.alert.start: one.alert
                for one in events
                if one.entity == entity and one.alert.start in span
            }
            assert [told(one) for one in latest.values()] == [told(one) for one in want.alerts]
            found += len(latest)
    assert found > 6


def told(alert):
    return alert.start, alert.end, alert.peak_score, alert.flags, alert.metric, alert.reason
