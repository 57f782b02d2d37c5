"""Does learning from labelled incidents pay? PR-AUC of every detector on the same generated services.

Usage: python experiments/system_metrics/study.py [--seeds 10] [--first 0] [--only NAME]
"""

import argparse
import os
from pathlib import Path

import pandas as pd

from sre_anomaly.config.compose import composed
from sre_anomaly.parallel.progress import Stages
from sre_anomaly.pipeline.runner import run
from sre_anomaly.records import RunRecord

HERE = Path(__file__).parent
COMPARED = {
    "xgboost, system features": ["detector=xgboost", "features=system"],
    "xgboost, raw metrics": ["detector=xgboost", "features=raw"],
    "zscore, seasonal": ["detector=zscore", "features=seasonal"],
    "gaussian full, raw": ["detector=gaussian", "detector.covariance=full", "features=raw"],
    "gaussian diagonal, raw": ["detector=gaussian", "features=raw"],
    "gaussian full, seasonal": ["detector=gaussian", "detector.covariance=full", "features=seasonal"],
    "iforest, raw": ["detector=iforest", "features=raw"],
    "iforest, seasonal": ["detector=iforest", "features=seasonal"],
    "iforest, system features": ["detector=iforest", "features=system"],
}


def measure(name: str, overrides: list[str], seed: int) -> dict[str, object]:
    """Return the measures of one detector on the test span of one generated server."""
    config = composed([*overrides, f"seed={seed}", "forecaster=none"])
    with Stages() as stages:
        found = run(config, RunRecord(), stages)
    assert found.record.detection is not None
    measures = found.record.detection["measures"]
    return {
        "detector": name,
        "seed": seed,
        "pr_auc": measures["pr_auc"],
        "f1": measures["f1"],
        "incidents caught": measures["incident_recall"],
        "false alerts a week": measures["false_alerts_per_week"],
        "random pr_auc": found.record.detection["baselines"]["random"]["pr_auc"],
        "largest jump pr_auc": found.record.detection["baselines"]["largest_jump"]["pr_auc"],
    }


def main() -> None:
    """Run all, print the table and write both it and its parts beside this file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    rows = [
        measure(name, overrides, seed)
        for name, overrides in COMPARED.items()
        if arguments.only in name
        for seed in seeds
    ]
    every = pd.DataFrame(rows)
    table = every.groupby("detector", sort=False).agg(
        pr_auc=("pr_auc", "mean"),
        lowest=("pr_auc", "min"),
        highest=("pr_auc", "max"),
        f1=("f1", "mean"),
        caught=("incidents caught", "mean"),
        false_alerts_a_week=("false alerts a week", "mean"),
    )
    for baseline in ("random", "largest jump"):
        scores = every[f"{baseline} pr_auc"]
        table.loc[baseline] = pd.Series(
            {"pr_auc": scores.mean(), "lowest": scores.min(), "highest": scores.max()}
        )
    print(table.round(3).to_string())
    if not arguments.only:
        every.round(6).to_csv(HERE / "runs.csv", index=False)
        table.round(3).to_csv(HERE / "table.csv")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
