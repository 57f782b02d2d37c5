"""Which epsilon, and what does the linear grid cost? The servers' Gaussian density, cut in several ways.

Usage: SRE_ANOMALY_DATA=FOLDER python experiments/epsilon/study.py
"""

import contextlib
import csv
import io
import math
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd

from sre_anomaly.cli.main import main as command
from sre_anomaly.config.compose import composed
from sre_anomaly.parallel.progress import Stages
from sre_anomaly.pipeline.runner import run
from sre_anomaly.records import RunRecord

HERE = Path(__file__).parent
SEARCHES = {
    "linear grid, 100 steps": ["threshold.search=linear", "threshold.steps=100"],
    "linear grid, 1,000 steps (the exercise)": ["threshold.search=linear"],
    "linear grid, 100,000 steps": ["threshold.search=linear", "threshold.steps=100000"],
    "every observed score (exact)": [],
}
SWEPT = 40


def searched(name: str, overrides: list[str], covariance: str) -> dict[str, Any]:
    """Return what a search over the validation rows chose, and what its threshold cost."""
    config = composed(["experiment=servers", f"detector.covariance={covariance}", *overrides])
    with Stages() as stages:
        started = time.process_time()
        found = run(config, RunRecord(), stages).record.detection
        assert found is not None
    chosen = found["threshold"]
    return {
        "covariance": covariance,
        "search": name,
        "epsilon": chosen["epsilon"],
        "F1 on validation": chosen["validation_f1"],
        "servers flagged": found["flags"],
        "threshold, ms": round(1e3 * stages.seconds["threshold"], 2),
        "cpu of the run, s": round(time.process_time() - started, 2),
    }


def swept(covariance: str) -> dict[str, Any]:
    """Return what 40 trials of `sweep=epsilon` find: epsilon by powers of ten, not by steps."""
    words = [
        "experiment=servers",
        "sweep=epsilon",
        f"detector.covariance={covariance}",
        f"hydra.sweeper.n_trials={SWEPT}",
    ]
    here = os.environ.get("SRE_ANOMALY_DATA", ".")
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        os.environ["SRE_ANOMALY_DATA"] = str(Path(here).absolute())
        command([*words, f"outputs={folder}"])
        trials = next(Path(folder).glob("*/sweep_*/trials.csv"))
        rows = list(csv.DictReader(trials.open(encoding="utf-8")))
    best = max(rows, key=lambda row: float(row["detection.measures.f1"] or -math.inf))
    return {
        "covariance": covariance,
        "search": f"sweep=epsilon, {SWEPT} trials",
        "epsilon": float(best["threshold.epsilon"]),
        "F1 on validation": float(best["detection.measures.f1"]),
    }


def main() -> None:
    """Run all, print the table and write it beside this file."""
    rows = []
    for covariance in ("diagonal", "full"):
        rows += [searched(name, overrides, covariance) for name, overrides in SEARCHES.items()]
        rows.append(swept(covariance))
    table = pd.DataFrame(rows)
    print(table.to_string(index=False, float_format=lambda number: f"{number:.6g}"))
    table.to_csv(HERE / "table.csv", index=False, float_format="%.6g")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
