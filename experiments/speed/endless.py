"""What ten million rows cost one stream: memory and time, for a detector that learns while it runs.

Usage: python experiments/speed/endless.py [--rows 10000000]    (some minutes; prints and writes endless.csv)

One metric, a row a minute, nineteen years: a daily wave, noise, and now and then a new regime. The rows are made and
answered in blocks of a day, as they would come; nothing but the state is kept from block to block.
"""

import argparse
import os
import resource
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd

from sre_anomaly.config.build import build_parts
from sre_anomaly.config.compose import composed
from sre_anomaly.contracts import exceeds

HERE = Path(__file__).parent
DAY = 1440
MINUTE = 60_000_000_000
START = 1_000_000_000_000_000_000
THRESHOLDS = ("horizon", "conformal", "pot")


def resident_mb() -> float:
    """Return the memory of this process that is in use now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def main() -> None:
    """Follow the stream, print a line every tenth of it, and write them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10_000_000)
    rows = parser.parse_args().rows
    parts = [build_parts(composed(["detector=cknn", f"threshold={name}"])) for name in THRESHOLDS]
    detector = parts[0].detector
    assert detector is not None
    state = detector.new_state(1)[np.newaxis]
    levels = [each.threshold.new_state()[np.newaxis] for each in parts]
    draw = np.random.default_rng(0)
    wave = 10 * np.sin(2 * np.pi * np.arange(DAY) / DAY)
    flags = np.zeros(len(THRESHOLDS), dtype=np.int64)
    lines, spent, base = [], 0.0, 0.0
    days = -(-rows // DAY)
    for day in range(days):
        if draw.random() < 0.002:
            base += draw.normal(0, 5)
        values = (base + wave + draw.normal(0, 1, DAY))[:, np.newaxis]
        times = START + MINUTE * (day * DAY + np.arange(DAY))
        before = time.process_time()
        scores = detector.advance(state, times, values)
        for number, (each, memory) in enumerate(zip(parts, levels, strict=True)):
            flags[number] += int(exceeds(scores, each.threshold.advance(memory, scores)).sum())
        spent += time.process_time() - before
        if day in {0, 70} or (day + 1) % max(1, days // 10) == 0:
            done = (day + 1) * DAY
            lines.append(
                {
                    "rows": done,
                    "memory_mb": round(resident_mb(), 1),
                    "us_a_row": round(1e6 * spent / done, 2),
                    **{f"flags_{name}": int(count) for name, count in zip(THRESHOLDS, flags, strict=True)},
                }
            )
            print(lines[-1], flush=True)
    pd.DataFrame(lines).to_csv(HERE / "endless.csv", index=False)


if __name__ == "__main__":
    main()
