"""The command ``serve`` as a process of its own, and an Alertmanager of the test's own that keeps what it hears."""

import json
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import yaml

from loopback import reply, serving
from real_alertmanager import free_port


def settings_file(folder, url, alertmanager=None, listen=None, web=None, **job):
    """Write ``watch.yaml`` of a job with steps of a second and return its path, its address and what it holds."""
    listen = listen or f"127.0.0.1:{free_port()}"
    settings = {
        "state": "state", "alerts_file": "alerts.jsonl", "web": {"listen": listen, **(web or {})},
        "jobs": [{
            "name": "hosts", "source": {"url": url, "timeout": "20s"}, "metrics": {"cpu": "cpu", "wait": "wait"},
            "entity": ["instance"], "step": "1s", "wait": "1s", "learn": "10m", "pages_per_week": 100_000.0,
            "overrides": ["alerts.bridge=15s", "threshold.bridge=15s"], **job,
        }],
    }  # fmt: skip
    if alertmanager:
        settings["alertmanager"] = alertmanager
    path = folder / "watch.yaml"
    path.write_text(yaml.safe_dump(settings))
    return path, f"http://{listen}", settings


def start(path, log):
    """Start the command and return its process."""
    command = [Path(sys.executable).with_name("sre-anomaly"), "serve", f"config={path}"]
    return subprocess.Popen(command, stdout=log, stderr=log, cwd=path.parent)


@contextmanager
def service(path):
    """Run the command until the block ends, gracefully stopped then; yield its process and a function that reads its log."""
    with (path.parent / "log").open("ab") as log:
        process = start(path, log)
        try:
            yield process, (path.parent / "log").read_text
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def get(url, data=None, headers=None, timeout=10):
    """Return the code and the text of an answer."""
    request = urllib.request.Request(url, data, headers or {})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def until(true, seconds=60, said=lambda: ""):
    """Wait until a function returns something true, and return that."""
    end = time.monotonic() + seconds
    while True:
        try:
            if found := true():
                return found
        except OSError:
            pass
        assert time.monotonic() < end, f"waited in vain\n{said()}"
        time.sleep(0.05)


def ready(url):
    """Return whether a service has gone over its past."""
    return get(f"{url}/readyz")[0] == 200


def metric(url, line, headers=None):
    """Return the number of a line of the metrics that begins so, None where there is none."""
    for one in get(f"{url}/metrics", headers=headers)[1].splitlines():
        if one.startswith(line):
            return float(one.split()[-1])
    return None


@contextmanager
def alertmanager():
    """Yield what keeps alerts that are posted: ``heard`` of (time, alert), and answers with its ``code``."""

    def keep(handler, body):
        server.heard += [(time.time(), alert) for alert in json.loads(body)]
        reply(handler, server.code)

    with serving(keep) as server:
        server.heard, server.code = [], 200
        yield server
