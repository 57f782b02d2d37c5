"""Study how much XGBoost's parameters matter, and whether supervision beats detectors that need no labels.

Usage: python experiments/sweep_xgboost/study.py [--seeds 5] [--trials 40] [--to FOLDER]

The sweeps are kept in the folder, so that a study that was stopped goes on.
"""

import argparse
import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from sre_anomaly.cli.main import main as command
from sre_anomaly.config.compose import composed
from sre_anomaly.parallel.progress import Stages
from sre_anomaly.pipeline.runner import run
from sre_anomaly.records import RunRecord

HERE = Path(__file__).parent
INTENSITIES = (0.5, 1.0, 2.0)
COMPARED = {
    "xgboost, default": ["detector=xgboost", "features=system"],
    "zscore, seasonal": ["detector=zscore", "features=seasonal"],
    "gaussian full, raw": ["detector=gaussian", "detector.covariance=full", "features=raw"],
    "iforest, system features": ["detector=iforest", "features=system"],
}


def tested(overrides: list[str]) -> dict[str, Any]:
    """Return the test measures of one config."""
    with Stages() as stages:
        found = run(composed([*overrides, "forecaster=none"]), RunRecord(), stages).record.detection
    assert found is not None
    return {
        "pr_auc": found["measures"]["pr_auc"],
        "random": found["baselines"]["random"]["pr_auc"],
        "largest jump": found["baselines"]["largest_jump"]["pr_auc"],
    }


def swept(seed: int, trials: int, to: Path) -> dict[str, Any]:
    """Sweep on the validation rows of one service; return what the winner did there and on the test rows."""
    outputs = to / f"seed_{seed}"
    words = [
        "sweep=xgboost",
        f"seed={seed}",
        "forecaster=none",
        f"hydra.sweeper.n_trials={trials}",
        f"outputs={outputs}",
    ]
    with (to / f"seed_{seed}.log").open("a", encoding="utf-8") as log, contextlib.redirect_stdout(log):
        command(words)
    folder = next(outputs.glob("*/sweep_*"))
    outcome = json.loads((folder / "sweep.json").read_text(encoding="utf-8"))
    record = json.loads((folder / "best" / "record.json").read_text(encoding="utf-8"))
    return {
        "seed": seed,
        "validation, default": outcome["default"]["values"][0],
        "validation, swept": outcome["best"][0]["values"][0],
        "test, swept": record["detection"]["measures"]["pr_auc"],
        "pruned": outcome["trials"].get("pruned", 0),
        "importance": outcome["importance"],
    }


def main() -> None:
    """Run all, print both tables and write them beside this file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--to", type=Path, default=Path(tempfile.gettempdir()) / "sweep_xgboost")
    arguments = parser.parse_args()
    arguments.to.mkdir(parents=True, exist_ok=True)
    rows = []
    for intensity in INTENSITIES:
        for name, overrides in COMPARED.items():
            for seed in range(arguments.seeds):
                found = tested([*overrides, f"seed={seed}", f"data.intensity={intensity}"])
                rows.append({"intensity": intensity, "detector": name, "seed": seed, **found})
    every = pd.DataFrame(rows)
    supervised = every.pivot_table("pr_auc", "detector", "intensity", sort=False)
    for baseline in ("largest jump", "random"):
        supervised.loc[baseline] = every.groupby("intensity")[baseline].mean()
    print(supervised.round(3).to_string())
    supervised.round(4).to_csv(HERE / "supervision.csv")
    default = every[(every["detector"] == "xgboost, default") & (every["intensity"] == 1)].set_index("seed")[
        "pr_auc"
    ]
    found = [swept(seed, arguments.trials, arguments.to) for seed in range(arguments.seeds)]
    importance = pd.DataFrame([row.pop("importance") for row in found]).mean().sort_values(ascending=False)
    table = pd.DataFrame(found).set_index("seed")
    table.insert(2, "test, default", default)
    table["gain on test"] = table["test, swept"] - table["test, default"]
    print(table.round(3).to_string())
    print(
        f"better on test in {(table['gain on test'] > 0).sum()} of {len(table)}; mean {table['gain on test'].mean():+.3f}"
    )
    print(importance.round(2).to_string())
    table.round(4).to_csv(HERE / "sweeps.csv")
    importance.rename("share").rename_axis("parameter").round(3).to_csv(HERE / "importance.csv")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
