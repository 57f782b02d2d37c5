"""What plain names say, and what the owner says against them."""

from dataclasses import replace
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from sre_anomaly.config.build import build_parts
from sre_anomaly.config.compose import composed
from sre_anomaly.errors import ConfigError
from sre_anomaly.frame import MetricFrame
from sre_anomaly.io.owner_knows import Names, OwnerKnows
from sre_anomaly.known import Known


@pytest.fixture(scope="module")
def usual():
    """Return the names that ship with the product."""
    return Names(**composed(["experiment=csv", "data.path=x"])["data"]["by_name"])


class TestNames:
    """A guess is made only where the name is plain: a wrong one would hide an incident."""

    PLAIN: ClassVar = {
        "above": [
            "errors", "http_errors_total", "errorRate", "HTTPErrors", "latency", "latency_p99", "LatencyMs", "failed_requests",
            "http_request_duration_seconds", "httpRequestDuration", "job:request_latency_seconds:mean5m", "queue.age", "http_5xx",
        ],
        "below": ["disk_free", "node_filesystem_avail_bytes", "diskFreePercent", "free_space"],
    }  # fmt: skip

    @pytest.mark.parametrize(
        ("side", "name"), [(side, name) for side, names in PLAIN.items() for name in names]
    )
    def test_plain(self, usual, side, name):
        """A name of errors, time or free space is understood however it is written."""
        assert usual.known(name).direction == side

    @pytest.mark.parametrize(
        "name",
        [
            "requests", "cpu", "value", "error_budget_remaining", "error_free_sessions", "seconds_since_errors", "noErrors",
            "http_request_duration_seconds_count", "http_request_duration_seconds_bucket", "session_duration", "backup_duration",
            "prediction_error", "latency_slo_met_ratio", "mean_time_between_failures", "free_connections", "memory_free", "terrors",
        ],
    )  # fmt: skip
    def test_not_plain(self, usual, name):
        """A name that could mean something else says nothing."""
        assert usual.known(name) == Known()

    def test_percent(self, usual):
        """A share of a disk or of memory is possible from 0 to 100; that of a CPU may be more, and a name without percent says nothing."""
        assert (
            usual.known("disk_used_percent").possible == usual.known("mem_used_pct").possible == (0.0, 100.0)
        )
        for name in ("cpu_percent", "process_cpu_percent", "disk_used", "memory_used_bytes"):
            assert usual.known(name).possible is None


@pytest.mark.parametrize(
    "words",
    [
        ["experiment=csv", "data.path=x.csv"],
        ["experiment=fleet", "data.path=x/*.csv"],
        ["experiment=prometheus", "data.metrics={cpu: a, errors: b}"],
        ["experiment=fleet", "data=prometheus_fleet", 'data.metrics={errors: "a{x=\\"$instance\\"}"}'],
        ["experiment=log_metrics", "data.path=x.log"],
        ["experiment=csv", "data=inject", "data.base.path=x.csv"],
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_every_source_of_own_metrics_can_be_told(words):
    """Wherever a user's metrics come from, the same three keys say what is known of them."""
    base = "data.base" if "data=inject" in words else "data"
    source = build_parts(composed([*words, f"{base}.known.errors.weight=2", f"{base}.calendar=a.ics"])).data
    source = getattr(source, "base", source)
    told = replace(source, calendar=None).told(_frame("errors"))
    assert told.known["errors"] == Known("above", weight=2.0)
    assert [str(path) for path in source.calendar_paths] == ["a.ics"]


def _frame(*metrics):
    clock = pd.date_range("2024-01-01", periods=10, freq="5min", tz="UTC")
    return MetricFrame("x", clock, np.zeros((10, len(metrics))), metrics)


def test_the_owner_has_the_last_word(usual):
    """What is said of a metric stands, and its name fills in the rest; the line tells what is taken from names only."""
    source = OwnerKnows(
        known={"errors": Known("both"), "latency": Known(least_change=5.0), "requests": None}, by_name=usual
    )
    frame = source.told(_frame("errors", "latency", "requests", "disk_free"))
    assert frame.known["errors"].direction == "both"
    assert frame.known["latency"] == Known("above", least_change=5.0)
    assert "requests" not in frame.known
    assert frame.by_name.startswith(
        "By their names: latency (only above matters), disk_free (only below matters); data.known"
    )


def test_names_can_be_ignored():
    """Without the table nothing is guessed and nothing is said."""
    frame = OwnerKnows(by_name=None).told(_frame("errors"))
    assert (frame.known, frame.by_name) == ({}, "")


def test_what_is_known_of_no_metric():
    """A metric that is not there is refused with the one that may be meant."""
    with pytest.raises(
        ConfigError, match=r"data\.known\.erors: no metric is called so; did you mean 'errors'"
    ):
        OwnerKnows(known={"erors": Known()}).told(_frame("errors"))


def test_what_is_possible_has_an_order():
    """A lowest above the highest would make every value impossible."""
    with pytest.raises(ValueError, match="the lowest, 100, has to be below the highest, 0"):
        Known(possible=(100.0, 0.0))


def test_the_command_line_adds_to_yaml(tmp_path, monkeypatch):
    """What is given for one metric leaves what a preset of the user says of others, and other things of the same, as they are."""
    preset = "# @package _global_\ndefaults: [csv, _self_]\ndata:\n  path: x\n  known: {latency: {least_change: 5}, errors: {weight: 2}}\n"
    (tmp_path / "conf" / "experiment").mkdir(parents=True)
    (tmp_path / "conf" / "experiment" / "mine.yaml").write_text(preset)
    monkeypatch.chdir(tmp_path)
    for word in (
        "data.known={latency: {direction: above}, cpu: {weight: 0}}",
        "data.known.latency.direction=above",
    ):
        known = composed(["experiment=mine", word])["data"]["known"]
        assert known["latency"] == {"least_change": 5, "direction": "above"}
        assert known["errors"] == {"weight": 2}
