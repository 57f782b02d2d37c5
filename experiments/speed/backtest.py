"""How long a backtest of a fleet takes, and whether its memory grows with the number of series.

    python experiments/speed/backtest.py [series ...]

Each series is 30 days at one minute (43,200 data points), generated, in a CSV file of its own; the command replays
`detector=baseline` with its ten other budgets and a static threshold on two processes.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

ROWS = 30 * 1440


def write_series(folder: Path, number: int) -> None:
    """Write a made-up metric with a daily course, noise and some bursts."""
    draw = np.random.default_rng(number)
    clock = pd.date_range("2024-05-01", periods=ROWS, freq="1min", tz="UTC")
    values = 50 + 20 * np.sin(2 * np.pi * np.arange(ROWS) / 1440) + 3 * draw.standard_normal(ROWS)
    for begin in draw.integers(0, ROWS - 60, 8):
        values[begin : begin + draw.integers(3, 60)] += draw.uniform(20, 60)
    pd.DataFrame({"time": clock, "value": values.round(2)}).to_csv(
        folder / f"host{number:03}.csv", index=False
    )


def main() -> None:
    """Print seconds and the memory of the largest process for each number of series."""
    counts = [int(word) for word in sys.argv[1:]] or [50, 200]
    command = Path(sys.executable).with_name("sre-anomaly")
    print(f"{'series':>7} {'data points':>12} {'seconds':>8} {'points a second':>16} {'largest process':>16}")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for count in counts:
            for number in range(len(list(folder.glob("host*.csv"))), count):
                write_series(folder, number)
            words = [
                "backtest",
                f"data.path={folder}/host*.csv",
                "with=[baseline, value > 90 for 5m]",
                "corpus.jobs=2",
            ]
            begun = time.perf_counter()
            done = subprocess.run(
                [command, *words, f"to={folder}/out{count}"], capture_output=True, text=True, check=False
            )
            seconds = time.perf_counter() - begun
            if done.returncode:
                sys.exit(done.stderr)
            memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
            points = count * ROWS
            print(
                f"{count:>7} {points:>12,} {seconds:>8.1f} {points / seconds:>16,.0f} {memory:>13.0f} MB",
                flush=True,
            )


if __name__ == "__main__":
    main()
