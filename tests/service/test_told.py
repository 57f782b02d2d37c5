"""Who is told, when, and how often: a real Alertmanager, a whole fleet that breaks at once, and who may look."""

import base64
import json
import shutil
import ssl
import subprocess
import time
import urllib.request
from functools import partial

import pytest
import yaml

from fleet_server import SECOND, fleet, job_settings, noise
from real_alertmanager import alertmanager as real_alertmanager
from service_process import get, ready, service, settings_file, until
from sre_anomaly.clock import in_nanoseconds
from sre_anomaly.service.job import Job
from sre_anomaly.service.telling.outbox import LASTS, Outbox

MINUTE = 60 * SECOND
BEGIN = 1_772_409_600 * SECOND
QUICK = ["alerts.bridge=10m", "threshold.bridge=10m"]


def at(text):
    return in_nanoseconds(text)


def test_a_fleet_that_breaks_at_once_is_one_alert_more_than_the_most():
    """Twenty, and one that says how many; the twenty stay the same while they fire, and all are resolved."""
    broken = range(BEGIN + 5 * MINUTE, BEGIN + 8 * MINUTE)

    def value(metric, entity, time):
        return 10.0 + noise(metric, entity, time) + (500.0 if time in broken else 0.0)

    with fleet(value, [f"host-{number}" for number in range(200)]) as server:
        now = [BEGIN]
        job = Job(job_settings(server.url, overrides=QUICK), lambda: now[0])
        outbox, told = Outbox({"hosts": 20}, {"hosts": {"team": "core"}}, page="http://127.0.0.1:9880/"), []

        def hear(events):
            for event in events:
                outbox.hear(event, now[0], news=not job.health.learning)

        for _ in range(40):
            job.catch_up(hear)
            outbox.settle("hosts")
            told.append(outbox.due(now[0], {"hosts"}))
            now[0] += MINUTE
    firing = [
        [one for one in alerts if at(one["endsAt"]) > BEGIN + row * MINUTE] for row, alerts in enumerate(told)
    ]
    storms = [one for alerts in firing for one in alerts if one["labels"]["alertname"] == "UnusualFleet"]
    most = max(len(alerts) for alerts in firing)
    assert most == 21
    during = [one for alerts in firing[5:15] for one in alerts]
    names = {one["labels"]["entity"] for one in during if "entity" in one["labels"]}
    assert len(names) == 20
    assert {one["startsAt"] for one in storms} == {storms[0]["startsAt"]}
    assert storms[0]["annotations"]["summary"].startswith(
        "200 alerts at once in job hosts, 20 of them told: host-0, "
    )
    assert storms[0]["labels"] == {"alertname": "UnusualFleet", "job": "hosts", "team": "core"}
    fired, resolved = set(), set()
    for row, alerts in enumerate(told):
        for one in alerts:
            over = at(one["endsAt"]) <= BEGIN + row * MINUTE
            (resolved if over else fired).add((one["startsAt"], json.dumps(one["labels"])))
    assert resolved == fired
    assert len(fired) < 50
    assert not told[-1]


def test_of_two_alerts_with_the_same_labels_the_one_that_fires_is_told():
    """To an Alertmanager they are the same one."""
    from sre_anomaly.records import Alert
    from sre_anomaly.service.telling.event import Event

    outbox = Outbox({"hosts": 20}, {})
    first = Alert(1, BEGIN, BEGIN, BEGIN + MINUTE, BEGIN, 9.0, 3.0, flags=1, metric="cpu", reason="high")

    def hear(alert, now):
        outbox.hear(Event("hosts", "a", {"instance": "a"}, alert, now), now)

    hear(first, BEGIN)
    outbox.due(BEGIN, {"hosts"})
    hear(first.closing(), BEGIN + MINUTE)
    second = Alert(
        2, BEGIN + MINUTE, BEGIN + MINUTE, BEGIN + 2 * MINUTE, BEGIN, 9.0, 3.0, flags=1, metric="cpu"
    )
    hear(second, BEGIN + MINUTE)
    (told,) = outbox.due(BEGIN + MINUTE, {"hosts"})
    assert at(told["startsAt"]) == BEGIN + MINUTE
    assert at(told["endsAt"]) > BEGIN + 2 * MINUTE
    hear(second.closing(), BEGIN + 3 * MINUTE)
    assert {at(one["startsAt"]) for one in outbox.due(BEGIN + 3 * MINUTE, {"hosts"})} == {
        BEGIN,
        BEGIN + MINUTE,
    }
    assert outbox.due(BEGIN + 4 * MINUTE + LASTS, {"hosts"}) == []


