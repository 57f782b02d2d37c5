"""Is the metric that an alert names the one in which the incident began? Counted over generated services.

Usage: python experiments/root_cause/study.py [--seeds 10] [--first 0] [--detector baseline]
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pandas as pd

from sre_anomaly.config.compose import composed
from sre_anomaly.evaluation.anomaly.incidents import wilson
from sre_anomaly.parallel.progress import Stages
from sre_anomaly.pipeline.runner import run
from sre_anomaly.records import RunRecord

HERE = Path(__file__).parent
CHOICES = {
    "xgboost": [],
    "baseline": ["detector=baseline", "features=raw", "threshold=pages", "alerts=page"],
    "auto": ["detector=auto", "features=raw"],
}
"""The default of a labelled service, the default of a user's own metrics, and the choice by what the data are."""


def named_and_true(seed: int, overrides: list[str]) -> list[dict[str, object]]:
    """Return for each caught incident of one generated service the metric that its strongest alert names."""
    with Stages() as stages:
        found = run(composed([f"seed={seed}", "forecaster=none", *overrides]), RunRecord(), stages)
    assert found.detection is not None
    assert found.judgement is not None
    incidents = {incident.id: incident for incident in found.frame.incidents or ()}
    rows: list[dict[str, object]] = []
    for number in found.judgement.caught_ids:
        incident = incidents[number]
        met = [
            a for a in found.detection.alerts if a.fired < incident.end.value and a.end > incident.start.value
        ]
        strongest = max(met, key=lambda alert: alert.peak_score - alert.peak_level)
        rows.append(
            {
                "seed": seed,
                "type": incident.type,
                "began in": incident.metric,
                "named": strongest.metric,
                "in_top_3": incident.metric in [one["metric"] for one in strongest.metrics],
            }
        )
    return rows


def main() -> None:
    """Run all seeds, print the share and a table by type, and keep the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--detector", choices=sorted(CHOICES), default="xgboost")
    arguments = parser.parse_args()
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    every = pd.DataFrame([row for seed in seeds for row in named_and_true(seed, CHOICES[arguments.detector])])
    every["right"] = every["began in"] == every["named"]
    right, caught = int(every["right"].sum()), len(every)
    low, high = wilson(right, caught)
    table = every.groupby("type")["right"].agg(caught="count", right="sum")
    if every["in_top_3"].any():
        table["in_top_3"] = every.groupby("type")["in_top_3"].sum()
        print(f"among the first three: {every['in_top_3'].mean():.1%}")
    print(table.to_string())
    by_seed = every.groupby("seed")["right"].mean()
    print(
        f"\nnamed first: {right} of {caught} caught incidents, {right / caught:.1%} ({low:.0%} to {high:.0%}); ",
        end="",
    )
    print(f"by service {by_seed.min():.0%} to {by_seed.max():.0%}")
    own = "" if arguments.detector == "xgboost" else f"_{arguments.detector}"
    table.to_csv(HERE / f"table{own}.csv")


if __name__ == "__main__":
    main()
