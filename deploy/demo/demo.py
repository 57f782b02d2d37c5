"""Watch a small fleet break and heal, with a real Prometheus and a real Alertmanager: `make demo`.

Backfills two weeks of five made-up hosts, starts Prometheus, Alertmanager and the service on this machine alone, breaks one host, shows
the alert arriving, heals it, shows it resolved, and stops all that it has started. It takes about four minutes; exit code 0 if all of that happened.
"""

import json
import math
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PROGRAMS = {
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "prometheus-alertmanager": "prometheus-alertmanager",
}
"""What is needed, and the Debian package that has it."""
HOSTS = [f"web{number}" for number in range(1, 6)]
BROKEN = "web3"
STEP = 15
DAYS = 14
BEFORE_BREAKING = 40
LONGEST = 150
"""Seconds that an alert, and its end, is waited for."""

broken = threading.Event()


def value(host: str, metric: str, at: float) -> float:
    """Return what a host measures at a time: a course of the day and some noise, or what is broken."""
    phase = math.sin(2 * math.pi * (at % 86_400) / 86_400 - 1)
    noise = random.gauss(0, 1)
    if metric == "cpu":
        return 99.0 if broken.is_set() and host == BROKEN else 45 + 20 * phase + 3 * noise
    return 400 + 150 * phase + 12 * noise


def main() -> int:
    """Run the demonstration and return the exit code."""
    if missing := sorted({package for program, package in PROGRAMS.items() if not shutil.which(program)}):
        print(f"the demonstration needs {', '.join(missing)}: sudo apt-get install -y {' '.join(missing)}")
        return 2
    begun = time.time()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sre-anomaly-demo-")))
        ports = dict(zip(("prometheus", "alertmanager", "service"), free_ports(3), strict=True))
        say("two weeks of five hosts are made up and written into a Prometheus")
        exporter = stack.enter_context(exporting())
        backfill(folder, begun, exporter)
        start(stack, folder, ports, exporter)
        say(f"the service learns from them; its page is http://127.0.0.1:{ports['service']}/")
        wait_for("the service", f"http://127.0.0.1:{ports['service']}/readyz", 120)
        say(f"it watches; in {BEFORE_BREAKING} seconds the processor of {BROKEN} goes to 99 %")
        time.sleep(BEFORE_BREAKING)
        if firing(ports):
            say("an alert fires before anything is broken")
            return 1
        broken.set()
        broke = time.time()
        alert = until(lambda: next(iter(firing(ports)), None))
        if alert is None:
            say(f"no alert in {LONGEST} seconds")
            return 1
        say(
            f"Alertmanager has it after {time.time() - broke:.0f} s: {alert['labels']['entity']}: {alert['annotations']['summary']}"
        )
        screenshot(ports["service"])
        broken.clear()
        healed = time.time()
        say("it is healed")
        if until(lambda: not firing(ports)) is None:
            say(f"the alert still fires after {LONGEST} seconds")
            return 1
        say(f"Alertmanager has it resolved after {time.time() - healed:.0f} s; all is stopped")
    say(f"done in {time.time() - begun:.0f} s")
    return 0 if alert["labels"]["entity"] == BROKEN else 1


def say(text: str) -> None:
    """Print a line at once."""
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


def backfill(folder: Path, now: float, exporter: int) -> None:
    """Write the past as blocks of a Prometheus, with the labels that a scrape of the exporter gives."""
    last = int(now) // STEP * STEP
    scraped = f'instance="127.0.0.1:{exporter}",job="demo"'
    times = range(last - DAYS * 86_400, last, STEP)
    with (folder / "history.om").open("w") as file:
        for metric in ("cpu", "requests"):
            file.write(f"# TYPE host_{metric} gauge\n")
            for host in HOSTS:
                file.writelines(
                    f'host_{metric}{{host="{host}",{scraped}}} {value(host, metric, at):.2f} {at}\n'
                    for at in times
                )
        file.write("# EOF\n")
    run = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "history.om", "data"]
    subprocess.run(run, cwd=folder, check=True, capture_output=True)


