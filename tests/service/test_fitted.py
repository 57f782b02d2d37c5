"""Models that are fitted beforehand: at the start, again in the background, and as a batch run would answer."""

from contextlib import nullcontext

import numpy as np
import pandas as pd
import pytest

from fleet_server import SECOND, fleet, job_settings, noise
from sre_anomaly.config.build import build_parts
from sre_anomaly.errors import ConfigError, DataError
from sre_anomaly.frame import MetricFrame, Split
from sre_anomaly.pipeline.detection import detect, prepare
from sre_anomaly.service.exposition import exposition
from sre_anomaly.service.model import config_of
from sre_anomaly.service.refit import FittedJob, job_of
from sre_anomaly.service.store import Store
from sre_anomaly.service.telling.tried import Tried

MINUTE = 60 * SECOND
START = pd.Timestamp("2026-03-02T00:00:00Z").value
LEARN = 400
QUICK = {
    "learn": "400m", "refit": "200m", "pages_per_week": 100, "model": "gaussian",
    "overrides": ["threshold.apart=10m", "alerts.bridge=10m"],
}  # fmt: skip


def value(metric, entity, time):
    row = (time - START) // MINUTE
    broken = 12.0 if row % 170 in range(120, 126) and metric == "cpu" else 0.0
    return 10.0 + noise(metric, entity, time) * (1 + row / 2000) + broken if row >= 0 else None


class Watched:
    """A fitted job whose clock stands where it is told; ``said`` is what it said of each row of each entity."""

    def __init__(self, settings, folder):
        self.settings, self.store, self.now, self.said, self.events = settings, Store(folder), START, {}, []
        self.job = FittedJob(settings, lambda: self.now, store=self.store)

    def to(self, row):
        self.now = START + row * MINUTE + 6 * SECOND
        self.job.catch_up(self.hear)

    def hear(self, heard):
        self.events += [(one.entity, one.alert.id, one.alert.start, one.alert.closed) for one in heard]
        for place, title in enumerate(self.job.entities.titles()):
            result = self.job.result
            self.said[title, self.job.last] = (result.scores[place], result.levels[place])

    def restart(self):
        self.store.write(self.settings.name, *self.job.state())
        self.job = FittedJob(self.settings, lambda: self.now, store=self.store)
        assert self.job.resume(*self.store.read(self.settings.name))


def batch(settings, entity, first, fitted, last):
    """Return what a run says that is trained on the rows from ``first`` to ``fitted``, and goes on to ``last``."""
    parts = build_parts(config_of(settings))
    times = START + np.arange(first, last + 1) * MINUTE
    rows = np.array([[value(metric, entity, at) for metric in settings.metrics] for at in times.tolist()])
    clock = pd.DatetimeIndex(pd.to_datetime(times, utc=True), freq="1min")
    frame = parts.data.told(MetricFrame(entity, clock, rows, tuple(settings.metrics), timezone="UTC"))
    split = Split(slice(0, fitted + 1 - first), None, slice(fitted + 1 - first, len(frame)))
    return detect(frame, split, prepare(frame, split, parts.features, nullcontext), parts, nullcontext)


