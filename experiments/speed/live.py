"""What does one new point cost? A saved model against scikit-learn and River, and a fleet on one core.

Usage: python experiments/speed/live.py     (some two minutes; prints the table, writes live.csv beside it)

CPU time of one thread. A point is one call of ``Monitor.update``: features, score, level and alert policy.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import numpy as np
import pandas as pd

from sre_anomaly.config.build import build_parts
from sre_anomaly.config.compose import composed
from sre_anomaly.frame import Incident, MetricFrame, Split
from sre_anomaly.live.fleet_monitor import FleetMonitor
from sre_anomaly.live.monitor import Monitor
from sre_anomaly.model.model import KINDS, Model, model_of, save_model
from sre_anomaly.parallel.progress import Stages
from sre_anomaly.pipeline.detection import detect, prepare

HERE = Path(__file__).parent
POINTS = 20_000
WARM = 2_000
COLD = """
import time
started = time.process_time()
import sre_anomaly
monitor = sre_anomaly.load_monitor({folder!r})
monitor.update("2030-01-01T00:00:00Z", {{"value": 1.0}})
"""
COLD_PEER = """
import joblib
model = joblib.load({path!r})
model.score_samples([[1.0, 0.0, 1.0, 0.1, 1.0, 0.1]])
"""


def frame_of(rows: int, seed: int = 0) -> MetricFrame:
    """Return a noisy daily wave with labelled jumps."""
    draw = np.random.default_rng(seed)
    time_ = pd.date_range("2024-01-01", periods=rows, freq="1min", tz="UTC")
    values = 40 + 10 * np.sin(np.arange(rows) * 2 * np.pi / 1440) + draw.normal(0, 2, rows)
    starts = range(500, rows - 20, 1000)
    for start in starts:
        values[start : start + 8] += 30
    incidents = tuple(Incident(time_[start], time_[start + 8], id=n) for n, start in enumerate(starts))
    return MetricFrame("live", time_, values[:, np.newaxis], ("value",), incidents=incidents)


def model(frame: MetricFrame, *overrides: str) -> Model:
    """Fit what the overrides choose and return the model that a run would keep."""
    config = composed(["forecaster=none", *overrides])
    parts = build_parts(config)
    rows = len(frame)
    split = Split(slice(0, rows // 2), slice(rows // 2, rows), slice(rows // 2, rows))
    with Stages() as stages:
        detect(frame, split, prepare(frame, split, parts.features, stages.stage), parts, stages.stage)
    return model_of(frame, split.train, parts, {"names": {kind: config[kind]["name"] for kind in KINDS}})


def per_point(answer: Callable[[int], object], points: int = POINTS, warm: int = WARM) -> tuple[float, float]:
    """Return the median and the 99th percentile of the CPU microseconds of one call."""
    cost = np.empty(points)
    for number in range(points):
        started = time.thread_time_ns()
        answer(number)
        cost[number] = time.thread_time_ns() - started
    median, tail = np.percentile(cost[warm:] / 1000, [50, 99])
    return float(median), float(tail)


def monitor_cost(kept: Model, frame: MetricFrame) -> tuple[float, float]:
    """Return what `Monitor.update` costs over a stream."""
    monitor = Monitor(kept)
    times, values = frame.time.asi8.tolist(), [{"value": value} for value in frame.values[:, 0].tolist()]
    return per_point(lambda number: monitor.update(times[number], values[number]))


def scikit_learn(frame: MetricFrame) -> tuple[float, float]:
    """Return what scikit-learn's ``score_samples`` costs on one row of ready features."""
    from sklearn.ensemble import IsolationForest

    X = np.random.default_rng(0).normal(size=(len(frame), 6))
    forest = IsolationForest(n_estimators=100, random_state=0).fit(X)
    return per_point(lambda number: forest.score_samples(X[number : number + 1]), points=300, warm=50)


def river() -> tuple[float, float]:
    """Return what River's half-space trees cost to score and learn one row of six features."""
    from river.anomaly import HalfSpaceTrees

    trees = HalfSpaceTrees(n_trees=25, height=15, window_size=250, seed=0)
    rows = [dict(enumerate(row)) for row in np.random.default_rng(0).random((5000, 6)).tolist()]

    def answer(number: int) -> None:
        trees.score_one(rows[number])
        trees.learn_one(rows[number])

    return per_point(answer, points=5000)


