"""Metrics from a Prometheus: what is asked, what its answers become, what goes wrong, and what is told live."""

import json
import re
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs

import numpy as np
import pandas as pd
import pytest

import sre_anomaly
from loopback import reply, serving
from sre_anomaly.clock import in_nanoseconds
from sre_anomaly.config.build import build
from sre_anomaly.config.compose import composed
from sre_anomaly.errors import DataError
from sre_anomaly.live.prometheus_poll import SETTLED, poll

ROOT = Path(__file__).parents[2]
END = 1_706_709_600
"""2024-01-31 14:00 UTC."""
MOST = 11_000


def waves(expression, times):
    """Return a daily wave whose height depends on the expression, with noise that is the same at the same time."""
    noise = np.array([np.random.default_rng(int(time)).normal() for time in times])
    return 50 + len(expression) + 10 * np.sin(times / 86_400 * 2 * np.pi) + noise


def series(expression, times, **labels):
    return {
        "metric": labels,
        "values": [
            [t, repr(v)] for t, v in zip(times.tolist(), waves(expression, times).tolist(), strict=True)
        ],
    }


def usual(path, asked):
    """Give every expression one series, and two to ``two``; ``none`` and what names it have none."""
    if path.endswith("/values"):
        names = ["web1:9100", 'we"b2\\'] if "instance" in path else ["node_load1", "node_load5"]
        return 200, {"status": "success", "data": names}
    first, last, step = (float(asked[key]) for key in ("start", "end", "step"))
    times = first + step * np.arange(round((last - first) / step) + 1)
    if len(times) > MOST:
        return 400, {"status": "error", "errorType": "bad_data", "error": "exceeded maximum resolution"}
    if asked["query"] == "bad(":
        return 400, {"status": "error", "errorType": "bad_data", "error": "1:5: parse error:\nunclosed"}
    found = [] if "node_lod" in asked["query"] else [series(asked["query"], times, instance="a")]
    if asked["query"] == "two":
        found.append(series("two", times, instance="b", job="x"))
    return 200, {"status": "success", "data": {"resultType": "matrix", "result": found}, "warnings": ["slow"]}


@contextmanager
def standing(answer=usual):
    """Yield a server that answers as a Prometheus does; what it was asked is in ``asked``."""

    def respond(handler, body):
        path, _, query = handler.path.partition("?")
        asked = {key: value[0] for key, value in parse_qs(body.decode() or query).items()}
        server.asked.append((path, asked, dict(handler.headers)))
        code, content = server.reply(path, asked)
        elsewhere = {"Location": "http://elsewhere.example/"} if 300 <= code < 400 else {}
        reply(
            handler,
            code,
            content if isinstance(content, bytes) else json.dumps(content).encode(),
            **elsewhere,
        )

    with serving(respond) as server:
        server.asked, server.reply = [], answer
        yield server


def source(url, *overrides, metrics="[node_load1,node_load5]", name="prometheus"):
    words = [
        f"data={name}",
        f"data.url={url}",
        f"data.metrics={metrics}",
        "data.end='2024-01-31 14:00'",
        *overrides,
    ]
    return build("data", composed(words)["data"])


