"""The alerts that a replay finds on eight days of history are those of `promtool test rules` on the same series."""

import math

import numpy as np
import pytest
import yaml

from prometheus_server import needs_prometheus, prometheus, promtool
from sre_anomaly.backtesting.rules.asking import Asking
from sre_anomaly.backtesting.rules.replay import replay_rule
from sre_anomaly.io.prometheus import Prometheus
from sre_anomaly.promql.recorded import by_name
from sre_anomaly.promql.rule_file import read_rules

MINUTE = 60_000_000_000
STEP = 300
START = 4 * 7 * 86_400
"""Whole weeks after 1970, so that hours and weekdays are those of promtool, which begins in 1970."""
COUNT = 8 * 288 + 1
DAYS = 2 * 86_400
RULES = """
groups:
  - name: recorded
    interval: 5m
    rules:
      - record: job:requests:rate15m
        expr: sum by (job) (rate(requests_total[15m]))
      - record: job:errors:share
        expr: sum by (job) (rate(errors_total[15m])) / job:requests:rate15m
        labels: {kind: "share $1"}
  - name: alerts
    interval: 5m
    rules:
      - {alert: AtOnce, expr: load > 1.8}
      - {alert: Lasts, expr: load > 1.2, for: 20m, labels: {severity: page}}
      - {alert: Kept, expr: load > 1.7, for: 5m, keep_firing_for: 30m}
      - {alert: KeptLong, expr: load > 1.9, keep_firing_for: 6h}
      - {alert: Away, expr: 'absent(up{job="api"})', for: 5m}
      - {alert: Down, expr: up == 0, for: 10m, labels: {team: '{{ $labels.job | toUpper }}'}}
      - {alert: Resets, expr: 'rate(requests_total[15m]) < 0.8', for: 10m}
      - {alert: Fast, expr: 'irate(requests_total[15m]) > 2.2'}
      - {alert: Slow, expr: 'histogram_quantile(0.9, sum by (le, job) (rate(seconds_bucket[30m]))) > 0.4', for: 15m}
      - {alert: ByLabels, expr: 'max by (job) (load) - on(job) min by (job) (load) > 0.9', for: 5m}
      - {alert: Recorded, expr: 'job:requests:rate15m{job=~"ap.*"} < 1.6', for: 10m}
      - {alert: RecordedShare, expr: 'job:errors:share{job!="db",kind="share $1"} > 0.08', for: 10m}
      - {alert: RecordedWindow, expr: 'avg_over_time(job:requests:rate15m[1h]) < 1.7', for: 30m}
      - {alert: RecordedBefore, expr: 'job:requests:rate15m < 0.8 * job:requests:rate15m offset 1h', for: 10m}
      - {alert: Night, expr: 'load > 1 and on() (hour() < 6)', for: 10m}
      - {alert: Unless, expr: 'load > 1.1 unless on(job) up == 0', for: 15m, keep_firing_for: 10m}
      - {alert: InLabel, expr: 'round(load) > 1', labels: {level: '{{ $value }}'}, annotations: {summary: '{{ $labels.job }}: {{ $value | humanize }}'}}
"""


def history():
    """Return eight days of made-up series with holes, resets and outages."""
    draw = np.random.default_rng(7)
    at = START + STEP * np.arange(COUNT)
    day = np.sin(2 * np.pi * np.arange(COUNT) / 288)
    series = {}
    for job in ("api", "db"):
        for host in ("a", "b"):
            labels = f'job="{job}",instance="{host}"'
            load = np.round(0.8 + 0.5 * day + 0.25 * draw.standard_normal(COUNT).cumsum() * 0.2 % 1, 3)
            load[draw.random(COUNT) < 0.02] += 1
            up = np.ones(COUNT)
            for begin in draw.integers(0, COUNT, 12):
                up[begin : begin + draw.integers(1, 8)] = 0
            grows = np.where(up > 0, draw.integers(200, 700, COUNT), 0)
            total = grows.cumsum()
            for begin in draw.integers(0, COUNT, 6):
                total[begin:] -= total[begin]
            total = np.abs(total)
            broken = (grows * np.where(draw.random(COUNT) < 0.05, 0.5, 0.02)).astype(int).cumsum()
            there = np.ones(COUNT, dtype=bool)
            for begin in draw.integers(0, COUNT, 8):
                there[begin : begin + draw.integers(1, 20)] = False
            if job == "api":
                there[1000:1015] = False
            fast = (grows * (0.9 - 0.4 * (draw.random(COUNT) < 0.2))).astype(int).cumsum()
            many = {
                f"load{{{labels}}}": load, f"up{{{labels}}}": up, f"requests_total{{{labels}}}": total,
                f"errors_total{{{labels}}}": broken, f'seconds_bucket{{{labels},le="0.1"}}': fast // 2,
                f'seconds_bucket{{{labels},le="0.5"}}': fast, f'seconds_bucket{{{labels},le="+Inf"}}': grows.cumsum(),
            }  # fmt: skip
            series |= {name: (at[there].tolist(), column[there].tolist()) for name, column in many.items()}
    return series


