"""What do the measures of events and the NAB score cost? CPU time on one thread, best of several.

python experiments/speed/measures.py            # less than a minute; prints the table, writes measures.csv beside it

The NAB line needs NAB's results in SRE_ANOMALY_DATA/nab/results and is left out without them.
"""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from sre_anomaly.benchmark.nab_corpus import read_corpus
from sre_anomaly.benchmark.nab_results import read_stored
from sre_anomaly.evaluation.anomaly.affiliation import affiliation_f_curve
from sre_anomaly.evaluation.anomaly.events import adjusted_f1_curve, event_f1_curve
from sre_anomaly.evaluation.anomaly.ranges import range_f1_curve
from sre_anomaly.evaluation.anomaly.suite import LEVELS, suite
from sre_anomaly.evaluation.anomaly.threshold_sweep import even_levels
from sre_anomaly.evaluation.anomaly.vus import vus
from sre_anomaly.evaluation.nab.intervals import bootstrap, leave_one_category_out
from sre_anomaly.evaluation.nab.score import optimise, ranked
from sre_anomaly.kernels.ranking import rank

HERE = Path(__file__).parent
DETECTOR = "numenta"


def best(work: Callable[[], object], rounds: int) -> float:
    """Return the least CPU time in milliseconds of several rounds, after one to warm up."""
    work()
    taken = []
    for _ in range(rounds):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return 1000 * min(taken)


def series(rows: int, anomalies: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Return noisy scores, higher in the anomalies, and their labels."""
    draw = np.random.default_rng(0)
    labels = np.zeros(rows)
    for start in draw.integers(0, rows - length, anomalies):
        labels[start : start + length] = 1
    return draw.normal(size=rows) + 1.5 * labels, labels


def volumes(rounds: int) -> list[tuple[str, float]]:
    """Time both volumes at several sizes, windows and densities of anomalies."""
    cases = [(10_000, 10, 50, 100), (100_000, 50, 100, 100), (100_000, 2000, 10, 100)]
    cases += [(100_000, 2000, 10, 1000), (1_000_000, 200, 200, 100)]
    lines = []
    for rows, anomalies, length, window in cases:
        scores, labels = series(rows, anomalies, length)
        what = f"VUS, {rows:,} rows, {anomalies} anomalies of {length} rows, W = {window}"
        lines.append((what, best(lambda s=scores, y=labels, w=window: vus(s, y, w), rounds)))
    return lines


def nine(rounds: int) -> list[tuple[str, float]]:
    """Time the nine measures together, and those that look at every level one by one."""
    scores, labels = series(100_000, 50, 100)
    sweep = even_levels(rank(scores), LEVELS)
    lines = [("all nine, 100,000 rows, W = 100", best(lambda: suite(scores, labels, 100), rounds))]
    curves = (range_f1_curve, affiliation_f_curve, event_f1_curve, adjusted_f1_curve)
    return lines + [
        (f"{curve.__name__}, {LEVELS} levels", best(lambda c=curve: c(sweep, labels), rounds))
        for curve in curves
    ]


def nab(rounds: int) -> list[tuple[str, float]]:
    """Time the NAB score of one detector: all thresholds, all three profiles."""
    folder = Path(os.environ.get("SRE_ANOMALY_DATA", "/nowhere")) / "nab"
    stored = folder / "results" / f"{DETECTOR}.csv.gz"
    if not stored.is_file():
        return []
    loaded = read_stored(stored, read_corpus(folder))
    ready = ranked(loaded)
    thresholds = {name: one.threshold for name, one in optimise(ready).items()}
    return [
        (
            "NAB, sort, optimise and score, 3 profiles, 365,558 rows",
            best(lambda: optimise(ranked(loaded)), rounds),
        ),
        ("NAB, leave one category out", best(lambda: leave_one_category_out(ready), rounds)),
        ("NAB, interval over files", best(lambda: bootstrap(ready, thresholds, 0), rounds)),
    ]


def main() -> None:
    """Measure all, print the table and write it beside this file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with threadpool_limits(1):
        lines = volumes(rounds) + nine(rounds) + nab(rounds)
    table = pd.DataFrame(lines, columns=["what", "ms"]).round(1)
    print(table.to_string(index=False))
    table.to_csv(HERE / "measures.csv", index=False)


if __name__ == "__main__":
    main()
