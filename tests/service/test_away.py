"""Ten minutes without a source, without an Alertmanager, and with a disk that is full: the right thing, said and counted."""

import resource

import pytest

from fleet_server import SECOND, fleet, job_settings, noise
from service_process import alertmanager, metric, ready, service, settings_file, until
from sre_anomaly.io.prometheus import AwayError
from sre_anomaly.records import Alert
from sre_anomaly.service.exposition import exposition
from sre_anomaly.service.job import Job
from sre_anomaly.service.telling.event import Event
from sre_anomaly.service.telling.outbox import Outbox
from sre_anomaly.service.telling.sender import Sender
from sre_anomaly.service.telling.tried import Tried

MINUTE = 60 * SECOND
BEGIN = 1_772_500_000 * SECOND // MINUTE * MINUTE


def test_a_source_that_is_away_for_ten_minutes():
    """Each try is counted, said once, and shown as lag; then no row is missing, and what broke meanwhile alerts."""
    broken = range(BEGIN + 3 * MINUTE, BEGIN + 8 * MINUTE)

    def value(metric, entity, time):
        return 10.0 + noise(metric, entity, time) + (50.0 if time in broken and entity == "a" else 0.0)

    now, events = [BEGIN + 6 * SECOND], []
    with fleet(value, ["a", "b"]) as server:
        job = Job(job_settings(server.url, learn="10h"), lambda: now[0])
        job.catch_up(events.extend)
        steps = job.health.steps
        server.away = True
        said = []
        for _ in range(10):
            now[0] += MINUTE
            with pytest.raises(AwayError) as error:
                job.catch_up(events.extend)
            said.append(job.health.failed(error.value))
        assert [text is not None for text in said] == [True] + [False] * 9
        text = exposition([job], now[0], Tried(print).counts)
        assert 'sre_anomaly_errors_total{job="hosts"} 10.0' in text
        assert 'sre_anomaly_lag_seconds{job="hosts"} 606.0' in text
        assert not job.current
        server.away = False
        job.catch_up(events.extend)
        assert "goes on" in job.health.works()
    assert job.health.steps == steps + 10
    assert {one.entity for one in events if one.alert.start in broken} == {"a"}


def told(entity, start, *, closed=False):
    alert = Alert(
        1, start, start, start + MINUTE, start, 5.0, 1.0, 1, closed=closed, metric="cpu", reason="cpu is high"
    )
    return Event("hosts", entity, {"instance": entity}, alert, start)


def test_an_alertmanager_that_is_away_for_ten_minutes(capsys):
    """What still fires is told once it is back, with its true start; what came and went meanwhile pages nobody late."""
    now, outbox, tried = [BEGIN], Outbox({"hosts": 20}, {}), Tried(print)
    with alertmanager() as server:
        sender = Sender(server.url, lambda: outbox.due(now[0], {"hosts"}), tried)
        outbox.hear(told("known", BEGIN), now[0])
        sender.send()
        server.code, server.heard = 503, []
        for minute in range(1, 11):
            now[0] = BEGIN + minute * MINUTE
            if minute == 2:
                outbox.hear(told("lasting", now[0]), now[0])
                outbox.hear(told("passing", now[0]), now[0])
            if minute == 3:
                outbox.hear(told("passing", BEGIN + 2 * MINUTE, closed=True), now[0])
            sender.send()
        assert tried.counts["alertmanager"] == {"ok": 1, "failed": 10}
        server.code, server.heard = 200, []
        sender.send()
        labels = {alert["labels"]["entity"]: alert for _, alert in server.heard}
    assert set(labels) == {"known", "lasting"}
    assert labels["lasting"]["startsAt"] == "2026-03-03T01:08:00Z"
    out = capsys.readouterr().out.splitlines()
    assert len(out) == 2
    assert "503" in out[0]
    assert out[1] == "alertmanager: works again"


@pytest.mark.slow
def test_a_disk_that_is_full(tmp_path):
    """Watching and telling the Alertmanager go on; both kinds of writing are counted; lines are there once there is room."""
    broken = []

    def value(metric, entity, time):
        return 10.0 + noise(metric, entity, time) + (500.0 if broken and time >= broken[0] else 0.0)

    with fleet(value, ["a", "b"]) as server, alertmanager() as heard:
        path, url, _ = settings_file(tmp_path, server.url, heard.url, pages_per_week=3.0)
        written = '{"job": "other", "entity": "x", "event": "opened", "time": "2026"}\n' * 100
        (tmp_path / "alerts.jsonl").write_text(written)
        with service(path) as (process, log):
            until(lambda: ready(url), said=log)
            state = until((tmp_path / "state/hosts.npz").read_bytes, said=log)
            _, most = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (len(written), most))
            broken.append(max(int(form["end"].split(".")[0]) for form in server.asked) * SECOND)
            until(lambda: heard.heard, said=log)
            failed = 'sre_anomaly_alerts_file_writes_total{outcome="failed"}'
            until(lambda: metric(url, failed), said=log)
            assert (tmp_path / "alerts.jsonl").read_text() == written
            until(lambda: metric(url, 'sre_anomaly_state_writes_total{outcome="failed"}'), 90, said=log)
            assert (tmp_path / "state/hosts.npz").read_bytes() == state
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (most, most))
            until(lambda: '"job": "hosts"' in (tmp_path / "alerts.jsonl").read_text(), said=log)
        assert (tmp_path / "state/hosts.npz").read_bytes() != state
        assert log().count("cannot be written (File too large)") == 2
