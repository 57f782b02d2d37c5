"""Killed at any moment, the service loses no alert and tells none twice."""

import json
import random
import time

import pytest

from fleet_server import SECOND, fleet, noise
from service_process import alertmanager, ready, settings_file, start, until
from sre_anomaly.clock import in_nanoseconds
from sre_anomaly.service.job import Job
from sre_anomaly.service.reading import read_settings
from sre_anomaly.service.store import Store
from sre_anomaly.service.telling.outbox import Outbox

ENTITIES = [f"host-{number}" for number in range(40)]
BEGAN = time.time_ns() // SECOND * SECOND


def value(metric, entity, time):
    """One host after the other breaks for two seconds, another each 4 seconds."""
    turn, second = divmod((time - BEGAN) // SECOND, 4)
    broken = metric == "cpu" and turn >= 0 and second < 2 and ENTITIES[turn % 40] == entity
    return 10.0 + noise(metric, entity, time) + (80.0 if broken else 0.0)


def never_killed(path, begin, last):
    """Return the lines that a service writes that began to learn at ``begin`` and is never killed, and its alerts' labels and starts."""
    settings = read_settings(path).jobs[0]
    now = [begin + 600 * SECOND + SECOND]
    job, outbox = Job(settings, lambda: now[0]), Outbox({"hosts": 1000}, {})

    def hear(events):
        for event in events:
            outbox.hear(event, now[0], news=not job.health.learning)

    job.catch_up(hear)
    outbox.settle("hosts")
    now[0] = last + SECOND
    job.catch_up(hear)
    return outbox.lines["hosts"]


def check(tmp_path, kills):
    seed = time.time_ns()
    print("seed", seed)
    dice = random.Random(seed)
    with fleet(value, ENTITIES) as server, alertmanager() as told, (tmp_path / "log").open("ab") as log:
        path, url, _ = settings_file(tmp_path, server.url, told.url, most_alerts=1000, pages_per_week=5000.0)
        for number in range(kills):
            process = start(path, log)
            if number == 0:
                until(lambda: ready(url), said=(tmp_path / "log").read_text)
            time.sleep(dice.uniform(0.0, 6.0))
            assert process.poll() is None, (tmp_path / "log").read_text()
            process.kill()
            process.wait()
        process = start(path, log)
        until(lambda: ready(url))
        time.sleep(3)
        process.terminate()
        begun = time.monotonic()
        assert process.wait(20) == 0
        assert time.monotonic() - begun < 5
        begin = min(round(float(form["start"]) * 1000) * 10**6 for form in server.asked)
        job = Job(read_settings(path).jobs[0])
        assert job.resume(*Store(tmp_path / "state").read("hosts"))
        want = never_killed(path, begin, job.last)
    lines = [json.loads(line) for line in (tmp_path / "alerts.jsonl").read_text().splitlines()]
    assert lines == want
    opened = [line for line in want if line["event"] == "opened"]
    assert len(opened) > 2 + kills // 3
    fired = {
        (one["labels"]["entity"], one["labels"]["metric"], in_nanoseconds(one["startsAt"]))
        for _, one in told.heard
    }
    # What opened in the last moment may be told by the next start.
    sure = [line for line in opened if in_nanoseconds(line["time"]) < job.last - SECOND]
    every = {(line["entity"], line["metric"], in_nanoseconds(line["start"])) for line in opened}
    assert fired <= every
    assert fired >= {(line["entity"], line["metric"], in_nanoseconds(line["start"])) for line in sure}


@pytest.mark.slow
def test_killed_three_times(tmp_path):
    """The lines are those of a service that is never killed, the Alertmanager hears of each alert by one name and start."""
    check(tmp_path, 3)


@pytest.mark.slow
def test_killed_fifty_times(tmp_path):
    """The same for fifty random moments."""
    check(tmp_path, 50)
