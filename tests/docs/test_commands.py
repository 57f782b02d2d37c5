"""Every command of the README and the docs runs, in the order in which it stands there, on files as the page describes them."""

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from prometheus_server import prometheus

ROOT = Path(__file__).parents[2]
LEFT_OUT = ("explanation/", "glossary.md")
PAGES = [ROOT / "README.md"] + [
    path
    for path in sorted((ROOT / "docs").rglob("*.md"))
    if not str(path.relative_to(ROOT / "docs")).startswith(LEFT_OUT) and "```sh" in path.read_text()
]
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
ELSEWHERE = {
    "make ": "the commands of the checkout itself; CI types them",
    "pip install": "installing is CI's",
    "sre-anomaly experiment=nab_benchmark": "tests/benchmark runs it, on data that are not here",
    "sre-anomaly score-nab": "tests/benchmark",
    "sre-anomaly sweep=xgboost": "tests/sweeps; minutes",
    "sre-anomaly sweep=detectors": "tests/sweeps; minutes",
    "sre-anomaly compare outputs/system_metrics/FOLDER_A": "names folders of the reader",
    "sre-anomaly experiment=cloudwatch_live": "tests/data/test_cloudwatch.py; needs an account",
    "sre-anomaly experiment=fleet data=cloudwatch_fleet": "tests/data/test_cloudwatch.py; needs an account",
    "sre-anomaly prune": "tests/cli/test_runs.py; removes what the next command needs",
}
"""Begin of a command, and why this test does not type it."""
NEEDS_SERVER = (
    "http://prometheus:9090",
    "experiment=prometheus",
    "data=checkout",
    "data=hosts",
    "input=prometheus",
    "watch.yaml",
)
ENDLESS = ("sre-anomaly serve", "follow=true", "input=prometheus")
SECONDS = 240
DATA = Path(os.environ.get("SRE_ANOMALY_DATA", "/nowhere"))
DATA_OF = {"experiment=log_levels": "loghub", "classify": "loghub", "experiment=cloudwatch": "nab"}
"""Public data that a command reads, which the reader downloads; what follows from it needs them too."""


def commands(text):
    """Return (kind, content) of the blocks of a page in their order; lines of a shell joined where they go on."""
    for match in BLOCK.finditer(text):
        indent, language, content = match.groups()
        lines = [line.removeprefix(indent) for line in content.splitlines()]
        if language == "sh":
            for line in "\n".join(lines).replace("\\\n", " ").splitlines():
                if line.strip():
                    yield "sh", line.strip()
        elif language in ("yaml", "json", "python"):
            named = re.findall(r"conf/[\w/]+\.yaml", text[: match.start()])
            yield language, (named[-1] if named and language == "yaml" else "", "\n".join(lines))


