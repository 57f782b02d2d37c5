"""What does the default cost? The baseline under its budget of pages: in batch, for one new point, and for a fleet.

Usage: python experiments/speed/baseline.py     (a minute or two; prints the table, writes baseline.csv beside it)

The best of three or five, on one thread, but for the fleet, which takes all processors. A point of the fleet is one value of one series: all series get one row each a step.
"""

import os
import resource
import time
from collections.abc import Callable
from pathlib import Path

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import numpy as np
import pandas as pd
from live import frame_of, model, per_point

from sre_anomaly.kernels.course import new_course
from sre_anomaly.live.fleet_monitor import FleetMonitor
from sre_anomaly.live.monitor import Monitor
from sre_anomaly.model.model import Model

HERE = Path(__file__).parent
SERIES = 10_000
ROWS = 20_000
ENDLESS = 1_000_000
DEFAULT = ("features=raw", "detector=baseline", "threshold=pages", "alerts=page")


def spent(work: Callable[[], object], times: int = 5) -> float:
    """Return the CPU seconds of this thread, the least of some times."""
    cost = []
    for _ in range(times):
        started = time.thread_time()
        work()
        cost.append(time.thread_time() - started)
    return min(cost)


def wave(kept: Model, rows: int, columns: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return times and (rows, columns) noisy daily waves."""
    times = kept.origin + np.arange(rows) * kept.step
    day = 10 * np.sin(np.arange(rows) * 2 * np.pi / 1440)
    noise = np.random.default_rng(seed).normal(0, 2, (rows, columns))
    return times, 40 + day[:, np.newaxis] + noise


def batch_cost(kept: Model, columns: int) -> float:
    """Return the microseconds a row and metric."""
    times, values = wave(kept, ROWS, columns)
    detector = kept.detector
    return (
        1e6
        * spent(lambda: detector.advance(detector.new_state(columns)[np.newaxis], times, values))
        / values.size
    )


def step_cost(kept: Model) -> float:
    """Return the median microseconds of the detector's and the threshold's step on one point."""
    times, values = wave(kept, ROWS, 1)
    detector, threshold = kept.detector, kept.threshold
    states, levels = detector.new_state(1)[np.newaxis], threshold.new_state()[np.newaxis]

    def answer(row: int) -> None:
        threshold.advance(levels, detector.advance(states, times[row : row + 1], values[row : row + 1]))

    return per_point(answer)[0]


def detector_step_cost(kept: Model) -> float:
    """Return the median microseconds of the detector's step on one point."""
    times, values = wave(kept, ROWS, 1)
    states = kept.detector.new_state(1)[np.newaxis]
    return per_point(lambda row: kept.detector.advance(states, times[row : row + 1], values[row : row + 1]))[
        0
    ]


def update_cost(kept: Model) -> tuple[float, float]:
    """Return the median and the 99th percentile of the microseconds of `Monitor.update`."""
    monitor = Monitor(kept, afresh=True)
    times, values = wave(kept, ROWS, 1)
    whole, points = times.tolist(), [{"value": value} for value in values[:, 0].tolist()]
    return per_point(lambda row: monitor.update(whole[row], points[row]))


def fleet_rate(kept: Model, series: int = SERIES, warm: int = 130, rounds: int = 40) -> float:
    """Return the points a second that a fleet monitor answers, on all processors."""
    fleet = FleetMonitor(kept, series)
    times, values = wave(kept, warm + rounds, series)
    for row in range(warm):
        fleet.update_many(int(times[row]), values[row, :, np.newaxis])
    started = time.perf_counter()
    for row in range(warm, warm + rounds):
        fleet.update_many(int(times[row]), values[row, :, np.newaxis])
    return rounds * series / (time.perf_counter() - started)


def growth(kept: Model) -> float:
    """Return by how many MB the process grows from the first hundred thousand rows to the millionth."""
    monitor = Monitor(kept, afresh=True)
    generator, first = np.random.default_rng(1), 0.0
    for row, value in enumerate(generator.normal(40, 2, ENDLESS).tolist()):
        monitor.update(kept.origin + row * kept.step, (value,))
        if row == ENDLESS // 10:
            first = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - first


def main() -> None:
    """Measure all, print the table and keep it."""
    kept = model(frame_of(ROWS), *DEFAULT)
    median, tail = min(update_cost(kept) for _ in range(3))
    detector, threshold, course = kept.detector.new_state(1), kept.threshold.new_state(), new_course(1)
    rows = [
        ("batch of one metric: us a row", batch_cost(kept, 1), 3, "<="),
        ("batch of ten metrics: us a row and metric", batch_cost(kept, 10), 3, "<="),
        ("one point, detector alone: median us", detector_step_cost(kept), None, ""),
        ("one point, detector and threshold: median us", step_cost(kept), None, ""),
        ("one point, all of Monitor.update: median us", median, 8, "<="),
        ("the same, 99th percentile us", tail, None, ""),
        ("fleet of 100: points a second", max(fleet_rate(kept, 100, rounds=1000) for _ in range(3)), None, ""),
        (f"fleet of 10,000: points a second, {os.cpu_count()} processors", max(fleet_rate(kept) for _ in range(3)), 1_000_000, ">="),
        ("state of a metric at one-minute steps, detector: bytes", float(detector.nbytes), None, ""),
        ("state of a series with one metric, with its threshold and course: bytes", float(detector.nbytes + threshold.nbytes + course.nbytes), 8_000, "<="),
        ("memory of a monitor from row 100,000 to row 1,000,000: MB more", growth(kept), 1, "<="),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["what", "measured", "bound", "sign"])
    kept_bound = []
    for _, measured, bound, sign in rows:
        met = sign and (measured <= bound if sign == "<=" else measured >= bound)
        kept_bound.append("" if not sign else "yes" if met else "NO")
    table["kept"] = kept_bound
    print(table.to_string(index=False, float_format=lambda value: f"{value:,.2f}"))
    table.round(3).to_csv(HERE / "baseline.csv", index=False)


if __name__ == "__main__":
    main()