def test_all_rows_arrive_however_many():
    """Two weeks of minutes are asked for in pieces that a server allows, and become one regular frame."""
    with standing() as server:
        (frame,) = source(server.url).frames()
        ranges = [asked for path, asked, _ in server.asked if path == "/api/v1/query_range"]
    assert frame.metrics == ("node_load1", "node_load5")
    assert len(frame) == 14 * 1440
    assert frame.time[-1] == pd.Timestamp("2024-01-31 14:00", tz="UTC")
    assert {asked["query"] for asked in ranges} == set(frame.metrics)
    assert len(ranges) == 6
    expected = waves("node_load5", frame.time.asi8 // 10**9)
    np.testing.assert_array_equal(frame.values[:, 1], expected)
    assert "data.metrics.node_load1: slow" in frame.notes


def test_gaps_infinities_and_a_late_beginning():
    """What is no number is missing, short gaps are bridged, and rows before the first value are left out."""

    def reply(path, asked):
        code, content = usual(path, asked)
        values = content["data"]["result"][0]["values"]
        del values[:60]
        values[100][1], values[200][1] = "+Inf", "NaN"
        del values[300:400]
        return code, content

    with standing(reply) as server:
        (frame,) = source(server.url, "data.last=10h", metrics="[up]").frames()
    assert len(frame) == 540
    missing = np.isnan(frame.values[:, 0])
    assert missing[300:400].all()
    assert missing.sum() == 100
    assert any(
        "there are values from 2024-01-31 05:01 to 2024-01-31 14:00 UTC only" in note for note in frame.notes
    )


def test_secrets_are_sent_and_written_nowhere(command, tmp_path, monkeypatch):
    """A token or a password comes from the environment; neither the record nor any file of a run has it."""
    monkeypatch.setenv("MY_TOKEN", "s3cr3t")
    with standing() as server:
        words = [
            "experiment=prometheus",
            f"data.url={server.url}",
            "data.metrics=[node_load1]",
            "data.last=2d",
        ]
        words += ["data.secret_env=MY_TOKEN", "data.headers={X-Scope-OrgID: team}", "forecaster=none"]
        code, out, err = command(*words)
        assert code == 0, err
        assert command(*words, "data.user=me")[0] == 0
        sent = [headers for _, _, headers in server.asked]
    assert {headers["Authorization"] for headers in sent} == {"Bearer s3cr3t", "Basic bWU6czNjcjN0"}
    assert {headers["X-Scope-Orgid"] for headers in sent if "X-Scope-Orgid" in headers} == {"team"}
    assert "input=prometheus" in out
    files = [path for path in Path(tmp_path).rglob("*") if path.is_file()]
    assert files
    assert not any(b"s3cr3t" in path.read_bytes() for path in files)


WRONG = {
    "refused": ("{a: 'bad('}", [], "data.metrics.a: 'bad(' is refused: 1:5: parse error: unclosed"),
    "two series": (
        "[two]",
        [],
        "gives 2 series, which differ by instance, job: choose one, as with {instance=",
    ),
    "no such metric": (
        "{x: 'sum by (job) (rate(node_lod1{instance=~\"a.*\"}[5m]))'}",
        [],
        "no metric is called 'node_lod1': did you mean 'node_load1'",
    ),
    "no metric": ("[]", [], "data.metrics: name at least one"),
    "end": ("[up]", ["data.end=soon"], "data.end: 'soon' is no time"),
    "ahead": ("[up]", ["data.end=2199-01-01"], "data.end: '2199-01-01' lies ahead; leave it out"),
    "time zone": ("[up]", ["data.timezone=Europe/Berln"], "'Europe/Berln'; did you mean Europe/Berlin?"),
    "short": ("[up]", ["data.last=1m"], "data.last: 1 min is shorter than two steps of 1 min"),
    "step": ("[up]", ["data.step=0s"], "data.step"),
    "secret": ("[up]", ["data.secret_env=NOT_SET"], "no environment variable 'NOT_SET'"),
    "user": ("[up]", ["data.user=me"], "data.user: name the environment variable"),
    "address": ("[up]", ["data.url=localhost:9090"], "data.url: 'localhost:9090' is no address"),
    "password": ("[up]", ["data.url=http://me:secret@localhost"], "no names and passwords here"),
    "nobody": ("[up]", ["data.url=http://127.0.0.1:9"], "does not answer (Connection refused)"),
    "fleet": ("[up]", ["data=prometheus_fleet"], 'write {instance="$instance"} in it'),
}


@pytest.mark.parametrize(("metrics", "overrides", "expected"), WRONG.values(), ids=WRONG)
def test_mistakes_are_told_in_one_line(command, metrics, overrides, expected):
    """What is wrong, where, and what would be right."""
    with standing() as server:
        words = ["experiment=prometheus", f"data.url={server.url}", f"data.metrics={metrics}", *overrides]
        code, _, err = command(*words)
    assert code == 2
    assert expected in err
    assert len(err.strip().splitlines()) == 1


ANSWERS = {
    "no json": (200, b"<html>login</html>", "answers, but not as a Prometheus does"),
    "other json": (
        200,
        {"status": "success", "data": {"result": [{"values": 3}]}},
        "not as a Prometheus does",
    ),
    "other page": (404, b"not found", "HTTP 404; write the address before /api/v1"),
    "locked": (401, b"", "does not let us in (HTTP 401); put a token or a password"),
    "moved": (301, b"", "points to http://elsewhere.example/; name that address"),
    "busy": (503, {"status": "error", "error": "query timed out"}, "answers HTTP 503: query timed out"),
}


@pytest.mark.parametrize(("code", "content", "expected"), ANSWERS.values(), ids=ANSWERS)
def test_strange_answers(code, content, expected):
    """A server that is none, or does not let us in, is told of."""
    with standing(lambda *_: (code, content)) as server, pytest.raises(DataError, match=re.escape(expected)):
        list(source(server.url, metrics="[up]").frames())


def test_what_people_type_for_an_address_and_a_metric():
    """The part of the API may stand in the address; one metric needs no list; steps below the scrapes are told."""

    def reply(path, asked):
        asked["step"] = str(4 * float(asked["step"]))
        code, content = usual(path, asked)
        values = content["data"]["result"][0]["values"]
        first, step = values[0][0], (values[1][0] - values[0][0]) / 4
        content["data"]["result"][0]["values"] = [
            [first + step * place, values[place // 4][1]] for place in range(4 * len(values) - 3)
        ]
        return code, content

    with standing(reply) as server:
        (frame,) = source(server.url + "/api/v1/", "data.last=2h", metrics="up").frames()
    assert frame.metrics == ("up",)
    assert any(
        "is data.step (1 min) shorter than the time between two scrapes?" in note for note in frame.notes
    )


def test_the_file_of_the_readme_works(command, tmp_path):
    """What the README shows is asked for as it stands there."""
    shown = re.search(
        r"```yaml\n(defaults: \[prometheus\]\n.*?)```",
        (ROOT / "docs" / "how-to" / "prometheus.md").read_text(),
        re.DOTALL,
    )[1]
    (tmp_path / "conf" / "data").mkdir(parents=True)
    (tmp_path / "conf" / "data" / "checkout.yaml").write_text(shown)
    with standing() as server:
        code, out, err = command(
            "experiment=prometheus", "data=checkout", f"data.url={server.url}", "data.last=2d"
        )
        asked = {asked["query"] for _, asked, _ in server.asked}
    assert code == 0, err
    assert "3 metrics (requests, errors, p99)" in " ".join(out.split())
    assert 'sum(rate(http_requests_total{job="checkout"}[5m]))' in asked


def test_a_wrong_token_is_called_wrong(monkeypatch):
    """Who has named a secret need not be told to name one."""
    monkeypatch.setenv("MY_TOKEN", "wrong")
    with (
        standing(lambda *_: (401, b"")) as server,
        pytest.raises(DataError, match="what stands in MY_TOKEN right"),
    ):
        list(source(server.url, "data.secret_env=MY_TOKEN", metrics="[up]").frames())


def test_a_fleet_is_asked_host_by_host(command, tmp_path):
    """Each value of the label is a series; whatever stands in it stays one text of the expression."""
    metrics = """{load: 'node_load1{instance="$instance"}'}"""
    with standing() as server:
        fleet = source(server.url, "data.last=1h", metrics=metrics, name="prometheus_fleet")
        names = fleet.names()
        fleet.read(names[0])
        assert server.asked[-1][1]["query"] == 'node_load1{instance="we\\"b2\\\\"}'
        lost = source(server.url, metrics=metrics.replace("load1", "lod1"), name="prometheus_fleet")
        with pytest.raises(DataError, match=r"the hosts are those of data\.match=up"):
            lost.read(names[0])
        words = ["experiment=fleet", "data=prometheus_fleet", f"data.url={server.url}", "data.last=1d"]
        words += [f"data.metrics={metrics}", "corpus.jobs=1"]
        code, _, err = command(*words)
    assert code == 0, err
    table = pd.read_csv(next(Path(tmp_path).glob("outputs/fleet/*/series.csv")))
    assert sorted(table["series"]) == sorted(names)


def test_a_host_without_values_is_refused_alone(command, tmp_path):
    """The other hosts go on; where all lack values, that is one line."""
    with standing() as server:
        names = source(
            server.url, metrics="""{l: 'node_load1{instance="$instance"}'}""", name="prometheus_fleet"
        ).names()
        lacking = [names[0].replace("\\", "\\\\").replace('"', '\\"')]

        def reply(path, asked):
            code, content = usual(path, asked)
            if any(name in asked.get("query", "") for name in lacking):
                content["data"]["result"] = []
            return code, content

        server.reply = reply
        words = [
            "experiment=fleet",
            "data=prometheus_fleet",
            f"data.url={server.url}",
            "data.last=1d",
            "corpus.jobs=1",
        ]
        words += ["""data.metrics={load: 'node_load1{instance="$instance"}'}"""]
        code, _, err = command(*words)
        assert code == 0, err
        lacking = ["node_load1"]
        code, _, none = command(*words)
    table = pd.read_csv(next(Path(tmp_path).glob("outputs/fleet/*/series.csv"))).set_index("series")
    assert table["status"].value_counts().to_dict() == {"completed": len(names) - 1, "refused": 1}
    assert "has no value from" in table.loc[names[0], "error"]
    assert code == 2
    assert len(none.strip().splitlines()) < 4, none


def test_trials_see_the_same_rows(command):
    """A sweep over rows that go on until now is refused, and told what to add."""
    with standing() as server:
        words = [
            "experiment=prometheus",
            f"data.url={server.url}",
            "data.metrics=[node_load1]",
            "forecaster=none",
        ]
        words += ["sweep=contamination", "split=chronological", "hydra.sweeper.n_trials=2"]
        code, _, err = command(*words)
        assert code == 2
    assert re.search(r"go on until now; add data\.end=\d{4}-\d\d-\d\dT\d\d:\d\d:00Z", err)


@pytest.fixture
def watched(command, tmp_path):
    """Return a monitor of a model that learned two days from a server, and the server."""
    with standing() as server:
        words = ["experiment=prometheus", f"data.url={server.url}", "data.metrics=[node_load1,node_load5]"]
        words += ["data.last=2d", "data.end='2024-01-31 14:00'", "features=rolling", "forecaster=none"]
        # A detector that learns nothing while it runs: its monitor warms up on the past.
        words += ["detector=gaussian", "alerts=incident"]
        code, _, err = command(*words)
        assert code == 0, err
        yield sre_anomaly.load_monitor(tmp_path / "outputs" / "latest" / "model"), server


def test_a_monitor_asks_for_what_is_new(watched):
    """It warms up on the past, goes on row by row, says what a run would, and outlives a server that is away."""
    monitor, server = watched
    clock, said, rows = [END * 10**9 + 3600 * 10**9 + SETTLED], [], []

    def now():
        return clock[0]

    lines = poll(monitor, lambda: False, said.append, now)
    lookback = monitor.model.features.lookback
    rows += [json.loads(next(lines)) for _ in range(lookback + 1)]
    assert rows[-1]["time"] == "2024-01-31T15:00:00Z"
    clock[0] += 60 * 10**9
    rows.append(json.loads(next(lines)))
    assert rows[-1]["time"] == "2024-01-31T15:01:00Z"
    frame = next(iter(source(server.url, "data.end='2024-01-31 15:01'", "data.last=2d").frames()))
    for row, values in zip(rows, frame.values[-len(rows) :], strict=True):
        assert [row["node_load1"], row["node_load5"]] == values.tolist()
        result = monitor.update(row["time"], row)
    assert result.status == "ok"
    assert monitor.due == (END + 3720) * 10**9


def test_a_server_that_is_away_is_asked_again(watched, monkeypatch):
    """Once it has answered, an outage is told once, and nothing of the time is lost."""
    monitor, server = watched
    monkeypatch.setattr("sre_anomaly.live.prometheus_poll._wait", lambda *_: away.pop())
    clock, said, away = [END * 10**9 + SETTLED], [], [1, 2, 3]

    def reply(path, asked):
        if away and clock[0] > END * 10**9 + SETTLED:
            return 503, b""
        return usual(path, asked)

    server.reply = reply
    lines = poll(monitor, lambda: False, said.append, lambda: clock[0])
    for _ in range(monitor.model.features.lookback + 1):
        next(lines)
    clock[0] += 300 * 10**9
    times = [json.loads(next(lines))["time"] for _ in range(5)]
    assert times == [f"2024-01-31T14:0{minute}:00Z" for minute in range(1, 6)]
    told = [line for line in said if "warns" not in line]
    assert len(told) == 2
    assert "HTTP 503" in told[0]
    assert "answers again" in told[1]
    assert said.count("the server warns: data.metrics.node_load1: slow") == 1


def test_a_server_that_is_away_at_the_start_is_waited_for(watched, monkeypatch):
    """A monitor that starts before its server, as after a power cut, does not end."""
    monitor, server = watched
    away = [1, 2]
    monkeypatch.setattr("sre_anomaly.live.prometheus_poll._wait", lambda *_: away.pop())
    server.reply = lambda *asked: (503, b"") if away else usual(*asked)
    said = []
    assert b"time" in next(poll(monitor, lambda: False, said.append, lambda: END * 10**9 + SETTLED))
    assert [("503" in line, "again" in line) for line in said[:2]] == [(True, True), (False, True)]


def test_a_metric_that_is_gone_is_told(watched):
    """With no value for five rows a metric is told of once, and when it has values again."""
    monitor, server = watched
    gone = [True]

    def reply(path, asked):
        code, content = usual(path, asked)
        if asked["query"] == "node_load5" and gone[0]:
            content["data"]["result"] = []
        return code, content

    server.reply = reply
    clock, said = [END * 10**9 + SETTLED], []
    lines = poll(monitor, lambda: False, said.append, lambda: clock[0])
    for _ in range(monitor.model.features.lookback + 1):
        next(lines)
    for minute in range(6):
        clock[0] += 60 * 10**9
        gone[0] = minute < 4
        assert (json.loads(next(lines))["node_load5"] is None) == gone[0]
    told = [line for line in said if "warns" not in line]
    assert len(told) == 2
    assert told[0].startswith("node_load5 has had no value since 2024-01-31T")
    assert told[1] == "node_load5 has values again"


def test_a_shorter_wait_asks_earlier(watched):
    """With 5 s a row is there five seconds after its time, and not before."""
    monitor, _ = watched
    clock, stop = [END * 10**9 + 65 * 10**9 - 1], []
    lines = poll(monitor, lambda: stop, print, lambda: clock[0], wait=5 * 10**9)
    rows = [json.loads(next(lines)) for _ in range(monitor.model.features.lookback + 1)]
    assert in_nanoseconds(rows[-1]["time"]) == END * 10**9
    stop.append(True)
    assert next(lines, None) is None
    clock[0] += 1
    first = next(poll(monitor, lambda: False, print, lambda: clock[0], wait=5 * 10**9))
    assert in_nanoseconds(json.loads(first)["time"]) == in_nanoseconds(rows[0]["time"]) + 60 * 10**9


def test_nothing_to_ask(watched, command):
    """A server that is not there at the start, or a model of something else, ends it with one line."""
    monitor, server = watched
    server.reply = lambda *_: (404, b"")
    with pytest.raises(DataError, match="HTTP 404"):
        next(poll(monitor, lambda: False, print, lambda: END * 10**9 + SETTLED))
    assert command("experiment=prometheus_week", "features=rolling", "forecaster=none")[0] == 0
    code, _, err = command("monitor", "model=outputs/latest/model", "input=prometheus")
    assert code == 2
    assert "this model was trained on data=prometheus_week" in err