def bring(folder):
    """Write the files that the pages take for the reader's own."""
    noise = np.random.default_rng(3)
    rows = 8 * 288
    clock = pd.date_range("2024-03-08", periods=rows, freq="5min", tz="UTC")
    day = np.sin(2 * np.pi * np.arange(rows) / 288)
    table = pd.DataFrame(
        {
            "time": clock,
            "cpu": 40 + 9 * day + noise.normal(0, 1, rows),
            "latency": 120 + noise.normal(0, 4, rows),
        }
    )
    table.loc[1000:1010, "cpu"] += 45
    table.loc[1500:1508, "latency"] += 200
    table["was_broken"] = 0
    table.loc[1000:1010, "was_broken"] = 1
    labelled = table.copy()
    for begin in range(100, rows, 90):
        labelled.loc[begin : begin + 6, "cpu"] += 40
        labelled.loc[begin : begin + 6, "was_broken"] = 1
    labelled.to_csv(folder / "labelled.csv", index=False)
    plain = table.drop(columns="was_broken")
    plain.to_csv(folder / "my_metrics.csv", index=False)
    (folder / "checkout.csv").write_bytes((folder / "my_metrics.csv").read_bytes())
    for name in ("metrics", "labels"):
        (folder / name).mkdir()
    for host in ("web1", "web2"):
        plain.to_csv(folder / "metrics" / f"{host}.csv", index=False)
        (folder / "labels" / f"{host}.json").write_text('[["2024-03-11 11:00", "2024-03-11 12:30"]]')
    hosts = pd.concat([plain.assign(instance=name) for name in ("a:9100", "b:9100")])
    hosts.to_csv(folder / "metrics.csv", index=False)
    (folder / "incidents.json").write_text(
        '[["2024-03-11 11:00", "2024-03-11 12:30"], ["2024-03-13 04:50", "2024-03-13 05:50"]]'
    )
    (folder / "maintenance.json").write_text('[["2024-03-10 01:00", "2024-03-10 02:00"]]')
    (folder / "holidays.ics").write_text(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//a//b//\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20240101T000000Z\r\n"
        "DTSTART;VALUE=DATE:20240309\r\nDTEND;VALUE=DATE:20240310\r\nSUMMARY:day off\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    plain.tail(50).to_json(folder / "points.jsonl", orient="records", lines=True, date_format="iso")
    (folder / "lines.txt").write_text("Connection refused by 10.0.0.3\nstarted worker 7\n")
    words = ["INFO request served in 12 ms", "INFO cache refreshed", "WARN slow query took 900 ms"]
    log = [f"2024-03-10 {n // 60 % 24:02d}:{n % 60:02d}:00 {words[n % 3]}" for n in range(1400)]
    log[700:700] = [f"2024-03-10 11:40:{n:02d} ERROR payment gateway timed out" for n in range(40)]
    (folder / "app.log").write_text("\n".join(log) + "\n")
    (folder / "alerts.yml").write_text(
        "groups:\n- name: g\n  rules:\n  - alert: HighLoad\n    expr: node_load1 > 3\n    for: 5m\n    labels: {severity: page}\n"
    )
    shutil.copytree(ROOT / "deploy", folder / "deploy", dirs_exist_ok=True)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Yield the address of a Prometheus with two weeks of the metrics that the pages name; None where there is none."""
    if shutil.which("prometheus") is None:
        yield None
        return
    now = int(time.time()) // 60 * 60
    # An hour ahead, so that a server has values now for as long as these tests run.
    times = range(now - 15 * 86_400, now + 3600, 60)
    noise = np.random.default_rng(5)
    load = 1.2 + 0.4 * np.sin(np.arange(len(times)) / 229) + noise.normal(0, 0.05, len(times))
    load[15_000:15_030] += 4
    count = np.cumsum(noise.poisson(120, len(times)))
    idle = np.cumsum(np.full(len(times), 48.0) + noise.normal(0, 1, len(times)))
    free = 4e9 + 2e8 * np.sin(np.arange(len(times)) / 229)
    series = {
        'node_cpu_seconds_total{instance="a:9100",mode="idle",cpu="0"}': list(
            zip(times, idle.round(2), strict=True)
        ),
        'node_memory_MemAvailable_bytes{instance="a:9100"}': list(zip(times, free.round(), strict=True)),
        'node_memory_MemTotal_bytes{instance="a:9100"}': [(at, 8e9) for at in times],
        'node_load1{instance="a:9100",job="node"}': list(zip(times, load.round(4), strict=True)),
        'http_requests_total{job="checkout",code="200"}': list(zip(times, count, strict=True)),
        'http_requests_total{job="checkout",code="500"}': list(
            zip(times, np.cumsum(noise.poisson(1, len(times))), strict=True)
        ),
        'http_request_duration_seconds_bucket{job="checkout",le="0.1"}': list(zip(times, count, strict=True)),
        'http_request_duration_seconds_bucket{job="checkout",le="+Inf"}': list(
            zip(times, count + 5, strict=True)
        ),
    }
    with prometheus(tmp_path_factory.mktemp("prometheus"), series) as url:
        yield url


def not_here(line, server):
    """Return why a command is not typed here; None where it is."""
    if why := next((told for begin, told in ELSEWHERE.items() if line.startswith(begin)), None):
        return why
    if server is None and any(sign in line for sign in NEEDS_SERVER):
        return "needs a Prometheus, which is not installed"
    lacks = [name for sign, name in DATA_OF.items() if sign in line and not (DATA / name).is_dir()]
    return f"needs {lacks[0]}, which is not in SRE_ANOMALY_DATA" if lacks else None


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=[str(path.relative_to(ROOT)) for path in PAGES])
def test_the_commands_of_a_page(page, tmp_path, server):
    """Each is typed as it stands there; it ends with 0, and complains of nothing that a reader would have to mend."""
    bring(tmp_path)
    left = []
    for language, content in commands(page.read_text()):
        if language == "yaml":
            name, text = content
            if name:
                (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / name).write_text(text.replace("http://prometheus:9090", server or ""))
        elif language == "json":
            (tmp_path / "incidents.json").write_text(content[1])
        elif language == "python":
            if "load_monitor" not in content[1] or (tmp_path / "outputs/latest/model").is_dir():
                typed(
                    f"python - <<'END'\nimport matplotlib; matplotlib.use('Agg')\n{content[1]}\nEND", tmp_path
                )
        else:
            why = not_here(content, server)
            if why:
                left.append(f"{content}: {why}")
                continue
            typed(content.replace("http://prometheus:9090", server or ""), tmp_path)
            if (watch := tmp_path / "watch.yaml").is_file():
                watch.write_text(watch.read_text().replace("http://localhost:9090", server or ""))
    print("\n".join(left))


def typed(line, folder):
    """Type a command; one that would never end is stopped as a user stops it, and has to end well then."""
    endless = (
        any(sign in line for sign in ENDLESS)
        and "check" not in line
        and "follow" not in line.partition("serve")[0][:0]
    )
    environment = {**os.environ, "PATH": f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}", "COLUMNS": "100"}
    if endless:
        line = f"timeout -s INT -k 20 12 {line}"
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    allowed = (0, 124, 130) if endless else (0,)
    assert done.returncode in allowed, f"$ {line}\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}"