def cold(code: str) -> float:
    """Return the CPU seconds of a new process, the median of five."""
    spent = []
    for _ in range(5):
        before = os.times()
        subprocess.run([sys.executable, "-c", code], check=True)
        after = os.times()
        spent.append(
            after.children_user + after.children_system - before.children_user - before.children_system
        )
    return float(np.median(spent))


def fleet_rate(kept: Model, series: int = 10_000, rounds: int = 20) -> float:
    """Return the points a second that a fleet monitor answers on one core."""
    fleet = FleetMonitor(kept, series)
    draw = np.random.default_rng(0)
    begin, warm = kept.origin, kept.features.lookback + 5
    rows = [40 + draw.normal(0, 2, (series, 1)) for _ in range(8)]
    for number in range(warm):
        fleet.update_many(begin + number * kept.step, rows[number % 8])
    started = time.thread_time()
    for number in range(warm, warm + rounds):
        fleet.update_many(begin + number * kept.step, rows[number % 8])
    return rounds * series / (time.thread_time() - started)


def main() -> None:
    """Measure all, print the table and keep it."""
    frame = frame_of(POINTS)
    rolling = ["features=rolling", "features.windows=[12,288]"]
    forest = model(frame, *rolling, "detector=iforest")
    ours = monitor_cost(forest, frame)
    theirs, trees = scikit_learn(frame), river()
    boosted = model(
        frame, *rolling, "detector=xgboost", "detector.n_estimators=200", "detector.early_stopping_rounds=200"
    )
    zscore = model(frame, *rolling, "detector=zscore")
    rows = [
        ("one point, iforest 100 trees, windows 12 and 288: median us", ours[0], 12, "<="),
        ("the same, 99th percentile us", ours[1], 60, "<="),
        ("scikit-learn score_samples of one row: median us", theirs[0], None, ""),
        ("how many times faster than scikit-learn", theirs[0] / ours[0], 300, ">="),
        ("River HalfSpaceTrees(25, 15) score + learn: median us", trees[0], None, ""),
        ("ours / River", ours[0] / trees[0], 1, "<="),
        ("one point, xgboost up to 200 trees: median us", monitor_cost(boosted, frame)[0], 30, "<="),
        ("one point, zscore: median us", monitor_cost(zscore, frame)[0], 8, "<="),
        ("one point, gaussian: median us", monitor_cost(model(frame, *rolling, "detector=gaussian"), frame)[0], 8, "<="),
        (
            "fleet of 10,000, iforest 100 trees, four features: points a second",
            fleet_rate(model(frame, "features=rolling", "detector=iforest")), 200_000, ">=",
        ),
        (
            "fleet of 10,000, zscore on the raw value: points a second",
            fleet_rate(model(frame, "features=raw", "detector=zscore"), rounds=200), 10_000_000, ">=",
        ),
        ("state of one series at windows 12 and 288, bytes", float(forest.features.new_state(1).nbytes), 20_000, "<="),
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        import joblib

        save_model(forest, Path(folder) / "model")
        joblib.dump(forest.detector.native(), Path(folder) / "forest.joblib")
        rows += [
            (
                "new process: load, answer one point: CPU s",
                cold(COLD.format(folder=f"{folder}/model")),
                0.4,
                "<=",
            ),
            (
                "the same with joblib and scikit-learn: CPU s",
                cold(COLD_PEER.format(path=f"{folder}/forest.joblib")),
                None,
                "",
            ),
        ]
    table = pd.DataFrame(rows, columns=["what", "measured", "bound", "sign"])
    kept = [
        ""
        if row.sign == ""
        else "yes"
        if (row.measured <= row.bound if row.sign == "<=" else row.measured >= row.bound)
        else "NO"
        for row in table.itertuples()
    ]
    table["kept"] = kept
    print(table.to_string(index=False, float_format=lambda value: f"{value:,.2f}"))
    table.round(3).to_csv(HERE / "live.csv", index=False)


if __name__ == "__main__":
    main()