@contextmanager
def exporting() -> Iterator[int]:
    """Serve what the hosts measure now; yield the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            lines = [
                f'host_{metric}{{host="{host}"}} {value(host, metric, time.time()):.2f}\n'
                for metric in ("cpu", "requests")
                for host in HOSTS
            ]
            self.send_response(200)
            self.end_headers()
            self.wfile.write("".join(lines).encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()


def start(stack: ExitStack, folder: Path, ports: dict[str, int], exporter: int) -> None:
    """Start the three servers; each is stopped at the end, by its own process."""
    scrape = {
        "job_name": "demo",
        "scrape_interval": "5s",
        "static_configs": [{"targets": [f"127.0.0.1:{exporter}"]}],
    }
    # JSON is YAML.
    (folder / "prometheus.yml").write_text(json.dumps({"scrape_configs": [scrape]}))
    route = {"receiver": "nobody", "group_wait": "1s", "group_interval": "5s"}
    (folder / "alertmanager.yml").write_text(json.dumps({"route": route, "receivers": [{"name": "nobody"}]}))
    address = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
    job = {
        "name": "web", "source": {"url": f"http://{address['prometheus']}"}, "entity": ["host"],
        "metrics": {"cpu": "host_cpu", "requests": "host_requests"}, "known": {"cpu": {"possible": [0, 100]}},
        "step": f"{STEP}s", "wait": "7s", "learn": f"{DAYS}d", "overrides": ["alerts.bridge=45s"],
    }  # fmt: skip
    watch = {
        "alertmanager": f"http://{address['alertmanager']}",
        "web": {"listen": address["service"]},
        "jobs": [job],
    }
    (folder / "watch.yaml").write_text(json.dumps(watch))
    commands = {
        "prometheus": [
            "prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data", "--storage.tsdb.retention.time=60d",
            f"--web.listen-address={address['prometheus']}",
        ],
        "alertmanager": [
            "prometheus-alertmanager", "--config.file=alertmanager.yml", "--storage.path=alerts", "--cluster.listen-address=",
            f"--web.listen-address={address['alertmanager']}",
        ],
        "service": [str(Path(sys.executable).with_name("sre-anomaly")), "serve", "config=watch.yaml"],
    }  # fmt: skip
    for name, command in commands.items():
        log = stack.enter_context((folder / f"{name}.log").open("w"))
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        stack.callback(stop, process)
        if name != "service":
            wait_for(name, f"http://{address[name]}/-/ready", 60)


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Ask a process to end, and make it end."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def firing(ports: dict[str, int]) -> list[Any]:
    """Return the alerts that the Alertmanager holds as active."""
    with (
        suppress(OSError),
        urllib.request.urlopen(
            f"http://127.0.0.1:{ports['alertmanager']}/api/v2/alerts?active=true", timeout=5
        ) as answer,
    ):
        return list(json.load(answer))
    return []


def until(asked: Any) -> Any:
    """Ask each second until there is an answer; None after `LONGEST` seconds."""
    end = time.time() + LONGEST
    while time.time() < end:
        if found := asked():
            return found
        time.sleep(1)
    return None


def wait_for(name: str, url: str, seconds: float) -> None:
    """Wait until a server says that it is ready."""
    end = time.time() + seconds
    while time.time() < end:
        with suppress(OSError), urllib.request.urlopen(url, timeout=2):
            return
        time.sleep(0.3)
    raise SystemExit(f"{name} was not ready after {seconds:g} s")


def screenshot(port: int) -> None:
    """Take a picture of the page, where there is a browser."""
    browser = shutil.which("chromium")
    if browser is None:
        return
    path = Path("demo.png").absolute()
    with tempfile.TemporaryDirectory() as profile:
        flags = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--no-first-run",
        ]
        shot = [f"--user-data-dir={profile}", f"--screenshot={path}", "--window-size=1000,760"]
        with suppress(subprocess.TimeoutExpired):
            subprocess.run(
                [browser, *flags, *shot, f"http://127.0.0.1:{port}/"],
                capture_output=True,
                timeout=30,
                check=False,
            )
    if path.is_file():
        say(f"the page as it was then: {path}")


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


if __name__ == "__main__":
    # A polite kill stops what was started, as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
