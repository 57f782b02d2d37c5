"""What does sre-anomaly cost beside the same work written with pandas and scikit-learn? A million rows.

python experiments/speed/bench.py               # some three minutes; prints the table, writes table.csv beside it

Every number is CPU time, user and system, on one thread; ours and theirs take turns, and the ratio is that of
the medians. Compiling happens once per machine and is left out; the lines under the table say what it costs.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from sre_anomaly.features.rolling import Rolling
from sre_anomaly.forecaster.ridge import Ridge
from sre_anomaly.frame import MetricFrame

THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
HERE = Path(__file__).parent
ROWS = 1_000_000
LAGS = 24
PLAIN = """
import sys
import pandas as pd
from sklearn.ensemble import IsolationForest

table = pd.read_csv(sys.argv[1], parse_dates=["time"])
X = table[["value"]]
if sys.argv[2] == "rolling":
    window = X["value"].rolling(12)
    X = X.assign(diff=X["value"].diff(), mean=window.mean(), std=window.std()).iloc[11:]
scores = -IsolationForest(n_estimators=100, random_state=42).fit(X.to_numpy()).score_samples(X.to_numpy())
"""
FIRST_CALL = """
import time, numpy as np, pandas as pd
from sre_anomaly.detector.iforest import IsolationForest
from sre_anomaly.features.rolling import Rolling
from sre_anomaly.forecaster.ridge import Ridge
from sre_anomaly.frame import MetricFrame
import sklearn.ensemble
values = np.random.default_rng(0).normal(size=(300, 1))
frame = MetricFrame("x", pd.date_range("2024", periods=300, freq="5min", tz="UTC"), values, ("value",))
forest = IsolationForest(n_estimators=2)
started = time.process_time()
Rolling().transform(frame); forest.fit(values).score(values); Ridge().fit(values).predict(values, 1)
print(time.process_time() - started)
"""

Work = Callable[[], object]


def metric(rows: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return a daily wave with noise and some spikes, (n,)."""
    draw = np.random.default_rng(0)
    values = 50 + 10 * np.sin(2 * np.pi * np.arange(rows) / 288) + draw.normal(0, 2, rows)
    values[draw.integers(0, rows, rows // 500)] += 40
    return values


def seconds(work: Work) -> float:
    """Return the CPU time of this process for a piece of work."""
    started = time.process_time()
    work()
    return time.process_time() - started


def child_seconds(words: list[str]) -> float:
    """Return the CPU time of a whole process, from its first instruction to its last."""
    before = os.times()
    subprocess.run(words, check=True, capture_output=True, env=os.environ | THREADS)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def compare(what: str, allowed: float, ours: Work, theirs: Work, rounds: int, cost: Callable) -> dict:
    """Return one line of the table: medians of rounds in which the two take turns."""
    taken = [(cost(ours), cost(theirs)) for _ in range(rounds)]
    our, their = (median(column) for column in zip(*taken, strict=True))
    ratio = our / their
    print(f"{what}: {ratio:.2f} ({our:.2f} s against {their:.2f} s)", file=sys.stderr)
    return {
        "what": what,
        "ours_s": round(our, 4),
        "theirs_s": round(their, 4),
        "ratio": round(ratio, 3),
        "allowed": round(allowed, 3),
        "kept": "yes" if ratio <= allowed else "no",
    }


def rolling(values: np.ndarray, window: int) -> dict:
    """Compare value, difference, mean and standard deviation with pandas' own."""
    clock = pd.date_range("2015-01-01", periods=len(values), freq="5min", tz="UTC")
    frame = MetricFrame("million", clock, values[:, np.newaxis], ("value",))
    column = pd.Series(values)
    features = Rolling([window])

    def pandas() -> pd.DataFrame:
        moving = column.rolling(window)
        return pd.DataFrame(
            {"value": column, "diff": column.diff(1), "mean": moving.mean(), "std": moving.std()}
        )

    found, expected = features.transform(frame)[window:], pandas().to_numpy()[window:]
    print(f"rolling {window}: largest difference {np.abs(found - expected).max():.1e}", file=sys.stderr)
    return compare(
        f"rolling features, window {window}", 1.0, lambda: features.transform(frame), pandas, 9, seconds
    )


def whole_run(file: Path, outputs: Path, features: str, rounds: int) -> dict:
    """Compare the command, from the file to the run folder, with a script that stops at the scores."""
    command = Path(sys.executable).with_name("sre-anomaly")
    ours = [str(command), "experiment=csv", f"data.path={file}", "detector=iforest", f"features={features}"]
    ours += ["forecaster=none", f"outputs={outputs}"]
    theirs = [sys.executable, "-c", PLAIN, str(file), features]
    child_seconds(ours)
    return compare(f"whole run, features={features}", 1.3, ours, theirs, rounds, child_seconds)


def ridge_work(values: np.ndarray) -> dict[str, Work]:
    """Return fitting and then forecasting every row, without and with a lag matrix."""
    from sklearn.linear_model import Ridge as ScikitRidge

    column = values[:, np.newaxis]

    def ours() -> np.ndarray:
        return Ridge(lags=LAGS).fit(column).predict_each(column, range(LAGS, len(values)), 1)

    def theirs() -> np.ndarray:
        rows = len(values) - LAGS
        X = np.column_stack([values[LAGS - lag :][:rows] for lag in range(1, LAGS + 1)])
        return ScikitRidge(alpha=1.0).fit(X, values[LAGS:]).predict(X)

    return {"ours": ours, "theirs": theirs}


def ridge(values: np.ndarray) -> dict:
    """Compare the two in time."""
    ours, theirs = ridge_work(values).values()
    print(f"ridge: largest difference {np.abs(ours().ravel() - theirs()).max():.1e}", file=sys.stderr)
    return compare(f"ridge on {LAGS} lags", 1 / 3, ours, theirs, 7, seconds)


def ridge_memory() -> str:
    """Compare the two in memory, each in a process of its own."""
    words = [sys.executable, __file__, "--memory"]
    grown = {
        f"{who}, {rows:,} rows": subprocess.run(
            [*words, who, "--rows", str(rows)], check=True, capture_output=True, text=True
        ).stdout.strip()
        for who in ("ours", "theirs")
        for rows in (ROWS, 2 * ROWS)
    }
    told = "; ".join(f"{who}: {size} MB" for who, size in grown.items())
    return f"ridge, memory on top of the series and its forecasts (8 MB each per million rows): {told}"


def print_memory(who: str, rows: int) -> None:
    """Print by how many MB this process grew at most, as Linux counts it, less the forecasts; NaN elsewhere."""
    values = metric(rows)
    ridge_work(values[:1000])[who]()
    work = ridge_work(values)[who]
    high_water = Path("/proc/self/clear_refs")
    if not high_water.exists():
        print("nan")
        return
    high_water.write_text("5")  # starts the mark afresh
    before = _status("VmRSS")
    work()
    print(f"{(_status('VmHWM') - before) / 1024 - values.nbytes / 2**20:.0f}")


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def first_calls(folder: Path) -> str:
    """Say what compiling costs the first time, and what loading the result costs each process after that."""
    taken = []
    for _ in range(2):
        environment = os.environ | THREADS | {"NUMBA_CACHE_DIR": str(folder / "compiled")}
        done = subprocess.run(
            [sys.executable, "-c", FIRST_CALL], check=True, capture_output=True, text=True, env=environment
        )
        taken.append(float(done.stdout))
    return (
        f"compiling, once per machine: {taken[0]:.1f} s; loading it again, in every process: {taken[1]:.2f} s"
    )


def main() -> None:
    """Measure all, print the table and write it beside this file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=4, help="rounds of the whole runs")
    parser.add_argument("--memory", choices=["ours", "theirs"], help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=int, default=ROWS, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.memory:
        print_memory(asked.memory, asked.rows)
        return
    values = metric(ROWS)
    with threadpool_limits(1):
        lines = [rolling(values, 12), rolling(values, 288), ridge(values)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clock = pd.date_range("2015-01-01", periods=ROWS, freq="5min")
        file = folder / "million.csv"
        pd.DataFrame({"time": clock, "value": values.round(6)}).to_csv(file, index=False)
        outputs = folder / "outputs"
        lines += [whole_run(file, outputs, features, asked.rounds) for features in ("raw", "rolling")]
        compiling = first_calls(folder)
    table = pd.DataFrame(lines)
    print(table.to_string(index=False), ridge_memory(), compiling, sep="\n")
    table.to_csv(HERE / "table.csv", index=False)


if __name__ == "__main__":
    main()
