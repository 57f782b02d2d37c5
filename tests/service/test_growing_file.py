"""A file that others append to as the source of a job: nothing twice, nothing lost, and what is broken is said."""

import numpy as np
import pandas as pd
import pytest

from fleet_server import SECOND, fleet, job_settings, noise
from sre_anomaly.errors import DataError
from sre_anomaly.io.prometheus import AwayError
from sre_anomaly.service.job import Job
from sre_anomaly.service.settings import JobSettings
from sre_anomaly.service.store import Store

MINUTE = 60 * SECOND
START = pd.Timestamp("2026-03-02T00:00:00Z").value
HOSTS = ["a", "b"]
QUICK = {"learn": "10h", "overrides": ["alerts.bridge=10m", "threshold.bridge=10m"], "pages_per_week": 20}


def value(metric, entity, time):
    row = (time - START) // MINUTE
    return (
        10.0 + noise(metric, entity, time) + (40.0 if row % 130 in range(100, 106) else 0.0)
        if row >= 0
        else None
    )


def at(row):
    return pd.Timestamp(START + row * MINUTE, tz="UTC").strftime("%Y-%m-%dT%H:%M:%SZ")


def wide(rows):
    return "".join(
        f"{at(row)},{host},{value('cpu', host, START + row * MINUTE)!r},{value('wait', host, START + row * MINUTE)!r}\n"
        for row in rows
        for host in HOSTS
    )


def long(rows):
    return "".join(
        f"{at(row)};{metric};{host};{value(metric, host, START + row * MINUTE)!r}\n"
        for row in rows
        for host in HOSTS
        for metric in ("cpu", "wait")
    )


FORMS = {
    "wide": ("time,host,cpu,wait\n", wide, {}),
    "long": ("time;name;host;value\n", long, {"metric": "name", "value": "value"}),
}


def settings_of(path, **more):
    job = {
        "name": "hosts",
        "source": {"file": str(path)},
        "metrics": {"cpu": "cpu", "wait": "wait"},
        "entity": ["host"],
    }
    return JobSettings(**(job | {"step": "1m", "wait": "5s", "forget": "2h"} | QUICK | more))


class Watched:
    """A job whose clock stands where it is told."""

    def __init__(self, settings, folder=None):
        self.settings, self.now, self.said, self.events, self.news = settings, START, {}, [], []
        self.store = folder and Store(folder)
        self.job = Job(settings, lambda: self.now)

    def to(self, row):
        self.now = START + row * MINUTE + 6 * SECOND
        self.job.catch_up(self.hear)
        self.news += self.job.health.news
        self.job.health.news = []

    def hear(self, heard):
        self.events += [(one.entity, one.time, one.alert.start, one.alert.reason) for one in heard]
        result = self.job.result
        for place, title in enumerate(self.job.entities.titles()[: len(result.scores)] if result else ()):
            assert (title, self.job.last) not in self.said
            self.said[title, self.job.last] = (result.scores[place], result.levels[place])

    def restart(self):
        self.store.write(self.settings.name, *self.job.state())
        self.job = Job(self.settings, lambda: self.now)
        assert self.job.resume(*self.store.read(self.settings.name))


@pytest.mark.parametrize("form", FORMS)
def test_a_file_that_grows_says_what_a_server_says(tmp_path, form):
    """Scores, levels and alerts are those of the same values from a Prometheus: with half lines, restarts and a new file in between."""
    header, lines, source = FORMS[form]
    path = tmp_path / "metrics.csv"
    path.write_text(header + lines(range(300)))
    watched = Watched(settings_of(path, source={"file": str(path), **source}), tmp_path / "state")
    watched.to(299)
    written = 300
    for row in range(310, 520, 10):
        more = lines(range(written, row))
        cut = len(more) - 7 * (row % 3)
        with path.open("a") as file:
            file.write(more[:cut])
        watched.to(row - 4)
        if row % 50 == 0:
            watched.restart()
        if row == 400:
            with path.open("a") as file:
                file.write(more[cut:])
            path.rename(tmp_path / "metrics.csv.1")
            path.write_text(header)
        else:
            with path.open("a") as file:
                file.write(more[cut:])
        written = row
    with fleet(value, HOSTS) as server:
        one = Watched(job_settings(server.url, **QUICK))
        one.to(299)
        for row in range(310, 520, 10):
            one.to(row - 4)
    assert watched.job.health.odd == {}
    assert any("was cut" in text or "was replaced" in text for text in watched.news)
    assert one.said.keys() == watched.said.keys()
    for key, want in one.said.items():
        np.testing.assert_allclose(watched.said[key], want, rtol=0, atol=1e-9)
    assert watched.events == one.events
    assert len(one.events) > 4


