"""The detectors without labels on servers with many metrics, one configuration for all of them.

Usage: python experiments/detectors/study.py     (some ten minutes the first time; prints and writes table.csv)

Made-up services chose the rules; six application servers (ASD, omi-1 to 6) and two machines of SMD (1-6, 3-3), split
as they came, judge them. What is in runs.csv is not run again: delete it to run everything anew.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd

from sre_anomaly.config.build import build, build_parts
from sre_anomaly.config.compose import composed
from sre_anomaly.evaluation.anomaly.evaluate import measure_scores
from sre_anomaly.evaluation.anomaly.period import period
from sre_anomaly.evaluation.anomaly.suite import suite
from sre_anomaly.evaluation.bootstrap import random_scores
from sre_anomaly.frame import Array, MetricFrame, Split
from sre_anomaly.parallel.progress import Stages
from sre_anomaly.pipeline.detection import detect, prepare

HERE = Path(__file__).parent
SEED = 42
SERVICES = range(100, 104)
IF_MEMBER = "{course:{name:cknn},state:{name:iforest}}"
TWO_MEMBERS = "{course:{name:cknn,face:ranking},state:{name:kmeans}}"

VARIANTS: dict[str, list[str]] = {
    "zscore": ["detector=zscore", "features=raw"],
    "zscore, rolling": ["detector=zscore", "features=rolling"],
    "zscore, seasonal": ["detector=zscore", "features=seasonal"],
    "gaussian": ["detector=gaussian", "features=raw"],
    "gaussian, full": ["detector=gaussian", "features=raw", "detector.covariance=full"],
    "iforest": ["detector=iforest", "features=raw"],
    "iforest, rolling": ["detector=iforest", "features=rolling"],
    "kmeans": ["detector=kmeans", "features=raw"],
    "kmeans, lags": ["detector=kmeans", "features=lags"],
    "flatline": ["detector=flatline"],
    "cknn": ["detector=cknn"],
    "cknn, ranking": ["detector=cknn", "detector.face=ranking", "threshold=conformal"],
    "residual": ["detector=residual"],
    "residual, not smoothed": ["detector=residual", "detector.half_life=0"],
    "cknn evidence and iforest": ["detector=ensemble", "~detector.members", f"+detector.members={IF_MEMBER}"],
    "ensemble without residual": [
        "detector=ensemble",
        "~detector.members",
        f"+detector.members={TWO_MEMBERS}",
    ],
    "ensemble": ["detector=ensemble"],
    "auto": ["detector=auto"],
}
NAIVE = ("random", "largest jump")
MEASURES = ("vus_pr", "pr_auc", "best_f1")
COUNTS = ("incidents", "incidents_caught", "alerts", "false_alerts", "days")


def series() -> Iterator[tuple[str, MetricFrame, Split]]:
    """Yield the group, the series and its split."""
    for seed in SERVICES:
        config = composed([f"seed={seed}"])
        frame = next(iter(build("data", config["data"], seed=seed).frames()))
        yield "services", frame, build("split", config["split"]).split(frame)
    for data in ("asd", "smd"):
        for frame in build("data", composed([f"data={data}"])["data"]).frames():
            yield "servers", frame, build("split", {"name": "given"}).split(frame)


def areas(frame: MetricFrame, scores: Array) -> dict[str, Any]:
    """Return the measures of the scores alone."""
    assert frame.labels is not None
    known = np.isfinite(frame.labels)
    window = period(np.nan_to_num(frame.values[known, 0]))
    nine = suite(scores[known], frame.labels[known], window, SEED)
    return {"vus_pr": nine.vus_pr, "pr_auc": nine.auc_pr, "best_f1": nine.f1}


def judged(frame: MetricFrame, split: Split, overrides: list[str]) -> dict[str, Any]:
    """Return the measures of one detector on the test rows of one series."""
    parts = build_parts(composed(["split=given", *overrides, f"seed={SEED}"]))
    with Stages() as stages:
        prepared = prepare(frame, split, parts.features, stages.stage)
        found = detect(frame, split, prepared, parts, stages.stage)
    rows, span = frame.rows(split.test), split.test
    verdict = measure_scores(rows, found.scores[span], found.flags[span], found.alerts).measures
    told = {name: verdict[name] for name in COUNTS[:2]} | {
        "alerts": verdict["alerts"],
        "false_alerts": verdict["false_alerts"],
        "days": (frame.step * len(rows)).total_seconds() / 86_400,
    }
    return areas(rows, found.scores[span]) | told


def naive(frame: MetricFrame, split: Split, name: str) -> dict[str, Any]:
    """Return the measures of chance, or of the largest jump from row to row in units of the usual one."""
    rows = frame.rows(split.test)
    if name == "random":
        return areas(rows, random_scores(len(rows), SEED))
    jumps = np.abs(np.diff(np.nan_to_num(rows.values), axis=0, prepend=np.nan_to_num(rows.values[:1])))
    typical = np.median(jumps, axis=0)
    return areas(rows, (jumps / np.where(typical > 0, typical, 1.0)).max(axis=1))


def summary(runs: pd.DataFrame) -> pd.DataFrame:
    """Return a line for each detector: means over the series, and counts over all of them."""
    rows = []
    for (group, name), lines in runs.groupby(["data", "detector"], sort=False):
        row = {"data": group, "detector": name} | lines[list(MEASURES)].mean().round(3).to_dict()
        if lines["alerts"].notna().all():
            sums = lines[list(COUNTS)].sum()
            row |= {
                "alert precision": round(1 - sums["false_alerts"] / max(sums["alerts"], 1), 3),
                "incidents found": round(sums["incidents_caught"] / sums["incidents"], 3),
                "false alerts a week": round(7 * sums["false_alerts"] / sums["days"], 2),
            }
        rows.append(row)
    return pd.DataFrame(rows)


def main() -> None:
    """Run what is missing, print and write the table."""
    path = HERE / "runs.csv"
    lines = pd.read_csv(path).to_dict("records") if path.is_file() else []
    done = {(line["series"], line["detector"]) for line in lines}
    for group, frame, split in series():
        name_of_series = frame.name if group == "servers" else f"{frame.name}-{frame.fingerprint[:6]}"
        for name in (*NAIVE, *VARIANTS):
            if (name_of_series, name) in done:
                continue
            measures = naive(frame, split, name) if name in NAIVE else judged(frame, split, VARIANTS[name])
            lines.append({"data": group, "series": name_of_series, "detector": name} | measures)
            pd.DataFrame(lines).round(5).to_csv(path, index=False)
    table = summary(pd.DataFrame(lines))
    print(table.to_string(index=False))
    table.to_csv(HERE / "table.csv", index=False)


if __name__ == "__main__":
    main()
