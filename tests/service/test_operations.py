"""The world goes wrong: sources and Alertmanagers away, disks full, files broken, clocks set; the service says so and goes on."""

import json
import signal
import threading
import time

import pytest
import yaml

from fleet_server import SECOND, fleet, job_settings, noise
from service_process import alertmanager, get, metric, ready, service, settings_file, until
from sre_anomaly.errors import ConfigError, DataError
from sre_anomaly.service import watch
from sre_anomaly.service.job import Job
from sre_anomaly.service.telling import sender
from sre_anomaly.service.watch import Service

HOUR = 3600 * SECOND


def calm(metric, entity, time):
    return 10.0 + noise(metric, entity, time)


class Switch:
    """Values that are calm until a host is broken."""

    def __init__(self):
        self.broken = {}

    def __call__(self, metric, entity, time):
        since = self.broken.get(entity)
        return calm(metric, entity, time) + (500.0 if since is not None and time >= since else 0.0)

    def breaks(self, *entities):
        self.broken |= dict.fromkeys(entities, time.time_ns())


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(watch, "SAVE_SECONDS", 0.5)
    monkeypatch.setattr(sender, "RETRY_SECONDS", 0.3)
    monkeypatch.setattr(sender, "RESEND_SECONDS", 1.0)


@pytest.fixture
def running(tmp_path):
    """Return a function that starts a service in this process; all are stopped at the end."""
    started = []

    def run(url, alertmanager=None, **job):
        path, _, settings = settings_file(tmp_path, url, alertmanager, pages_per_week=3.0, **job)
        said = []
        one = Service(path, said.append)
        one.said, one.settings_written = said, settings
        one.start()
        started.append(one)
        return one

    yield run
    for one in started:
        one.stop()


def lines(folder, name="alerts.jsonl"):
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_a_source_that_is_away_at_the_start_and_in_between_is_waited_for(running, tmp_path):
    """Nothing exits, the trouble is told once and counted, and no row is left out."""
    with fleet(Switch(), ["a", "b"]) as server:
        server.away = True
        one = running(server.url)
        job = one.jobs[0]
        until(lambda: job.health.errors > 1)
        assert not one.ready
        assert len(one.said) == 1
        assert "starting" in one.said[0]
        server.away = False
        until(lambda: one.ready and job.current)
        server.away = True
        failed, last = job.health.errors, job.last
        until(lambda: job.health.errors > failed + 2)
        server.value.breaks("a")
        time.sleep(2.5)
        server.away = False
        until((tmp_path / "alerts.jsonl").read_text)
        with job.lock:
            assert job.last > last
            assert job.health.steps == (job.last - first_asked(server)) // SECOND + 1
        until(lambda: len(one.said) == 4)
        assert ["goes on" in text for text in one.said] == [False, True, False, True]
        assert lines(tmp_path)[0]["entity"] == "a"


def first_asked(server):
    return min(round(float(form["start"]) * 1000) * 10**6 for form in server.asked)


@pytest.mark.usefixtures("quick")
def test_alerts_set_off_what_rules_say(running, tmp_path):
    """In a dry run it is written down alone, with entity and job; the past sets off nothing."""
    rules = {
        "turned_on": False, "audit_log": str(tmp_path / "audit.jsonl"), "kill_switch": str(tmp_path / "stop"),
        "actions": {"note": {"command": ["/bin/false"]}}, "rules": [{"when": "opened", "do": "note"}],
    }  # fmt: skip
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(rules))
    with fleet(Switch(), ["a", "b"]) as server:
        one = running(server.url, remediation="rules.yaml")
        until(lambda: one.ready)
        assert one.said == ["remediation: dry run, nothing is done"]
        server.value.breaks("a")
        until((tmp_path / "audit.jsonl").read_text)
        (line,) = lines(tmp_path, "audit.jsonl")
        assert line["decision"] == "would act"
        assert (line["about"]["entity"], line["about"]["job"]) == ("a", "hosts")


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_an_alertmanager_that_is_away_hears_of_it_when_it_is_back(running):
    """The trouble is told once and counted."""
    with fleet(Switch(), ["a", "b"]) as server, alertmanager() as told:
        told.code = 503
        one = running(server.url, told.url)
        until(lambda: one.ready)
        server.value.breaks("a")
        until(lambda: one.tried.counts["alertmanager"]["failed"] > 2)
        told.heard.clear()
        told.code = 200
        until(lambda: one.tried.counts["alertmanager"]["ok"])
        assert told.heard[-1][1]["labels"]["entity"] == "a"
        until(lambda: len(one.said) == 2)
        assert "503" in one.said[0]
        assert one.said[1] == "alertmanager: works again"


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_a_folder_that_cannot_be_written_loses_nothing(running, tmp_path):
    """Lines wait until they can be written, in the state that is kept too; both are counted, and told once."""
    with fleet(Switch(), ["a", "b"]) as server:
        one = running(server.url)
        until(lambda: one.ready and one.tried.counts["state"]["ok"])
        kept, file = one.store.folder, one.file.path
        full = tmp_path / "gone"
        one.store.folder, one.file.path = full / "state", full / "alerts.jsonl"
        server.value.breaks("a")
        until(
            lambda: one.tried.counts["alerts_file"]["failed"] > 1 and one.tried.counts["state"]["failed"] > 1
        )
        assert len([text for text in one.said if "cannot be written" in text]) == 2
        one.store.folder, one.file.path = kept, file
        until(lambda: one.tried.counts["state"]["ok"] > 1 and file.read_text())
        assert [line["event"] for line in lines(tmp_path)][:1] == ["opened"]
        assert [text for text in one.said if "works again" in text] == [
            "alerts_file: works again",
            "state: works again",
        ]


