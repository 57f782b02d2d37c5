"""Entities vanish and return: what that means is a setting of the job, and no alert stays open for ever."""

import math

import numpy as np
import pandas as pd
import pytest
import yaml

from fleet_server import SECOND, fleet, job_settings, noise
from sre_anomaly.errors import ConfigError
from sre_anomaly.service.job import Job
from sre_anomaly.service.reading import read_settings
from sre_anomaly.service.store import Store
from sre_anomaly.service.telling.outbox import Outbox

MINUTE = 60 * SECOND
START = pd.Timestamp("2026-03-02T00:00:00Z").value
ROWS = 660
AWAY, BACK = range(500, 560), 560
BROKEN = range(495, 500)
QUICK = {"overrides": ["alerts.bridge=15m", "threshold.bridge=15m"], "pages_per_week": 0.5}
BRIDGE = 15
PODS = ["pod-a", "pod-b", "sick"]


def value(metric, entity, time):
    """Two pods are away for a while, one of them broken just before; one stays."""
    row = (time - START) // MINUTE
    if not 0 <= row < ROWS or (entity != "pod-b" and row in AWAY):
        return None
    return 10.0 + noise(metric, entity, time) + (60.0 if entity == "sick" and row in BROKEN else 0.0)


def watch(url, until=ROWS - 1, restart=None, store=None, **settings):
    """Return the events of a job, by entity, and the job; restarted from disk before a row, with other settings if there are any."""
    settings = job_settings(url, learn="2d", forget="1d", **{**QUICK, **settings})
    now, events = [START], []
    job = Job(settings, lambda: now[0])
    for row in sorted({1, restart or 1, until}):
        now[0] = START + row * MINUTE + 6 * SECOND
        job.catch_up(events.extend)
        if row == restart:
            store.write(settings.name, *job.state())
            job = Job(settings, lambda: now[0])
            assert job.resume(*store.read(settings.name))
    return {pod: [one for one in events if one.entity == pod] for pod in PODS}, job


def row_of(time):
    return (time - START) // MINUTE


@pytest.fixture(scope="module")
def pods():
    with fleet(value, PODS) as server:
        yield server.url


def test_silence_pages_unless_told_otherwise_and_is_over_after_the_return(pods):
    """The alert says that there is no value, ends with the silence, and is closed when bridge has passed."""
    events, _ = watch(pods)
    (first, *_), last = events["pod-a"], events["pod-a"][-1]
    assert "no value" in first.alert.reason
    assert row_of(first.time) in AWAY
    assert last.alert.closed
    assert BACK <= row_of(last.alert.end) <= BACK + 5
    assert row_of(last.time) <= BACK + 5 + BRIDGE
    assert not events["pod-b"]


@pytest.mark.parametrize("vanished", ["ignore", "resolve"])
def test_pods_that_come_and_go_page_nobody(pods, vanished):
    """Neither while they are away nor when they are back."""
    events, job = watch(pods, vanished=vanished)
    assert not events["pod-a"]
    assert not events["pod-b"]
    assert np.isfinite(job.result.scores).all()


def test_what_is_open_when_an_entity_vanishes_is_over_by_the_setting(pods):
    """After five steps with resolve, after bridge with ignore; in either case it had told of the metric."""
    ends = {}
    for vanished in ("ignore", "resolve"):
        events, _ = watch(pods, vanished=vanished)
        first, last = events["sick"][0], events["sick"][-1]
        assert row_of(first.time) in BROKEN
        assert last.alert.closed
        assert "no value" not in last.alert.reason
        assert len({one.alert.start for one in events["sick"]}) == 1
        ends[vanished] = row_of(last.time)
    assert ends["resolve"] == AWAY.start - 1 + 5
    assert BROKEN.stop - 1 + BRIDGE <= ends["ignore"] <= BROKEN.stop + 2 + BRIDGE


def test_who_returns_goes_on_from_what_was_known(pods, tmp_path):
    """As if the rows in between had not been: the same state at the end as before, also through a restart while it was away."""
    before, job = watch(pods, until=AWAY.start - 1, vanished="ignore")
    arrays, _ = job.state()
    for restart in (None, AWAY.start + 20):
        _, later = watch(pods, until=AWAY.stop - 1, restart=restart, store=Store(tmp_path), vanished="ignore")
        kept, _ = later.state()
        place = later.entities.titles().index("pod-a")
        for part in ("detector", "threshold", "course"):
            np.testing.assert_array_equal(kept[part][place], arrays[part][place])
        assert math.isnan(later.result.scores[place])
    assert not before["pod-a"]


def test_an_alert_of_silence_ends_where_a_reload_says_that_nobody_is_paged(pods):
    """What is open of a pod that is away still is over with the next step of resolve, and is told so."""
    events, job = watch(pods, until=AWAY.start + 40)
    outbox = Outbox({"hosts": 20}, {"hosts": {}})
    for event in [*events["pod-a"], *events["sick"]]:
        outbox.hear(event, event.time)
    assert [one.entity for one in outbox.firing()].count("pod-a") == 1
    now = START + (AWAY.start + 41) * MINUTE + 6 * SECOND
    other = job.settings.model_copy(update={"vanished": "resolve"})
    again, heard = Job(other, lambda: now), []
    assert again.resume(*job.state())
    again.catch_up(heard.extend)
    for event in heard:
        outbox.hear(event, event.time)
    assert "pod-a" in {event.entity for event in heard}
    assert all(event.alert.closed for event in heard)
    assert not outbox.firing()


def test_a_word_that_is_none_is_told_of(tmp_path):
    """One line with the file, the line and the words there are."""
    path = tmp_path / "watch.yaml"
    job = {"name": "a", "source": {"url": "http://localhost"}, "metrics": {"up": "up"}, "entity": ["pod"]}
    path.write_text(yaml.safe_dump({"jobs": [job | {"vanished": "resolved"}]}))
    with pytest.raises(ConfigError, match=r"watch.yaml, line \d+: .*vanished.*'page', 'ignore' or 'resolve'"):
        read_settings(path)
