"""In how much memory, and how fast, a CSV of 5 GB, a wide one and an access log of 2 GB are read.

python experiments/speed/large_files.py                 # some minutes; needs 6 GB of disk; prints the table, writes large_files.csv
python experiments/speed/large_files.py --gigabytes .2  # the same with smaller files

Each is written with a seed to a temporary folder, one row or line a second or more often, then read by one process: from its
path to its frame of metrics, without the detector. Memory is the most that the process ever had.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

GIGABYTE = 1 << 30
READ = """
import resource, sys, time
from sre_anomaly.config.build import build
from sre_anomaly.io.files import pieces
pieces.LARGE = int(sys.argv[3])
started = time.perf_counter()
frame = next(iter(build("data", {"name": sys.argv[1], "path": sys.argv[2]}).frames()))
spent = time.perf_counter() - started
print(spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, len(frame), len(frame.metrics), frame.step.total_seconds())
"""


EIGHT = ("cpu", "memory", "disk", "network_in", "network_out", "latency", "errors", "requests")
WIDE = tuple(f"host{n}_cpu" for n in range(500))


def table(path: Path, size: float, names: tuple[str, ...] = EIGHT) -> int:
    """Write a CSV of some metrics, a row a second, and return how many rows."""
    draw, rows, at = np.random.default_rng(1), 0, np.datetime64("2020-01-01T00:00:00")
    with path.open("w") as file:
        file.write(f"time,{','.join(names)}\n")
        while file.tell() < size:
            count = 800_000 // len(names)
            day = 10 * np.sin(2 * np.pi * (rows + np.arange(count)) / 86_400)
            values = (50 + day[:, np.newaxis] + draw.normal(0, 2, (count, len(names)))).round(4)
            frame = pd.DataFrame(values)
            frame.insert(0, "time", np.datetime_as_string(at + np.arange(rows, rows + count)))
            frame.to_csv(file, header=False, index=False)
            rows += count
    return rows


def log(path: Path, size: float) -> int:
    """Write an access log of a hundred requests a second, and return how many lines."""
    draw, lines, second = np.random.default_rng(2), 0, np.datetime64("2024-01-01T00:00:00")
    with path.open("w") as file:
        while file.tell() < size:
            at = pd.Timestamp(second).strftime("%d/%b/%Y:%H:%M:%S +0000")
            users, sizes = draw.integers(1, 10**6, 100), draw.integers(100, 9000, 100)
            took = draw.lognormal(-3, 0.5, 100)
            file.write(
                "".join(
                    f'10.0.0.{n % 250} - - [{at}] "GET /users/{user} HTTP/1.1" {200 if n % 97 else 502} {length} "-" "curl/8" {lasted:.3f}\n'
                    for n, (user, length, lasted) in enumerate(zip(users, sizes, took, strict=True))
                )
            )
            lines, second = lines + 100, second + 1
    return lines


def wide(path: Path, size: float) -> int:
    """Write a CSV of five hundred metrics."""
    return table(path, size, WIDE)


def measured(
    kind: str, write: Callable[[Path, float], int], gigabytes: float, folder: Path
) -> dict[str, object]:
    """Return what it costs to read one file."""
    path = folder / f"{kind}.{'csv' if kind == 'csv' else 'log'}"
    lines = write(path, gigabytes * GIGABYTE)
    large = str(min(GIGABYTE // 4, int(gigabytes * GIGABYTE / 2)))
    done = subprocess.run(
        [sys.executable, "-c", READ, kind, str(path), large], check=True, capture_output=True, text=True
    )
    seconds, memory, rows, metrics, step = map(float, done.stdout.split())
    path.unlink()
    return {
        "file": f"{gigabytes:g} GB {kind}", "lines": lines, "seconds": round(seconds, 1),
        "lines a second": round(lines / seconds), "MB at most": round(memory), "data points": int(rows),
        "metrics": int(metrics), "step s": step,
    }  # fmt: skip


def main() -> None:
    """Write, read and tell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gigabytes", type=float, help="of each file; 5 and 2 where it is not given")
    asked = parser.parse_args().gigabytes
    with tempfile.TemporaryDirectory() as name:
        rows = [
            measured("csv", table, asked or 5.0, Path(name)),
            measured("csv", wide, asked or 2.0, Path(name)),
            measured("logs", log, asked or 2.0, Path(name)),
        ]
    found = pd.DataFrame(rows)
    print(found.to_string(index=False))
    found.to_csv(Path(__file__).with_name("large_files.csv"), index=False)


if __name__ == "__main__":
    main()
