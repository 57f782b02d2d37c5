"""What a fleet costs: whole corpora, and a thousand files of two thousand rows.

    python experiments/speed/fleet.py [--hosts 1000]

CPU seconds of a process from its first instruction to its last, and its peak memory.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

ROWS = 2016
NAB = {
    "NAB, zscore": ["experiment=nab_benchmark", "detector=zscore", "features=rolling", "alerts=incident"],
    "NAB, iforest": ["experiment=nab_benchmark", "detector=iforest", "features=rolling", "alerts=incident"],
    "NAB, cknn": ["experiment=nab_benchmark"],
}
RUN = """
import json, resource, sys
from sre_anomaly.cli.main import main
main(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"cpu": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss / 1024}))
"""


def measured(words: list[str], outputs: str) -> dict[str, float]:
    """Return CPU seconds and peak memory of one command, and what its series cost by themselves."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, *words, f"outputs={outputs}"], check=True, capture_output=True, text=True
    )
    found = json.loads(done.stdout.splitlines()[-1])
    table = pd.read_csv(Path(outputs) / "latest" / "series.csv")
    found["series"] = len(table)
    found["ms a series"] = 1e3 * table["cpu_s"].median()
    found["us a row"] = 1e6 * table["cpu_s"].sum() / table["rows"].sum()
    return {name: round(value, 2) for name, value in found.items()}


def write_hosts(folder: Path, count: int) -> None:
    """Write a file for each host: a week of one metric, every five minutes."""
    draw = np.random.default_rng(0)
    clock = pd.date_range("2024-01-01", periods=ROWS, freq="5min").strftime("%Y-%m-%d %H:%M")
    wave = 40 + 10 * np.sin(np.arange(ROWS) * 2 * np.pi / 288)
    for number in range(count):
        values = wave + draw.normal(0, 2, ROWS)
        pd.DataFrame({"time": clock, "cpu": values.round(3)}).to_csv(
            folder / f"host{number:04d}.csv", index=False
        )


def main() -> None:
    """Measure and print; the table is written beside this file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--hosts", type=int, default=1000)
    hosts = parser.parse_args().hosts
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    lines = {}
    with tempfile.TemporaryDirectory() as folder:
        # Compiling is paid once per machine, not by what is measured.
        measured(["experiment=nab_benchmark", "data.category=realTraffic"], folder)
        for name, words in NAB.items():
            lines[name] = measured(words, f"{folder}/{len(lines)}")
        write_hosts(Path(folder), hosts)
        for pattern, count in (("host00[0-9]?.csv", 100), ("host*.csv", hosts)):
            words = ["experiment=fleet", f"data.path='{folder}/{pattern}'"]
            lines[f"fleet of {count} files, rolling, iforest"] = measured(words, f"{folder}/{len(lines)}")
    table = pd.DataFrame(lines).T
    print(table.to_string())
    table.to_csv(Path(__file__).parent / "fleet.csv")


if __name__ == "__main__":
    main()
