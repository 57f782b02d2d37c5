"""The simulation beside a real Alertmanager that is sent the same alerts, by the test or by a real Prometheus."""

import json
import time
import urllib.parse
import urllib.request
from itertools import groupby

import numpy as np
import pytest

from loopback import reply, serving
from real_alertmanager import alertmanager, as_notifications, assert_same, free_port, post, program, running
from sre_anomaly.backtesting.alertmanager.alertmanager_config import read_alertmanager
from sre_anomaly.backtesting.alertmanager.delivery import deliveries
from sre_anomaly.backtesting.alertmanager.grouping import notifications
from sre_anomaly.clock import in_nanoseconds, iso
from sre_anomaly.promql.firing import Firing, firing_intervals, runs_at

SECOND = 10**9
CONFIG = """
route:
  receiver: rest
  group_by: [alertname]
  group_wait: 500ms
  group_interval: 1s
  repeat_interval: 2s500ms
  routes:
  - receiver: pager
    matchers: ['page=~"y(es)?"']
    group_by: ['...']
    continue: true
  - receiver: copy
    match: {page: 'yes'}
    group_by: [job]
    group_wait: 1s500ms
  - receiver: mail
    match_re: {team: db|cache}
    group_by: [job]
    group_interval: 2s
    routes:
    - receiver: nobody
      matchers: [job=test]
  - receiver: rest
    matchers: [team=night]
    mute_time_intervals: [always]
  - receiver: rest
    matchers: [team=day]
    active_time_intervals: [always]
inhibit_rules:
- source_matchers: [severity="critical"]
  target_matchers: [severity="warning"]
  equal: [job]
- source_match: {alertname: Site}
  target_match_re: {alertname: Site|Host}
  equal: [site]
time_intervals:
- name: always
  time_intervals: [{}]
receivers:
- name: rest
  webhook_configs: [{url: HOOK}]
- name: pager
  webhook_configs: [{url: HOOK}]
- name: copy
  webhook_configs: [{url: HOOK, send_resolved: true}]
- name: mail
  webhook_configs: [{url: HOOK, send_resolved: false}]
- name: nobody
"""
SCRIPT = [
    (1, 10, "Slow job=x severity=warning"),  # told of, then inhibited, then repeated
    (3, 6, "Down job=x severity=critical"),
    (2, 5, "Slow job=y severity=warning"),  # comes later, ends sooner
    (4, 6, "Slow job=x severity=warning more=1"),  # inhibited as long as it fires
    (5, 11, "Slow job=z severity=info"),
    (1, 3, "Page page=yes job=a"),  # to two receivers; comes back before its groups are gone
    (5, 8, "Page page=yes job=a"),
    (2, 4, "Page page=y job=a"),  # to the first alone
    (6, 7, "Page page=yes job=b"),
    (1, 2, "Disk team=db job=d"),  # its end is not told of
    (4, 9, "Disk team=db job=d"),
    (5, 6, "Lag team=db job=d"),
    (1, 9, "Cold team=cache job=c"),
    (1, 9, "Disk team=db job=test"),
    (1, 9, "Night team=night"),
    (2, 4, "Day team=day"),
    (1, 8, "Site site=s"),  # matches both sides, so it does not inhibit itself
    (1, 5, "Host site=s"),
    (2, 7, "Host site=t"),
    (7, 8, "Host site=t"),
]
END = 12


def scripted(start):
    """Return the script's alerts as they fire from a time on."""
    for first, last, words in SCRIPT:
        name, *labels = words.split()
        pairs = [("alertname", name), *(tuple(pair.split("=")) for pair in labels)]
        at = start + first * SECOND
        yield Firing(tuple(sorted(pairs)), at, at, start + last * SECOND)


def send_all(url, arriving, end):
    """Send alerts as a Prometheus does, each when it is due."""
    for at, together in groupby(arriving, key=lambda one: one.time):
        if at >= end:
            break
        time.sleep(max(0, at - time.time_ns()) / 1e9)
        post(
            url,
            [
                {"labels": dict(one.labels), "startsAt": iso(one.fired)}
                | ({} if one.firing else {"endsAt": iso(at)})
                for one in together
            ],
        )
    time.sleep(max(0, end - time.time_ns()) / 1e9)


@pytest.mark.slow
def test_as_a_real_alertmanager(tmp_path):
    """Several routes, inhibition, silent times and resolved alerts: the same notifications in the same order."""
    with alertmanager(tmp_path, CONFIG) as (url, started, told):
        start = time.time_ns() // SECOND * SECOND + SECOND // 4
        end = start + END * SECOND
        firings = list(scripted(start))
        send_all(url, deliveries(firings, SECOND, 2 * SECOND), end)
        real = as_notifications(told)
    simulated = notifications(
        firings,
        read_alertmanager(tmp_path / "am.yml"),
        end,
        interval_ns=SECOND,
        resend_ns=2 * SECOND,
        start_ns=started,
    )
    assert {one.kind for one in simulated} == {"new", "fewer", "repeat", "resolved"}
    assert {one.receiver for one in simulated} == {"rest", "pager", "copy", "mail"}
    assert_same(real, simulated, tolerance=0.4 * SECOND)


