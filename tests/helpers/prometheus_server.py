"""A real Prometheus on this machine with a history that a test has made, and promtool."""

import shutil
import socket
import subprocess
import time
import urllib.request
from contextlib import contextmanager

import pytest

needs_prometheus = pytest.mark.skipif(
    not (shutil.which("prometheus") and shutil.which("promtool")),
    reason="prometheus and promtool are not installed (Debian's package prometheus)",
)


def openmetrics(series):
    """Return samples as OpenMetrics text: ``{'name{label="x"}': [(seconds, value), ...]}``."""
    by_name = {}
    for key, samples in series.items():
        by_name.setdefault(key.partition("{")[0], []).append((key, samples))
    lines = []
    for name, members in by_name.items():
        lines.append(f"# TYPE {name} unknown")
        lines += [f"{key} {value} {at}" for key, samples in members for at, value in samples]
    return "\n".join([*lines, "# EOF", ""])


@contextmanager
def prometheus(folder, series, config="global: {}\n", retention="10y"):
    """Yield the address of a Prometheus that knows some series; it is stopped by its process."""
    (folder / "history.om").write_text(openmetrics(series))
    (folder / "prometheus.yml").write_text(config)
    data = folder / "data"
    promtool("tsdb", "create-blocks-from", "openmetrics", "history.om", "data", cwd=folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    log = (folder / "prometheus.log").open("w")
    process = subprocess.Popen(
        [
            shutil.which("prometheus"), "--config.file=prometheus.yml", f"--storage.tsdb.path={data}",
            f"--storage.tsdb.retention.time={retention}", f"--web.listen-address=127.0.0.1:{port}",
        ],
        cwd=folder, stdout=log, stderr=log,
    )  # fmt: skip
    try:
        _wait_until_ready(url, process, folder)
        yield url
    finally:
        process.terminate()
        process.wait(20)
        log.close()


def _wait_until_ready(url, process, folder):
    for _ in range(200):
        assert process.poll() is None, (folder / "prometheus.log").read_text()[-2000:]
        try:
            with urllib.request.urlopen(f"{url}/-/ready", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError((folder / "prometheus.log").read_text()[-2000:])


def promtool(*words, cwd, fails=False):
    """Run promtool and return what it wrote."""
    done = subprocess.run(
        [shutil.which("promtool"), *words], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert (done.returncode != 0) == fails, done.stdout + done.stderr
    return done.stdout + done.stderr