@pytest.mark.usefixtures("quick")
def test_half_a_line_is_taken_back_when_the_disk_is_full(tmp_path, monkeypatch):
    """The next line is whole."""
    from sre_anomaly.service.telling import alerts_file

    file = alerts_file.AlertsFile(tmp_path / "alerts.jsonl")
    line = {"job": "hosts", "entity": "a", "event": "opened", "time": "2026-01-01T00:00:00Z"}

    def full(_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(alerts_file.os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            file.write([line])
    file.write([line])
    file.write([line])
    assert (tmp_path / "alerts.jsonl").read_text() == json.dumps(line) + "\n"
    with (tmp_path / "alerts.jsonl").open("a") as half:
        half.write('{"job": "ho')
    alerts_file.AlertsFile(tmp_path / "alerts.jsonl").write([line, line | {"event": "closed"}])
    assert [one["event"] for one in lines(tmp_path)] == ["opened", "closed"]


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_a_slow_source_delays_no_other_job_and_no_stop(tmp_path):
    """Each job has a thread of its own; what hangs is left behind."""
    with fleet(calm, ["a"]) as server, fleet(calm, ["b"]) as slow:
        slow.delay = 30.0
        path, _, settings = settings_file(tmp_path, server.url)
        settings["jobs"].append(
            settings["jobs"][0] | {"name": "slow", "source": {"url": slow.url, "timeout": "60s"}}
        )
        path.write_text(yaml.safe_dump(settings))
        one = Service(path, print)
        with one:
            until(lambda: one.jobs[0].current and slow.asked)
            steps = one.jobs[0].health.steps
            time.sleep(2.2)
            assert one.jobs[0].health.steps >= steps + 2
            assert one.jobs[1].health.steps == 0
            begun = time.monotonic()
        assert time.monotonic() - begun < 5


@pytest.mark.slow
def test_a_broken_file_is_refused_with_its_lines_and_the_old_goes_on(tmp_path):
    """By HTTP and by a signal; a good one is taken over with all that was learned, and alerts of a job that is no more are over."""
    with fleet(Switch(), ["a", "b"]) as server, alertmanager() as told:
        path, url, settings = settings_file(tmp_path, server.url, told.url, pages_per_week=3.0)
        with service(path) as (process, log):
            until(lambda: ready(url), said=log)
            good = path.read_text()
            server.value.breaks("b")
            until(lambda: told.heard, said=log)
            path.write_text(good.replace("step: 1s", "step: 1 parsec") + "nonsense: 1\n")
            code, text = get(f"{url}/-/reload", b"")
            assert code == 400
            assert all(said in text for said in ("watch.yaml, line", "step", "nonsense"))
            process.send_signal(signal.SIGHUP)
            until(lambda: log().count("reload refused") == 2, said=log)
            assert metric(url, 'sre_anomaly_reloads_total{outcome="refused"}') == 2
            before = metric(url, 'sre_anomaly_last_step_timestamp_seconds{job="hosts"}')
            until(lambda: metric(url, 'sre_anomaly_last_step_timestamp_seconds{job="hosts"}') > before + 1)
            settings["jobs"][0]["most_alerts"] = 5
            path.write_text(yaml.safe_dump(settings))
            asked = len(server.asked)
            assert get(f"{url}/-/reload", b"")[0] == 200
            assert metric(url, 'sre_anomaly_learning{job="hosts"}') == 0
            until(lambda: len(server.asked) > asked + 4)
            # Nothing of the past is asked for again.
            assert float(server.asked[asked + 3]["start"]) > before
            settings["jobs"][0]["name"] = "others"
            path.write_text(yaml.safe_dump(settings))
            told.heard.clear()
            process.send_signal(signal.SIGHUP)
            until(lambda: "others" in get(f"{url}/")[1], said=log)
            over = until(lambda: [one for _, one in told.heard if one["labels"]["job"] == "hosts"], said=log)
            assert over[-1]["endsAt"] <= time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            begun = time.monotonic()
            process.terminate()
            assert process.wait(10) == 0
            assert time.monotonic() - begun < 5


def test_a_reload_that_cannot_write_leaves_the_old_running(running, tmp_path):
    """All places are tried before anything is stopped."""
    with fleet(calm, ["a"]) as server:
        one = running(server.url)
        until(lambda: one.ready)
        (tmp_path / "file").write_text("")
        for change in (
            {"state": "file/state"},
            {"alerts_file": "file/alerts"},
            {"web": {"listen": "127.0.0.1:1"}},
        ):
            one.path.write_text(yaml.safe_dump(one.settings_written | change))
            with pytest.raises(ConfigError, match=next(iter(change))):
                one.reload()
        last = one.jobs[0].last
        until(lambda: one.jobs[0].last > last)
        assert one.tried.counts["reload"] == {"ok": 0, "refused": 3}


def test_a_clock_that_is_set():
    """Forwards is caught up on, backwards nothing is told twice; far backwards it learns anew, rather than wait for years."""
    begin, rows = 1_772_409_600 * SECOND, []
    with fleet(calm, ["a", "b"]) as server:
        now = [begin]
        job = Job(job_settings(server.url), lambda: now[0])
        hear = lambda _: rows.append(job.last)
        job.catch_up(hear)
        assert len(rows) == 1441
        now[0] += 20 * 60 * SECOND
        job.catch_up(hear)
        now[0] -= 10 * 60 * SECOND
        with pytest.raises(DataError, match="clock went back by 600 s; it goes on when"):
            job.catch_up(hear)
        now[0] += 11 * 60 * SECOND
        job.catch_up(hear)
        assert len(rows) == 1462
        assert rows == sorted(set(rows))
        now[0] -= 3 * HOUR
        with pytest.raises(DataError, match="went back by 10800 s; it learns anew"):
            job.catch_up(hear)
        assert job.health.learning
        job.catch_up(hear)
        assert len(rows) == 1462 + 1441
        assert not job.health.learning


def test_a_start_of_the_service_that_cannot_be(command, tmp_path):
    """One line each, exit code 2, before anything is watched."""
    with fleet(calm, ["a"]) as server:
        path, _, settings = settings_file(tmp_path, server.url)
        for web, said in (
            ({"listen": "203.0.113.1:1"}, "cannot be bound"),
            ({"tls_certificate": "no.pem", "tls_key": "no.key"}, "no certificate and its key"),
            ({"secret_env": "NOT_THERE"}, "no environment variable NOT_THERE"),
        ):
            path.write_text(yaml.safe_dump(settings | {"web": settings["web"] | web}))
            code, _, err = command("serve", f"config={path}")
            assert (code, len(err.strip().splitlines())) == (2, 1), err
            assert said in err
        assert not server.asked


def test_stops_within_five_seconds_while_a_page_is_read_and_a_source_hangs(tmp_path):
    """Neither is waited for longer."""
    with fleet(calm, ["a"]) as server:
        path, url, _ = settings_file(tmp_path, server.url)
        with service(path) as (process, log):
            until(lambda: ready(url), said=log)
            server.delay = 9.0
            time.sleep(1.5)
            threading.Thread(target=until, args=[lambda: get(url), 1], daemon=True).start()
            begun = time.monotonic()
            process.terminate()
            assert process.wait(10) == 0
            assert time.monotonic() - begun < 5
