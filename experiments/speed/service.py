"""What a step of the service costs with many entities, and a scrape, and to put its state on disk.

Usage: python experiments/speed/service.py [entities ...]     (some minutes; prints the table, writes service.csv beside it)

Two metrics, steps of 15 s. CPU time of one process, seconds a step, its server's apart; memory is the most that it ever had.
``scrape`` is what one answer of ``/metrics`` costs, ``save`` what it costs to put the state on disk, once a minute.
"""

import csv
import json
import math
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

from sre_anomaly.service.exposition import exposition
from sre_anomaly.service.job import Job
from sre_anomaly.service.settings import JobSettings
from sre_anomaly.service.source.entities import Share
from sre_anomaly.service.store import Store
from sre_anomaly.service.telling.tried import Tried

HERE = Path(__file__).parent
SECOND = 10**9
STEP = 15 * SECOND
BEGIN = 1_772_409_600 * SECOND
STEPS = 40
LEARNED = 240


def result(entities: int, metric: str, first: int, last: int) -> list[dict[str, Any]]:
    """Return what a Prometheus would answer, times in seconds: a wave with noise that costs little to make."""
    times = range(first, last + 1, 15)
    salt = len(metric)
    return [
        {
            "metric": {"instance": f"host-{one:06d}.example:9100", "job": "node"},
            "values": [
                [
                    at,
                    f"{40 + 9 * math.sin(at / 13_751) + (at * 7919 + one * 104_729 * salt) % 1009 / 300:.6f}",
                ]
                for at in times
            ],
        }
        for one in range(entities)
    ]


class Direct:
    """Answers without HTTP and JSON."""

    def __init__(self, entities: int) -> None:
        self.entities, self.made = entities, 0.0

    def result(self, expression: str, first: int, last: int, _: int) -> list[dict[str, Any]]:
        begun = time.process_time()
        found = result(self.entities, expression, first // SECOND, last // SECOND)
        self.made += time.process_time() - begun
        return found


def serve(entities: int, port: Any) -> None:
    """Answer over HTTP, in a process of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            first, last = (int(float(form[key][0])) for key in ("start", "end"))
            data = {"resultType": "matrix", "result": result(entities, form["query"][0], first, last)}
            content = json.dumps({"status": "success", "data": data}, separators=(",", ":")).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    port.send(server.server_port)
    server.serve_forever()


def measure(entities: int, kind: str, shards: int) -> dict[str, Any]:
    """Learn, then take steps one by one, as the first of some shards."""
    url, process, direct = "http://127.0.0.1:1", None, None
    if kind == "http":
        here, there = multiprocessing.Pipe()
        process = multiprocessing.Process(target=serve, args=[entities, there], daemon=True)
        process.start()
        url = f"http://127.0.0.1:{here.recv()}"
    now = [BEGIN]
    settings = JobSettings.model_validate({
        "name": "nodes", "source": {"url": url}, "metrics": {"cpu": "cpu", "memory": "memory"}, "entity": ["instance"],
        "step": "15s", "learn": f"{LEARNED * 15}s",
    })  # fmt: skip
    job = Job(settings, lambda: now[0], Share(1, shards))
    if kind != "http":
        direct = Direct(entities)
        job.source.server = direct  # type: ignore[assignment]
    made = lambda: direct.made if direct else 0.0
    begun = time.process_time()
    job.catch_up(lambda _: None)
    learned = time.process_time() - begun - made()
    steps = []
    for _ in range(STEPS):
        now[0] += STEP
        begun, other = time.process_time(), made()
        job.catch_up(lambda _: None)
        steps.append(time.process_time() - begun - (made() - other))
    begun = time.process_time()
    text = exposition([job], now[0], Tried(print).counts)
    scrape = time.process_time() - begun
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        Store(Path(folder)).write("nodes", *job.state())
        save = time.perf_counter() - begun
    if process is not None:
        process.kill()
    steps.sort()
    return {
        "entities": entities, "source": kind, "shards": shards, "learning_s_a_step": round(learned / (LEARNED + 1), 4),
        "median_s_a_step": round(steps[STEPS // 2], 4), "longest_s_a_step": round(steps[-1], 4),
        "scrape_s": round(scrape, 3), "scrape_mb": round(len(text) / 1e6, 1), "save_s": round(save, 3),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }  # fmt: skip


def main(entities: list[int]) -> None:
    """Measure each number of entities in a process of its own, and print a table."""
    rows = []
    for number in entities:
        for kind, shards in (("direct", 1), ("http", 1), ("http", 2)):
            command = [sys.executable, __file__, "one", str(number), kind, str(shards)]
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            rows.append(json.loads(said))
            if len(rows) == 1:
                print("| " + " | ".join(rows[0]) + " |\n|" + "---:|" * len(rows[0]))
            print("| " + " | ".join(map(str, rows[-1].values())) + " |", flush=True)
    with (HERE / "service.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    if sys.argv[1:2] == ["one"]:
        print(json.dumps(measure(int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))))
    else:
        main([int(word) for word in sys.argv[1:]] or [1000, 10_000])
