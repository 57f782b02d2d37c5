"""The whole way: a run, its model, and `sre-anomaly monitor` in processes of its own."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from sre_anomaly.cli.main import main

COMMAND = [sys.executable, "-c", "from sre_anomaly.cli.main import main; main()", "monitor"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return a folder with a finished run of the Prometheus week."""
    folder = tmp_path_factory.mktemp("trained")
    before = Path.cwd()
    os.chdir(folder)
    try:
        main(["experiment=prometheus_week", "features=rolling", "features.windows=[5]", "forecaster=none"])
    finally:
        os.chdir(before)
    return folder


def _lines(trained, rows):
    scores = pd.read_parquet(trained / "outputs/latest/scores.parquet")[rows]
    times = scores["time"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    lines = [
        json.dumps({"time": t, "cpu_usage_percent": v})
        for t, v in zip(times, scores["cpu_usage_percent"], strict=True)
    ]
    return scores, lines


def _monitor(trained, lines, *words):
    return subprocess.run(
        [*COMMAND, "model=outputs/latest/model", *words],
        cwd=trained, input="\n".join(lines) + "\n", capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_command_gives_the_scores_of_the_run(trained):
    """Scores from the pipe equal those in the run's scores.parquet."""
    scores, lines = _lines(trained, slice(4950, 5100))
    done = _monitor(trained, lines)
    assert done.returncode == 0
    told = [json.loads(line) for line in done.stdout.splitlines()]
    answered = [point for point in told if point.get("status") == "ok"]
    expected = scores["score"].to_numpy()[-len(answered) :]
    assert [point["score"] for point in answered] == pytest.approx(expected, abs=1e-9)
    assert any(event["event"] == "opened" for point in told for event in point.get("alerts", []))
    assert "150 lines read" in done.stderr


def test_fuzzed_lines_never_stop_it(trained):
    """Ten thousand lines of rubbish among good ones are each in exactly one count."""
    draw = random.Random(0)
    rubbish = [
        "{", "[]", "null", '"text"', "{}", '{"time": null}', '{"time": "soon"}', '{"time": 1e999, "cpu_usage_percent": 1}',
        '{"time": 1704067200, "cpu_usage_percent": "high"}', '{"time": 1704067200, "cpu_usage_percent": 1e400}',
        '{"time": 1704067200, "cpu_usage_percent": NaN}', '{"time": 1704067200, "cpu_usage_percent": [1]}',
        '{"time": "9999-01-01T00:00:00Z", "cpu_usage_percent": 1}', '{"time": "1970-01-01T00:00:00Z"}', "", "\x00\x01",
    ]  # fmt: skip
    lines = []
    for number in range(10_000):
        if draw.random() < 0.5:
            lines.append(draw.choice(rubbish))
        else:
            second = 1_704_067_200 + 60 * (number - draw.choice([0, 0, 0, 1, 50]))
            lines.append(
                json.dumps({"time": second, "cpu_usage_percent": draw.choice([40, None, 1e300, -5])})
            )
    done = _monitor(trained, lines)
    assert done.returncode == 0
    summary = done.stderr.splitlines()[-1]
    counts = [
        int(word) for part in summary.split(": ", 2)[2].split(";")[0].split(", ") for word in part.split()[:1]
    ]
    assert "10000 lines read" in summary
    assert sum(counts) == 10_000
    assert "Traceback" not in done.stderr


def test_kill_nine_loses_nothing_that_was_saved(trained, tmp_path):
    """Killed without warning and started again, it goes on from the last saved point as if nothing happened."""
    _, lines = _lines(trained, slice(4900, 5200))
    state = tmp_path / "state"
    process = subprocess.Popen(
        [*COMMAND, "model=outputs/latest/model", f"state={state}", "every=10"],
        cwd=trained, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    process.stdin.write("\n".join(lines[:120]) + "\n")
    process.stdin.flush()
    deadline = time.monotonic() + 120
    while not state.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    while json.loads(state.read_text())["seen"] < 100 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    whole = [json.loads(line) for line in _monitor(trained, lines).stdout.splitlines()]
    done = _monitor(trained, lines, f"state={state}")
    rest = [json.loads(line) for line in done.stdout.splitlines()]
    resumed = {p["time"]: p["score"] for p in rest if p.get("status") == "ok"}
    uninterrupted = {p["time"]: p["score"] for p in whole if p.get("status") == "ok"}
    assert len(resumed) >= 180
    assert all(uninterrupted[moment] == score for moment, score in resumed.items())