@pytest.mark.parametrize(
    "more",
    [
        {},
        pytest.param(
            {
                "model": "iforest",
                "overrides": [*QUICK["overrides"], "features=rolling", "detector.n_estimators=10"],
            },
            marks=pytest.mark.slow,
        ),
        pytest.param(
            {"model": "ensemble", "overrides": [*QUICK["overrides"], "detector.members.state.clusters=3"]},
            marks=pytest.mark.slow,
        ),
    ],
    ids=["gaussian", "iforest", "ensemble"],
)
def test_it_answers_as_a_batch_run_through_a_restart_and_a_refit(tmp_path, more):
    """Before the new model is in place by the old one, from then on by the new one, to the last bit that counts."""
    with fleet(value, ["a"]) as server:
        settings = job_settings(server.url, **(QUICK | more))
        watched = Watched(settings, tmp_path)
        for row in (LEARN, 450, 511, 600):
            watched.to(row)
            if row == 511:
                watched.restart()
        watched.job.thread.join()
        watched.to(610)
        assert watched.job.health.last_refit == START + 600 * MINUTE
        watched.restart()
        for row in range(620, 760, 7):
            watched.to(row)
    old = batch(settings, "a", 0, LEARN, 600)
    new = batch(settings, "a", 200, 600, 753)
    for want, first, rows in ((old, 0, range(601)), (new, 200, range(601, 754))):
        got = np.array([watched.said["a", START + row * MINUTE] for row in rows])
        part = slice(rows.start - first, rows.stop - first)
        np.testing.assert_allclose(got[:, 0], want.scores[part], rtol=0, atol=1e-9)
        np.testing.assert_allclose(got[:, 1], want.levels[part], rtol=0, atol=1e-9)
    assert np.isfinite(old.scores[LEARN:]).all()
    assert np.abs(old.scores[-1] - new.scores[600 - 200]) > 1e-6


def test_one_model_for_all_entities(tmp_path):
    """Fitted on all of them; one that comes later is asked of it at once; alerts that are open go on over a refit."""
    entities = ["a", "b"]
    with fleet(value, entities) as server:
        watched = Watched(job_settings(server.url, **QUICK), tmp_path)
        watched.to(LEARN)
        entities.append("c")
        watched.to(LEARN + 20)
        assert np.isfinite(watched.said["c", START + (LEARN + 20) * MINUTE][0])
        watched.to(632)
        opened = [
            (entity, number) for entity, number, start, _ in watched.events if start >= START + 630 * MINUTE
        ]
        assert {entity for entity, _ in opened} == {"a", "b", "c"}
        watched.job.thread.join()
        watched.to(634)
        assert watched.job.health.refits == {"ok": 2, "failed": 0}
        watched.to(660)
        closed = {
            (entity, number)
            for entity, number, start, over in watched.events
            if over and start >= START + 630 * MINUTE
        }
        assert closed == set(opened)


def test_a_refit_that_fails_keeps_the_old_model_and_says_so(tmp_path, monkeypatch):
    """Steps go on meanwhile; it is counted, said, and tried again."""
    with fleet(value, ["a"]) as server:
        watched = Watched(job_settings(server.url, **QUICK), tmp_path)
        watched.to(LEARN)
        model = watched.job.model

        def full(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(watched.store, "write_model", full)
        watched.to(600)
        watched.job.thread.join()
        watched.to(601)
        assert watched.job.model is model
        (said,) = watched.job.health.news
        assert said.startswith("could not be fitted again, the old model goes on: OSError")
        text = exposition([watched.job], watched.now, Tried(print).counts)
        assert 'sre_anomaly_refits_total{job="hosts",outcome="failed"} 1.0' in text
        assert (
            f'sre_anomaly_last_refit_timestamp_seconds{{job="hosts"}} {(START + LEARN * MINUTE) / 1e9!r}'
            in text
        )
        monkeypatch.undo()
        watched.to(660)
        watched.job.thread.join()
        watched.to(661)
        assert watched.job.model is not model


def test_what_cannot_be_fitted_is_said(tmp_path):
    """A model that needs labels before anything runs, too little of the past and one that learns each entity alone at the fit."""
    with fleet(value, ["a", "b"]) as server:
        with pytest.raises(ConfigError, match="needs labels"):
            job_of(job_settings(server.url, model="xgboost"))
        watched = Watched(job_settings(server.url, **QUICK), tmp_path)
        with pytest.raises(DataError, match="fewer than 100 data points"):
            watched.to(20)
        watched = Watched(job_settings(server.url, **(QUICK | {"model": "ensemble"})), tmp_path)
        with pytest.raises(DataError, match="make a job for each entity"):
            watched.to(LEARN)