@pytest.fixture(scope="module")
def replayed(tmp_path_factory):
    """Return the rules, their alerts in seconds from the start of the history, and the history."""
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "rules.yml").write_text(RULES)
    series = history()
    samples = {name: list(zip(*columns, strict=True)) for name, columns in series.items()}
    rules = read_rules(folder / "rules.yml", MINUTE)
    first = START * 10**9
    last = first + (COUNT - 1) * STEP * 10**9
    with prometheus(folder, samples) as url:
        asking = Asking(Prometheus(url), say=print)
        found = {
            rule.name: replay_rule(rule, by_name(rules), asking, first, last).firings()
            for rule in rules
            if not rule.records
        }
    return folder, found, series


def checks(alert, firings, end):
    """Return tests of promtool that hold if an alert fires in these intervals (seconds) and at no other evaluation."""
    by_labels = {}
    for one in firings:
        by_labels.setdefault(one.labels, []).append(
            range(one.fired // 10**9 - START, one.end // 10**9 - START, STEP)
        )
    chosen = f'ALERTS{{alertname="{alert}",alertstate="firing"}}'
    out = []
    for stop in range(DAYS, end + DAYS, DAYS):
        # Windows of two days that do not overlap: how many evaluations, and the sum of their times.
        window = f"[{DAYS - 1}s:{STEP}s]"
        for text, measure in {
            f"count_over_time({chosen}{window})": len,
            f"sum_over_time(timestamp({chosen}){window})": sum,
        }.items():
            wanted = []
            for labels, spans in by_labels.items():
                times = [time for span in spans for time in span if stop - DAYS < time <= stop]
                shown = {**dict(labels), "alertstate": "firing"}
                if times:
                    pairs = ", ".join(f"{name}={_quoted(value)}" for name, value in sorted(shown.items()))
                    wanted.append({"labels": "{" + pairs + "}", "value": measure(times)})
            out.append({"expr": text, "eval_time": f"{stop}s", "exp_samples": wanted})
    return out


def _quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _values(times, values):
    column = [math.nan] * COUNT
    for at, value in zip(times, values, strict=True):
        column[(at - START) // STEP] = value
    return " ".join("_" if math.isnan(value) else f"{value:.10g}" for value in column)


@needs_prometheus
def test_alerts_equal_those_of_promtool(replayed):
    """Seventeen rules: `for`, `keep_firing_for`, absent, rate over resets, quantiles, recording rules, labels with values."""
    folder, found, series = replayed
    end = (COUNT - 1) * STEP
    assert len(found) == 17
    assert all(found.values()), {name for name, firings in found.items() if not firings}
    tests = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": f"{STEP}s",
        "tests": [
            {
                "interval": f"{STEP}s",
                "input_series": [
                    {"series": name, "values": _values(*columns)} for name, columns in series.items()
                ],
                "promql_expr_test": [
                    one for name, firings in found.items() for one in checks(name, firings, end)
                ],
            }
        ],
    }
    (folder / "tests.yml").write_text(yaml.safe_dump(tests, width=10**9))
    assert "SUCCESS" in promtool("test", "rules", "tests.yml", cwd=folder)


@needs_prometheus
def test_the_check_can_fail(replayed):
    """One evaluation more in one alert, and promtool says that it is not so."""
    folder, _, _ = replayed
    tests = yaml.safe_load((folder / "tests.yml").read_text())
    one = next(test for test in tests["tests"][0]["promql_expr_test"] if test["exp_samples"])
    one["exp_samples"][0]["value"] += 1
    tests["tests"][0]["promql_expr_test"] = [one]
    (folder / "wrong.yml").write_text(yaml.safe_dump(tests, width=10**9))
    assert "FAILED" in promtool("test", "rules", "wrong.yml", cwd=folder, fails=True)