@pytest.mark.slow
def test_a_real_alertmanager_pages_once_and_resolves(tmp_path):
    """At most a step and five seconds after the row that fires, and once more when it is over."""
    text = """
route: {receiver: test, group_wait: 0s, group_interval: 1s, repeat_interval: 1h, group_by: ['...']}
receivers: [{name: test, webhook_configs: [{url: HOOK, send_resolved: true}]}]
"""
    broken = []

    def value(metric, entity, time):
        hit = broken and entity == "b" and broken[0] <= time < broken[0] + SECOND
        return 10.0 + noise(metric, entity, time) + (40.0 if hit else 0.0)

    with real_alertmanager(tmp_path, text) as (manager, _, told), fleet(value, ["a", "b"]) as server:
        path, url, _ = settings_file(
            tmp_path,
            server.url,
            manager,
            pages_per_week=4.0,
            overrides=["detector.memory=1s", "alerts.bridge=5s", "threshold.bridge=5s"],
        )
        with service(path) as (_, log):
            until(lambda: ready(url), said=log)
            time.sleep(2)
            broken.append(time.time_ns() // SECOND * SECOND + 2 * SECOND)
            until(lambda: of_b(told), said=log)
            when, alert = of_b(told)[0]
            assert (alert["status"], alert["labels"]["alertname"]) == ("firing", "UnusualMetric")
            row = at(alert["startsAt"])
            assert broken[0] <= row < broken[0] + 6 * SECOND
            late = (when - row) / SECOND
            assert late < 1.0 + 5.0
            until(lambda: len(of_b(told)) > 1, 90, said=log)
            when, alert = of_b(told)[1]
            assert alert["status"] == "resolved"
            assert when - broken[0] < 80 * SECOND
            time.sleep(3)
            assert len(of_b(told)) == 2
    print(f"{late:.2f} s after the row")


def of_b(told):
    """Return when the receiver heard of the host that broke, and what; a chance alert of the other does not count."""
    return [
        (when, alert)
        for when, message in told
        for alert in message["alerts"]
        if alert["labels"]["entity"] == "b"
    ]


@pytest.mark.parametrize(
    ("user", "good", "tls"),
    [
        ("me", "Basic " + base64.b64encode(b"me:s3cr3t-w3b").decode(), True),
        pytest.param(None, "Bearer s3cr3t-w3b", False, marks=pytest.mark.slow),
    ],
    ids=["password", "token"],
)
def test_who_may_look(tmp_path, monkeypatch, user, good, tls):
    """With a password or a token everything but the probes is closed, over TLS too; no secret is said anywhere."""
    program = shutil.which("openssl")
    if not program:
        pytest.skip("openssl is not installed")
    command = f"{program} req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=127.0.0.1"
    subprocess.run(
        [*command.split(), "-addext", "subjectAltName=IP:127.0.0.1"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    monkeypatch.setenv("WEB_SECRET", "s3cr3t-w3b")
    monkeypatch.setenv("SOURCE_SECRET", "s3cr3t-s0urc3")
    source = {
        "user": "reader",
        "secret_env": "SOURCE_SECRET",
        "headers": {"X-Scope": "s3cr3t-h3ad3r"},
        "timeout": "5s",
    }
    with fleet(lambda *_: 1.0, ["a"]) as server:
        web = {"secret_env": "WEB_SECRET"} | ({"user": user} if user else {})
        web |= {"tls_certificate": "cert.pem", "tls_key": "key.pem"} if tls else {}
        path, url, settings = settings_file(
            tmp_path, server.url, web=web, source={"url": server.url} | source
        )
        if tls:
            url = url.replace("http:", "https:")
            context = ssl.create_default_context(cafile=tmp_path / "cert.pem")
            opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))
            monkeypatch.setattr(urllib.request, "urlopen", opener.open)
        with service(path) as (_, log):
            until(partial(ready, url), said=log)
            assert get(f"{url}/healthz")[0] == 200
            for place in (
                "/",
                "/metrics",
                "/api/v1/alerts",
                "/api/v1/jobs/hosts",
                "/nowhere",
                "/healthz/",
            ):
                for wrong in (
                    {},
                    {"Authorization": good + "x"},
                    {"Authorization": "Basic !"},
                    {"Authorization": "é"},
                ):
                    code, text = get(url + place, headers=wrong)
                    assert (code, text) == (401, "not allowed\n")
                if place not in ("/nowhere", "/healthz/"):
                    assert get(url + place, headers={"Authorization": good})[0] == 200
            assert get(f"{url}/-/reload", b"")[0] == 401
            server.away = True
            time.sleep(1.5)
            path.write_text(yaml.safe_dump(settings).replace("timeout: 5s", "timeout: soon"))
            texts = [
                get(url + place, headers={"Authorization": good})[1]
                for place in ("/", "/metrics", "/api/v1/jobs/hosts")
            ]
            texts.append(get(f"{url}/-/reload", b"", headers={"Authorization": good})[1])
            assert "timeout" in texts[-1]
            assert not [text for text in (*texts, log()) if "s3cr3t" in text]
