"""What an Alertmanager hears: alerts again and again while they fire, then that they are over; outages are told once."""

import json
import time
from contextlib import contextmanager

import pytest

from loopback import reply, serving
from sre_anomaly.clock import in_nanoseconds, iso
from sre_anomaly.errors import ConfigError
from sre_anomaly.live import alertmanager as module
from sre_anomaly.live.alertmanager import Alertmanager

NOW = in_nanoseconds("2024-01-31T14:00:00Z")
MINUTE = 60 * 10**9


@contextmanager
def standing():
    """Yield a server that keeps what is posted, and answers with its ``code``."""

    def keep(handler, body):
        server.heard.append((handler.path, json.loads(body)))
        reply(handler, server.code)

    with serving(keep) as server:
        server.heard, server.code = [], 200
        yield server


def told(event, number=1, metric="cpu", start=NOW, end=NOW + MINUTE):
    return {
        "event": event, "id": number, "start": iso(start), "fired": iso(start), "end": iso(end), "peak": iso(start),
        "peak_score": 5.0, "peak_level": 3.0, "flags": 2, "metric": metric, "reason": f"{metric} = 99",
    }  # fmt: skip


def until(true):
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(module, "EVERY_SECONDS", 0.05)
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.0)


@pytest.mark.usefixtures("quick")
def test_an_alert_is_told_while_it_fires_and_a_while_after():
    """The end is in five minutes until it is over; some time after it is forgotten."""
    clock = [NOW]
    with standing() as server:
        one = Alertmanager(server.url + "/", "checkout", print, lambda: clock[0])
        one.hear(told("opened"))
        until(lambda: len(server.heard) >= 3)
        path, (alert,) = server.heard[-1]
        assert path == "/api/v2/alerts"
        assert alert["labels"] == {"alertname": "UnusualMetric", "experiment": "checkout", "metric": "cpu"}
        assert alert["annotations"]["summary"] == "cpu = 99"
        assert (alert["startsAt"], alert["endsAt"]) == ("2024-01-31T14:00:00Z", "2024-01-31T14:05:00Z")
        one.hear(told("changed"))
        one.hear(told("opened", 2, metric="disk"))
        until(lambda: len(server.heard[-1][1]) == 2)
        assert [alert["labels"]["metric"] for alert in server.heard[-1][1]] == ["cpu", "disk"]
        clock[0] += 3 * MINUTE
        one.hear(told("closed", end=NOW + 2 * MINUTE))
        until(lambda: server.heard[-1][1][0]["endsAt"] == "2024-01-31T14:02:00Z")
        assert server.heard[-1][1][1]["endsAt"] == "2024-01-31T14:08:00Z"
        clock[0] += 6 * MINUTE
        until(lambda: [alert["labels"]["metric"] for alert in server.heard[-1][1]] == ["disk"])
        one.close()


@pytest.mark.usefixtures("quick")
def test_an_alert_goes_on_with_the_metric_that_is_furthest_out():
    """Label and summary speak of the same metric; the one that it began with is over, also where a restart forgot it."""
    clock = [NOW]
    with standing() as server:
        one = Alertmanager(server.url, "checkout", print, lambda: clock[0])
        one.hear(told("opened"))
        until(lambda: len(server.heard) >= 1)
        clock[0] += MINUTE
        one.hear(told("changed", metric="latency"))
        until(lambda: len(server.heard[-1][1]) == 2)
        ends = {alert["labels"]["metric"]: alert["endsAt"] for alert in server.heard[-1][1]}
        assert ends == {"cpu": "2024-01-31T14:01:00Z", "latency": "2024-01-31T14:06:00Z"}
        one.hear(told("closed", metric="latency", end=NOW + MINUTE))
        one.close()
        assert all(alert["endsAt"] == "2024-01-31T14:01:00Z" for alert in server.heard[-1][1])


def test_an_alert_arrives_soon_and_small_changes_go_with_what_is_sent_again():
    """What opens is there within two seconds; what is not worth a line is sent with its words of now, but not at once."""
    with standing() as server:
        one = Alertmanager(server.url, "checkout", print, lambda: NOW)
        began = time.monotonic()
        one.hear(told("opened"))
        until(lambda: len(server.heard) == 1)
        assert time.monotonic() - began < 2
        one.hear(told("changed") | {"reason": "cpu = 101"}, now=False)
        time.sleep(1.3)
        assert len(server.heard) == 1
        one.close()
        assert server.heard[-1][1][0]["annotations"]["summary"] == "cpu = 101"


@pytest.mark.usefixtures("quick")
def test_an_outage_is_told_once():
    """Nobody is told each minute that the server is away; what fires is told when it is back."""
    said = []
    with standing() as server:
        server.code = 503
        one = Alertmanager(server.url, "checkout", said.append)
        one.hear(told("opened"))
        until(lambda: len(server.heard) >= 3)
        server.code = 200
        until(lambda: len(said) == 2)
        one.close()
    assert "HTTP 503, which is no success; trying again" in said[0]
    assert said[1].endswith("reached again")


@pytest.mark.usefixtures("quick")
def test_what_was_over_long_ago_is_told_to_nobody():
    """A monitor that catches up on the past and meets an end without a beginning has no news."""
    with standing() as server:
        one = Alertmanager(server.url, "checkout", print, lambda: NOW)
        one.hear(told("closed", start=NOW - 60 * MINUTE, end=NOW - 50 * MINUTE))
        one.hear(told("opened", 2))
        one.close()
        assert [[alert["endsAt"] for alert in heard] for _, heard in server.heard] == [
            ["2024-01-31T14:05:00Z"]
        ]


def test_no_address():
    """A mistake is told in one line before anything begins."""
    with pytest.raises(
        ConfigError, match="alertmanager=localhost:9093: is no address; write one such as http://"
    ):
        Alertmanager("localhost:9093", "checkout", print)


def test_the_monitor_tells_it(command, tmp_path, monkeypatch):
    """A run's model, a pipe with a spike, and one alert at the server by the time that the command ends."""
    import io
    import sys

    import pandas as pd

    words = ["experiment=prometheus_week", "features=raw", "forecaster=none", "alerts=every_flag"]
    assert command(*words)[0] == 0
    scores = pd.read_parquet(next((tmp_path / "outputs" / "latest").glob("scores.parquet")))
    begin = pd.Timestamp.now("UTC").floor("min") - pd.Timedelta("2min")
    rows = [(begin, 50.0), (begin + pd.Timedelta("1min"), 10 * float(scores["cpu_usage_percent"].max()))]
    lines = [json.dumps({"time": when.isoformat(), "cpu_usage_percent": value}) for when, value in rows]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("\n".join(lines).encode())))
    with standing() as server:
        code, _, err = command("monitor", "model=outputs/latest/model", f"alertmanager={server.url}")
    assert code == 0, err
    (alert,) = server.heard[-1][1]
    assert alert["labels"]["metric"] == "cpu_usage_percent"
    assert alert["labels"]["experiment"] == "prometheus_week"
    assert in_nanoseconds(alert["endsAt"]) == in_nanoseconds(rows[1][0].to_pydatetime()) + MINUTE
