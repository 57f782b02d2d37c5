"""How does contamination change the false-alert rate? One forest, many levels, on a known week and on services.

Usage: python experiments/contamination/study.py [--seeds 5]
"""

import argparse
import os
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd

from sre_anomaly.config.build import build_parts
from sre_anomaly.config.compose import composed
from sre_anomaly.evaluation.anomaly.evaluate import measure_scores
from sre_anomaly.parallel.progress import Stages
from sre_anomaly.pipeline.detection import detect, prepare

HERE = Path(__file__).parent
LEVELS = (0.0005, 0.001, 0.002, 0.004, 0.005, 0.0059, 0.006, 0.008, 0.01, 0.02, 0.05, 0.1)
DATA: dict[str, list[str]] = {
    "prometheus week": ["experiment=prometheus_week", "forecaster=none"],
    "services, raw": ["detector=iforest", "features=raw", "forecaster=none"],
    "services, seasonal": ["detector=iforest", "features=seasonal", "forecaster=none"],
}
KEPT = ("flags", "precision", "recall", "f1", "incident_recall", "false_alerts", "false_alerts_per_week")


def measured(name: str, overrides: list[str], seed: int) -> list[dict[str, Any]]:
    """Return one row for each contamination; the features are computed once."""
    rows = []
    prepared = None
    with Stages() as stages:
        for level in LEVELS:
            words = [*overrides, f"threshold.contamination={level}"]
            # The week's own draw belongs to it; the seed there is the forest's.
            config = composed([*words, f"seed={seed}"] if "services" in name else words)
            parts = build_parts(config)
            frame = next(iter(parts.data.frames())) if prepared is None else prepared[0]
            split = parts.split.split(frame)
            features = (
                prepare(frame, split, parts.features, stages.stage) if prepared is None else prepared[1]
            )
            prepared = frame, features
            found = detect(frame, split, features, parts, stages.stage)
            span = split.test
            verdict = measure_scores(frame.rows(span), found.scores[span], found.flags[span], found.alerts)
            rows.append(
                {"data": name, "seed": seed, "contamination": level}
                | {key: verdict.measures[key] for key in KEPT}
            )
    return rows


def draw(table: pd.DataFrame, path: Path) -> None:
    """Draw what is caught and what is false against the contamination."""
    mpl.use("agg")
    from matplotlib import pyplot as plt

    figure, (caught, false) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
    for name, rows in table.groupby("data", sort=False):
        caught.plot(rows["contamination"], rows["incident_recall"], "o-", markersize=3, label=name)
        false.plot(rows["contamination"], rows["false_alerts_per_week"].clip(lower=0.1), "o-", markersize=3)
    for axes, title in ((caught, "share of incidents caught"), (false, "false alerts a week")):
        axes.set(xscale="log", xlabel="contamination", title=title)
        axes.grid(alpha=0.3)
    false.set_yscale("log")
    caught.legend(frameon=False)
    figure.savefig(path, dpi=110)


def main() -> None:
    """Run all, print the table, write it and the picture beside this file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=5)
    seeds = range(parser.parse_args().seeds)
    rows = []
    for name, overrides in DATA.items():
        for seed in seeds if "services" in name else [42]:
            rows += measured(name, overrides, seed)
    table = (
        pd.DataFrame(rows).groupby(["data", "contamination"], sort=False).mean().drop(columns="seed").round(3)
    )
    print(table.to_string())
    table.to_csv(HERE / "table.csv")
    draw(table.reset_index(), HERE / "trade_off.png")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