RULES = """
groups:
- name: all
  rules:
  - record: evaluated
    expr: vector(1)
  - alert: High
    expr: level > 5
    for: 2s
    labels: {severity: warning}
  - alert: Very
    expr: level > 8
    keep_firing_for: 3s
    labels: {severity: critical}
"""
ROUTES = """
route: {receiver: all, group_by: [alertname], group_wait: 1500ms, group_interval: 4350ms, repeat_interval: 10s}
inhibit_rules: [{source_matchers: [severity=critical], target_matchers: [severity=warning], equal: [host]}]
receivers: [{name: all, webhook_configs: [{url: HOOK}]}]
"""
LEVELS = {"a": [(5, 20, 9), (20, 29, 7), (45, 55, 7), (75, 85, 7)], "b": [(8, 36, 7), (60, 70, 9)]}
MINUTES = 1.6


def level(host, second):
    """Return what the script has a host's level be."""
    return next((value for first, last, value in LEVELS[host] if first <= second < last), 1)


def asked(url, path, **words):
    """Return the series that a Prometheus answers with, by host."""
    with urllib.request.urlopen(f"{url}/api/v1/{path}?{urllib.parse.urlencode(words)}", timeout=10) as answer:
        result = json.load(answer)["data"]["result"]
    return {one["metric"].get("host"): [round(float(at) * 1000) for at, _ in one["values"]] for one in result}


def fired(url, times):
    """Return the firing intervals of the rules, from what Prometheus has of the metric at its evaluations."""
    for name, severity, limit, hold, keep in (("High", "warning", 5, 2, 0), ("Very", "critical", 8, 0, 3)):
        window = {"start": times[0] / 1000, "end": times[-1] / 1000, "step": 1}
        for host, held in asked(url, "query_range", query=f"level > {limit}", **window).items():
            labels = {
                "alertname": name,
                "host": host,
                "severity": severity,
                "instance": "level",
                "job": "level",
            }
            runs = runs_at(np.array(held) * 10**6, SECOND)
            until = int(times[-1]) * 10**6 + SECOND
            for found in firing_intervals(runs, SECOND, until, hold * SECOND, keep * SECOND):
                since, at, end, resolved = found
                yield Firing(tuple(sorted(labels.items())), since, at, end, resolved)


@pytest.mark.slow
def test_as_a_real_prometheus_sends_them(tmp_path):
    """Rules over a live metric, fed by a real Prometheus: what it sends and when, and the notifications that come of it."""
    prometheus, port, arrived = program("prometheus"), free_port(), []

    def listen(handler, body):
        arrived.extend((time.time_ns(), alert) for alert in json.loads(body))
        reply(handler, 200)

    def measure(handler, _):
        second = (time.time_ns() - begun) / SECOND
        text = "".join(f'level{{host="{host}"}} {level(host, second)}\n' for host in LEVELS)
        reply(handler, 200, text.encode(), **{"Content-Type": "text/plain"})

    begun = time.time_ns()
    url = f"http://127.0.0.1:{port}"
    with (
        serving(listen) as second,
        serving(measure) as metric,
        alertmanager(tmp_path, ROUTES) as (first, started, told),
    ):
        targets = [address.removeprefix("http://") for address in (first, second.url, metric.url)]
        (tmp_path / "rules.yml").write_text(RULES)
        (tmp_path / "prom.yml").write_text(
            "global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [rules.yml]\n"
            f"alerting: {{alertmanagers: [{{static_configs: [{{targets: {targets[:2]}}}]}}]}}\n"
            f"scrape_configs: [{{job_name: level, static_configs: [{{targets: {targets[2:]}, "
            "labels: {instance: level}}]}]"
        )
        flags = [f"--storage.tsdb.path={tmp_path / 'tsdb'}", "--rules.alert.resend-delay=3s"]
        command = [
            prometheus,
            f"--config.file={tmp_path / 'prom.yml'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        with running([*command, *flags], f"{url}/-/ready"):
            begun = time.time_ns()
            time.sleep(MINUTES * 60)
            times = np.array(asked(url, "query", query="evaluated[5m]")[None])
            assert set(np.diff(times)) == {1000}, "Prometheus left out an evaluation"
            firings = list(fired(url, times))
    end = int(times[-1]) * 10**6
    sent = [one for one in deliveries(firings, SECOND, 3 * SECOND) if one.time < end]
    # A real one is sent that an alert fires again and again; that is left out, as nothing changes by it.
    over = [at for at, alert in arrived if at < end and in_nanoseconds(alert["endsAt"]) <= at]
    expected = sorted(one.time for one in sent if not one.firing)
    assert np.abs(np.array(sorted(over)) - np.array(expected)).max() < SECOND / 2
    simulated = notifications(
        firings,
        read_alertmanager(tmp_path / "am.yml"),
        end,
        interval_ns=SECOND,
        resend_ns=3 * SECOND,
        start_ns=started,
    )
    assert_same([one for one in as_notifications(told) if one.time < end], simulated, tolerance=SECOND)
    assert {one.kind for one in simulated} == {"new", "fewer", "repeat", "resolved"}
