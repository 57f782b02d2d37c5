"""The alerts that a replay finds are those that a running Prometheus has had, to one evaluation."""

import json
import threading
import time
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from prometheus_server import needs_prometheus, prometheus
from sre_anomaly.backtesting.rules.asking import Asking
from sre_anomaly.backtesting.rules.replay import replay_rule
from sre_anomaly.io.prometheus import Prometheus
from sre_anomaly.promql.recorded import by_name
from sre_anomaly.promql.rule_file import read_rules

SECOND = 10**9
SETTLES, LASTS = 6, 42
"""Seconds that a server has to begin with, and after which it is stopped."""
HIGH = [(9, 17), (20, 22)]
"""Seconds between which the load is high: once for long, and once for less than a rule waits."""
AWAY = (28, 35)
CONFIG = """
global: {{scrape_interval: 1s, scrape_timeout: 900ms, evaluation_interval: 1s}}
rule_files: [rules.yml]
scrape_configs: [{{job_name: app, static_configs: [{{targets: ["127.0.0.1:{port}"]}}]}}]
"""
RULES = """
groups:
  - name: app
    rules:
      - {record: 'load:all', expr: "sum(load) # of all hosts"}
      - {record: 'load:most', expr: '6.5'}
      - {alert: AtOnce, expr: load > 3}
      - {alert: Lasts, expr: load > 3, for: 3500ms, annotations: {summary: '{{ $labels.host }} has {{ $value }}'}}
      - {alert: Kept, expr: load > 3, keep_firing_for: 4s}
      - {alert: Away, expr: up == 0, for: 2s}
      - {alert: Absent, expr: 'absent(load{host="a"})'}
      - {alert: Grows, expr: 'rate(done_total[4s]) > 2', for: 1s}
      - {alert: Recorded, expr: 'load:all > 0.7 * on() load:most', for: 1s}
      - {alert: Labelled, expr: load >= 0, labels: {level: '{{ if gt $value 3.0 }}high{{ else }}low{{ end }}'}}
"""


class App(BaseHTTPRequestHandler):
    """Shows what the script says of this second."""

    begun = 0.0

    def do_GET(self):
        """Answer as an exporter does."""
        at = time.time() - self.begun
        high = any(start <= at < stop for start, stop in HIGH)
        done = sum(max(0.0, min(at, stop) - start) for start, stop in HIGH)
        body = f'load{{host="a"}} {5 if high else 1}\ndone_total{{host="a"}} {at + 4 * done}\n'
        self.send_response(503 if AWAY[0] <= at < AWAY[1] else 200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        """Write nothing."""


class AtItsTimes:
    """A server that is asked at the times at which its own group of rules is evaluated."""

    def __init__(self, url, offset):
        """Offset: nanoseconds after each whole second."""
        self.server, self.url, self.offset = Prometheus(url), url, offset

    def samples(self, expression, first, last, step):
        """Answer as if whole seconds had been asked for."""
        series, more = self.server.samples(expression, first + self.offset, last + self.offset, step)
        return [(labels, at - self.offset, values) for labels, at, values in series], more


def firing_of(url, end):
    """Return the seconds at which the server evaluated each alert as firing, and how far behind a whole second that was."""
    query = urllib.parse.urlencode({"query": f'ALERTS{{alertstate="firing"}}[{2 * LASTS}s]', "time": end})
    with urllib.request.urlopen(f"{url}/api/v1/query?{query}") as answer:
        result = json.load(answer)["data"]["result"]
    found, offset = {}, 0
    for series in result:
        labels = {
            name: text for name, text in series["metric"].items() if name not in ("__name__", "alertstate")
        }
        times = [round(at * 1000) for at, _ in series["values"]]
        offset = times[0] % 1000
        found[tuple(sorted(labels.items()))] = [at // 1000 for at in times]
    return found, offset * SECOND // 1000


def spans(seconds):
    """Return the first and last second of each unbroken run; one evaluation may be missing on a busy machine."""
    runs = []
    for at in seconds:
        if runs and at - runs[-1][1] <= 2:
            runs[-1][1] = at
        else:
            runs.append([at, at])
    return runs


@pytest.mark.slow
@needs_prometheus
def test_alerts_equal_those_of_a_running_server(tmp_path):
    """Eight rules over forty seconds: `for`, `keep_firing_for`, absent, rate, recorded metrics, a label with a condition."""
    app = ThreadingHTTPServer(("127.0.0.1", 0), App)
    threading.Thread(target=app.serve_forever, daemon=True).start()
    (tmp_path / "rules.yml").write_text(RULES)
    config = CONFIG.format(port=app.server_port)
    try:
        with prometheus(tmp_path, {"old": [(int(time.time()) - 7200, 1)]}, config) as url:
            App.begun = time.time()
            time.sleep(LASTS)
            first, last = int(App.begun) + SETTLES, int(time.time()) - 1
            server, offset = firing_of(url, last + 1)
            rules = read_rules(tmp_path / "rules.yml", SECOND)
            asking = Asking(AtItsTimes(url, offset), say=print)
            ours = {}
            for rule in rules:
                if not rule.records:
                    for one in replay_rule(
                        rule, by_name(rules), asking, first * SECOND, last * SECOND
                    ).firings():
                        ours.setdefault(one.labels, []).extend(range(one.fired // SECOND, one.end // SECOND))
                        assert rule.name != "Lasts" or one.summary == "a has 5"
    finally:
        app.shutdown()
        app.server_close()
    assert {dict(labels)["alertname"] for labels in ours} == {rule.name for rule in rules if not rule.records}
    assert ours.keys() == server.keys()
    for labels, seconds in server.items():
        known = [at for at in seconds if first <= at <= last]
        found, wanted = spans([at for at in ours[labels] if at <= last]), spans(known)
        assert len(found) == len(wanted), (labels, found, wanted)
        for mine, real in zip(found, wanted, strict=True):
            assert mine == pytest.approx(real, abs=1), (labels, found, wanted)
