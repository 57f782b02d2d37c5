"""Twenty of forty pods are replaced: the new ones start from what the others usually show, and page nobody for being new."""

import numpy as np
import pandas as pd
import pytest

from fleet_server import SECOND, job_settings
from sre_anomaly.live.siblings import FEWEST, FIRST, RIPE, Siblings
from sre_anomaly.service.job import Job
from sre_anomaly.service.source.answers import Answers
from sre_anomaly.service.store import Store

MINUTE = 60 * SECOND
START = pd.Timestamp("2026-03-02T00:00:00Z").value
ROWS, SWAP = 300, 200
STAY, GO, COME = range(20), range(20, 40), range(40, 60)
BROKEN = (40, 41)


def pods(seed=1):
    """Return (rows, pods, 2) cpu and memory: pods differ by some percent, new ones warm up, and two are broken from the first row on."""
    random = np.random.default_rng(seed)
    usual = np.exp(random.normal(0, 0.1, (60, 2))) * [40.0, 500.0]
    values = usual * (1 + 0.05 * random.normal(size=(ROWS, 60, 2)))
    age = np.maximum(np.arange(ROWS) - SWAP, 0)[:, np.newaxis]
    values[:, COME, 0] *= 1 + 2.0 * np.exp(-age / 4)
    values[:, COME, 1] *= 1 - 0.6 * np.exp(-age / 30)
    values[:, BROKEN, 0] += 200.0
    values[SWAP:, GO] = np.nan
    values[:SWAP, COME] = np.nan
    return values


class Pods:
    """A source of a test's own."""

    def __init__(self, values, entities):
        self.values, self.entities = values, entities

    def between(self, first, last):
        for at in range(max(first, START), last + 1, MINUTE):
            row = self.values[(at - START) // MINUTE]
            for pod in np.flatnonzero(np.isfinite(row).any(axis=1)):
                self.entities.place({"instance": f"pod-{pod}"})
            numbers = [int(name[0].removeprefix("pod-")) for name in self.entities.names]
            yield Answers(np.array([at]), row[np.newaxis, numbers])

    def state(self, last):
        return {"last": last}

    def resume(self, state):
        pass


def watch(values, store=None, restart=None, **settings):
    """Return the alerts that opened, as pairs of a pod's number and the alert, in a run that may be restarted before a row."""
    settings = job_settings("http://localhost", learn="5h", forget="1d", pages_per_week=2.0, **settings)
    now, found = [0], {}

    def hear(events):
        for event in events:
            found[int(event.entity.removeprefix("pod-")), event.alert.start] = event.alert

    job = Job(settings, lambda: now[0])
    job.source = Pods(values, job.entities)
    for row in sorted({restart or ROWS - 1, ROWS - 1}):
        now[0] = START + row * MINUTE + 6 * SECOND
        job.catch_up(hear)
        if row == restart:
            store.write(settings.name, *job.state())
            job = Job(settings, lambda: now[0])
            assert job.resume(*store.read(settings.name))
            job.source = Pods(values, job.entities)
    return [(pod, alert) for (pod, _), alert in found.items()]


def test_new_pods_page_for_being_strange_and_not_for_being_new():
    """Two that are broken from their first row on are told of, by what others show; their start-up pages for none of the others."""
    alerts = watch(pods(), vanished="ignore")
    assert sorted(pod for pod, _ in alerts) == list(BROKEN)
    for _, alert in alerts:
        assert alert.metric == "cpu"
        assert "by what 20 others usually show" in alert.reason
        assert (alert.start - START) // MINUTE == SWAP + FIRST - 1


def test_without_siblings_what_was_broken_from_the_first_row_on_is_usual():
    """It has no other past, so nobody is paged; and with vanished as it was, each that went is an alert."""
    assert not watch(pods(), vanished="ignore", siblings=False)
    gone = {pod for pod, _ in watch(pods(), siblings=False)}
    assert gone == set(GO)


def test_a_restart_in_between_changes_nothing(tmp_path):
    """What is known of others and of who is new is on disk."""
    whole = watch(pods(), vanished="ignore")
    parts = watch(pods(), Store(tmp_path), SWAP + FIRST // 2, vanished="ignore")
    assert [(pod, alert.start, alert.reason) for pod, alert in parts] == [
        (pod, alert.start, alert.reason) for pod, alert in whole
    ]


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ({}, True),
        ({"direction": "above"}, True),
        ({"direction": "below"}, False),
        ({"least_change": 500}, False),
        ({"weight": 0}, False),
    ],
)
def test_what_is_known_of_a_metric_counts(known, told):
    """Only the side that matters, and no less than what matters."""
    assert bool(strangers({"cpu": known})) is told


def test_too_few_others_say_nothing():
    """Nor do others that are as new."""
    assert not strangers({}, others=FEWEST - 1)
    assert not strangers({}, before=RIPE - FIRST - 1)


def strangers(known, others=FEWEST, before=RIPE):
    siblings, found = Siblings(others + 1, ["cpu"], known), {}
    for row in range(before + FIRST):
        new = 90.0 if row >= before else np.nan
        found |= siblings.look(np.array([*(10.0 + np.arange(others) + row % 3), new])[:, np.newaxis])
    return found
