"""Whether `threshold=conformal` keeps the rate that was asked for, on rows that it was not made on.

Usage: python experiments/false_alerts/study.py [--half first]    (some minutes; prints and writes table.csv)

Every series is run from its first row on. Alerts outside of all known incidents are counted in the second half, which
no choice has seen; `--half first` counts in the second quarter, on which choices may be made.
"""

import argparse
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd

from sre_anomaly.config.build import build, build_parts
from sre_anomaly.config.compose import composed
from sre_anomaly.contracts import exceeds
from sre_anomaly.evaluation.anomaly.incidents import match
from sre_anomaly.frame import MetricFrame, Split
from sre_anomaly.parallel.progress import Stages
from sre_anomaly.pipeline.detection import detect, prepare, replay
from sre_anomaly.sources import Corpus

HERE = Path(__file__).parent
ONE_EPISODE = ["alerts=incident", "alerts.needed=1", "alerts.within=1", "alerts.cooldown=1h"]
WANTED = 1.0
SERVICES = range(200, 203)
DETECTORS = {
    "cknn": ["detector=cknn"],
    "kmeans": ["detector=kmeans", "features=raw"],
}
THRESHOLDS = {
    "conformal": ["threshold=conformal", f"threshold.false_alerts_per_week={WANTED}"],
    "pot": ["threshold=pot"],
}


def series() -> Iterator[tuple[str, MetricFrame]]:
    """Yield the group and the series; NAB's series without a window stand apart from the stretches around windows."""
    source = build("data", composed(["data=nab_corpus"])["data"])
    assert isinstance(source, Corpus)
    for frame in source.frames():
        yield ("NAB, no incident known" if not frame.incidents else "NAB, between incidents"), frame
    for frame in build("data", composed(["data=asd"])["data"]).frames():
        yield "ASD", frame
    for seed in SERVICES:
        yield (
            "generator",
            next(iter(build("data", composed([f"seed={seed}"])["data"], seed=seed).frames())),
        )


def counted(frame: MetricFrame, half: str, overrides: list[str]) -> Iterator[dict[str, Any]]:
    """Yield, for each threshold, the alerts outside of incidents in one half of a series, and the weeks with a level."""
    rows = len(frame)
    span = slice(rows // 2, rows) if half == "second" else slice(rows // 4, rows // 2)
    split = Split(slice(0, rows // 4), None, span)
    parts = build_parts(composed(["split=given", *overrides, *THRESHOLDS["conformal"], *ONE_EPISODE]))
    with Stages() as stages:
        found = detect(frame, split, prepare(frame, split, parts.features, stages.stage), parts, stages.stage)
    judged = frame.rows(span)
    bad = np.zeros(len(judged), dtype=bool) if judged.labels is None else judged.labels == 1
    for name, chosen in THRESHOLDS.items():
        threshold = build("threshold", composed(chosen)["threshold"])
        threshold.start(frame.step)
        levels = threshold.level(found.scores)
        alerts = replay(frame, found.scores, levels, exceeds(found.scores, levels), span, parts.alerts)
        judged_rows = int((np.isfinite(levels[span]) & ~bad).sum())
        yield {
            "threshold": name,
            "false alerts": match(alerts, judged.incidents or ()).false_alerts,
            "weeks": (frame.step * judged_rows).total_seconds() / 604_800,
        }


def poisson_interval(count: int) -> tuple[float, float]:
    """Return the exact 95 % interval of the mean of a Poisson count (Garwood, 1936)."""
    from scipy.stats import chi2

    low = chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    return float(low), float(chi2.ppf(0.975, 2 * count + 2) / 2)


def main() -> None:
    """Count everywhere, print and write the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--half", choices=["first", "second"], default="second")
    given = parser.parse_args()
    lines: list[dict[str, Any]] = []
    for group, frame in series():
        for detector, chosen in DETECTORS.items():
            named = {"data": group, "detector": detector}
            lines += [named | found for found in counted(frame, given.half, chosen)]
    rows = []
    for (threshold, group, detector), part in pd.DataFrame(lines).groupby(
        ["threshold", "data", "detector"], sort=False
    ):
        count, weeks = int(part["false alerts"].sum()), float(part["weeks"].sum())
        low, high = poisson_interval(count)
        if weeks == 0:
            continue
        rows.append(
            {
                "threshold": threshold,
                "data": group,
                "detector": detector,
                "weeks": round(weeks, 1),
                "false alerts": count,
                "a week": round(count / weeks, 2),
                "95 %": f"{low / weeks:.2f} to {high / weeks:.2f}",
                "within a factor of two": bool(0.5 * WANTED <= count / weeks <= 2 * WANTED),
            }
        )
    table = pd.DataFrame(rows)
    print(table.to_string(index=False))
    if given.half == "second":
        table.to_csv(HERE / "table.csv", index=False)


if __name__ == "__main__":
    main()