def test_what_waits_of_a_file_that_is_no_more_outlives_a_restart(tmp_path):
    """Lines of a step that is not due yet are kept, though their file cannot be read again."""
    path = tmp_path / "metrics.csv"
    path.write_text("time,host,cpu,wait\n" + wide(range(300)))
    watched = Watched(settings_of(path), tmp_path / "state")
    watched.to(290)
    path.unlink()
    path.write_text("time,host,cpu,wait\n" + wide(range(300, 302)))
    watched.to(291)
    watched.restart()
    watched.to(301)
    assert len(watched.job.result.scores) == 2
    for row in range(280, 302):
        assert np.isfinite(watched.said["a", START + row * MINUTE]).all()
    np.testing.assert_array_equal(
        watched.job.values[0], [value(m, "a", START + 301 * MINUTE) for m in ("cpu", "wait")]
    )


def test_what_is_broken_is_counted_and_named_once(tmp_path):
    """A bad line costs itself alone; its number is said; one that comes too late is counted."""
    path = tmp_path / "metrics.csv"
    path.write_text(
        "time,cpu,wait\n"
        f"{at(0)},41.5,1\n"
        f"{at(1)},much,1\n"
        f"yesterday,41.5,1\n"
        f"{at(2)},41.5\n"
        f"{at(3)},,2\n"
        f'{at(4)},"1,024",5 %\n'
        f"{at(5)},1e300,1\n"
    )
    watched = Watched(settings_of(path, entity=[]))
    watched.to(5)
    with path.open("a") as file:
        file.write(f"{at(1)},1,1\n{at(6)},7,8\n")
    watched.to(6)
    assert watched.job.health.odd == {
        "a line that cannot be read": 4, "a line of a time that was gone over before": 1,
    }  # fmt: skip
    (said,) = watched.news
    assert "metrics.csv, line 3: cpu: 'much' is not a finite number" in said
    assert watched.job.entities.titles() == ["metrics"]
    assert watched.job.values.tolist() == [[7.0, 8.0]]


def test_a_file_that_is_not_there_is_waited_for(tmp_path):
    """As a server that is away; a column that is missing is named with what is near."""
    path = tmp_path / "metrics.csv"
    watched = Watched(settings_of(path))
    with pytest.raises(AwayError, match="cannot be read"):
        watched.to(3)
    path.write_text("time,host,cpus,wait\n" + wide(range(3)))
    with pytest.raises(DataError, match="has no column 'cpu'; did you mean 'cpus'"):
        watched.to(3)
    path.write_text("time,host,cpu,wait\n" + wide(range(4)))
    watched.to(3)
    assert len(watched.job.entities) == 2


def test_times_without_an_offset_are_of_the_time_zone(tmp_path):
    """A line counts at the first step that is not before it; several of one step are one mean."""
    path = tmp_path / "metrics.csv"
    path.write_text(
        "time,cpu,wait\n2026-03-02 01:00:10,1,5\n2026-03-02 01:00:50,3,5\n2026-03-02 01:02:00,9,5\n"
    )
    watched = Watched(settings_of(path, entity=[], timezone="Europe/Berlin"))
    watched.to(1)
    assert watched.job.values.tolist() == [[2.0, 5.0]]
