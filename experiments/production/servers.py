"""Measure what auto, the baseline and the ensemble find on servers with many metrics, each data point scored by what came before it.

    SRE_ANOMALY_DATA=... python experiments/production/servers.py

Reads asd and smd below that folder. Training and test data of a server are one history without a split, as people have it; measured is
the labelled second part, under `threshold=pages` with budgets of 2 and 4 pages a week. The ensemble by itself, which would be trained on what it evaluates, is
trained on the first part. Prints and writes servers.csv; some five minutes.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sre_anomaly.config.build import build, build_parts
from sre_anomaly.config.compose import composed
from sre_anomaly.contracts import exceeds
from sre_anomaly.evaluation.anomaly.evaluate import measure_scores
from sre_anomaly.evaluation.anomaly.period import period
from sre_anomaly.evaluation.anomaly.vus import vus
from sre_anomaly.frame import MetricFrame
from sre_anomaly.parallel.progress import Stages
from sre_anomaly.pipeline.detection import Detection, detect, prepare, replay

HERE = Path(__file__).parent
BUDGETS = (2, 4)
DETECTORS = {
    "baseline": "none",
    "auto": "none",
    "auto, trained on the first part": "given",
    "ensemble": "given",
}
"""How the history of each is split."""
WEEK = timedelta(days=7)


def servers(data: str) -> Iterator[MetricFrame]:
    yield from build("data", composed([f"data={data}"])["data"]).frames()


def scored(frame: MetricFrame, detector: str, rule: str) -> Detection:
    """Return what a detector says of a whole history."""
    parts = build_parts(composed([f"detector={detector}", "forecaster=none"]))
    split = build("split", {"name": rule}).split(frame)
    with Stages() as stages:
        return detect(frame, split, prepare(frame, split, parts.features, stages.stage), parts, stages.stage)


def paged(frame: MetricFrame, found: Detection, detector: str, budget: int) -> dict[str, float]:
    """Return what pages within a budget catch and cost in the second part; pages of the first count against it too."""
    parts = build_parts(composed([f"detector={detector}", f"threshold.pages_per_week={budget}"]))
    parts.threshold.start(frame.step)
    levels = parts.threshold.level(found.heard)
    flags, test = exceeds(found.heard, levels), frame.split.test
    alerts = replay(frame, found.heard, levels, flags, slice(0, len(frame)), parts.alerts)
    late = [alert for alert in alerts if alert.fired >= frame.time.asi8[test.start]]
    measures = measure_scores(frame.rows(test), found.scores[test], flags[test], late).measures
    return {
        f"caught_at_{budget}": measures["incidents_caught"],
        f"pages_at_{budget}": len(late),
        f"false_at_{budget}": measures["false_alerts"],
    }


def measured(data: str, name: str, rule: str) -> dict[str, Any]:
    """Return a line of the table: the mean area, and all servers' incidents and pages together."""
    areas, counts, detector = [], [], name.split(",", maxsplit=1)[0]
    for frame in servers(data):
        found, test = scored(frame, detector, rule), frame.split.test
        labels, first = frame.labels[test], np.nan_to_num(frame.values[test, 0])
        areas.append(vus(np.nan_to_num(found.scores[test]), labels, period(first)).pr)
        # The ensemble alone has no unit that a budget of pages could be kept in.
        each = [] if detector == "ensemble" else [paged(frame, found, detector, one) for one in BUDGETS]
        known = {"incidents": len(frame.rows(test).incidents), "weeks": len(labels) * frame.step / WEEK}
        counts.append({key: value for one in (known, *each) for key, value in one.items()})
    return {"data": data, "what": name, "vus_pr": np.mean(areas), **pd.DataFrame(counts).sum()}


def main() -> None:
    table = pd.DataFrame(
        measured(data, name, rule) for data in ("asd", "smd") for name, rule in DETECTORS.items()
    ).round(3)
    table.to_csv(HERE / "servers.csv", index=False)
    print(table.to_string(index=False))


if __name__ == "__main__":
    main()
