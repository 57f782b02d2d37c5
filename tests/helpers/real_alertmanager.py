"""A real Alertmanager that tells a receiver of the test's own, and what it told as the simulation would put it."""

import json
import shutil
import socket
import subprocess
import time
import urllib.request
from contextlib import contextmanager

import pytest

from loopback import reply, serving
from sre_anomaly.backtesting.alertmanager.grouping import Notification


def free_port():
    """Return a port that nobody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


@contextmanager
def running(command, url):
    """Run a server until the block ends; wait until its address answers."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(400):
                try:
                    urllib.request.urlopen(url, timeout=1).close()
                    break
                except OSError:
                    assert process.poll() is None, f"{command[0]} ended at once"
                    time.sleep(0.05)
            yield
        finally:
            process.terminate()


def program(name):
    """Return where a program is; skip the test where it is not."""
    found = shutil.which(name)
    if not found:
        pytest.skip(f"{name} is not installed (Debian's package of that name)")
    return found


@contextmanager
def alertmanager(folder, text):
    """Yield an Alertmanager's address, when it started and what it tells, for a configuration with HOOK as address."""
    command, port, told = program("prometheus-alertmanager"), free_port(), []

    def keep(handler, body):
        told.append((time.time_ns(), json.loads(body)))
        reply(handler, 200)

    with serving(keep) as hook:
        path = folder / "am.yml"
        path.write_text(text.replace("HOOK", hook.url))
        flags = [
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
            f"--storage.path={folder / 'am'}",
        ]
        started = time.time_ns()
        with running([command, f"--config.file={path}", *flags], f"http://127.0.0.1:{port}/-/ready"):
            yield f"http://127.0.0.1:{port}", started, told


def post(url, alerts):
    """Send alerts."""
    body = json.dumps(alerts).encode()
    request = urllib.request.Request(f"{url}/api/v2/alerts", body, {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=5).close()


def as_notifications(told):
    """Return what a receiver was told; what kind each was is seen from the one before to the same receiver and group."""
    found, before = [], {}
    for at, message in told:
        group = tuple(sorted(message["groupLabels"].items()))
        alerts = {"firing": [], "resolved": []}
        for alert in message["alerts"]:
            alerts[alert["status"]].append(tuple(sorted(alert["labels"].items())))
        firing, resolved = set(alerts["firing"]), set(alerts["resolved"])
        last_firing, last_resolved = before.get((message["receiver"], group), (set(), set()))
        if not firing:
            kind = "resolved"
        elif firing - last_firing:
            kind = "new"
        else:
            kind = "fewer" if resolved - last_resolved else "repeat"
        before[message["receiver"], group] = firing, resolved
        found.append(Notification(at, message["receiver"], group, tuple(sorted(firing)), len(resolved), kind))
    return found


def assert_same(real, simulated, tolerance):
    """Each group's notifications are the same, one after the other, each within the tolerance in ns."""

    def by_group(notifications):
        groups = {}
        for one in notifications:
            groups.setdefault((one.receiver, one.group), []).append(one)
        return groups

    def said(one):
        return one.kind, one.firing, one.resolved

    real, simulated = by_group(real), by_group(simulated)
    for key in sorted(real | simulated):
        ours, theirs = simulated.get(key, []), real.get(key, [])
        assert [said(one) for one in theirs] == [said(one) for one in ours], key
        late = [(one.time - other.time) / 1e9 for one, other in zip(theirs, ours, strict=True)]
        assert all(abs(one) < tolerance / 1e9 for one in late), (key, late)
