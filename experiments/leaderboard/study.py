"""Judge every built-in detector on NAB, ASD and SMD by all measures, one configuration for all series.

Usage: SRE_ANOMALY_DATA=FOLDER python experiments/leaderboard/study.py [--to FOLDER] [--jobs 2]

Runs are kept in the folder, so that a study that was stopped goes on.
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

HERE = Path(__file__).parent
CORPORA = {
    "NAB": ["experiment=nab_benchmark"],
    "ASD": ["data=asd", "split=given", "forecaster=none"],
    "SMD": ["data=smd", "split=given", "forecaster=none"],
}
DETECTORS = {
    "cknn": ["detector=cknn", "features=raw", "alerts=fatigue"],
    "zscore": ["detector=zscore", "features=rolling", "alerts=incident"],
    "zscore, raw": ["detector=zscore", "features=raw", "alerts=incident"],
    "gaussian": ["detector=gaussian", "features=raw", "alerts=incident"],
    "gaussian, full": ["detector=gaussian", "detector.covariance=full", "features=raw", "alerts=incident"],
    "iforest": ["detector=iforest", "features=raw", "alerts=incident"],
    "iforest, rolling": ["detector=iforest", "features=rolling", "alerts=incident"],
    "kmeans": ["detector=kmeans", "features=raw", "alerts=incident"],
    "flatline": ["detector=flatline", "features=raw", "alerts=incident"],
    "residual": ["detector=residual", "features=raw", "alerts=incident"],
    "ensemble": ["detector=ensemble", "features=raw", "alerts=fatigue"],
    "auto": ["detector=auto", "features=raw", "alerts=fatigue"],
    "ecod": ["detector=ecod", "features=raw", "alerts=incident"],
    "zscore, raw, conformal": ["detector=zscore", "features=raw", "threshold=conformal", "alerts=fatigue"],
    "kmeans, conformal": ["detector=kmeans", "features=raw", "threshold=conformal", "alerts=fatigue"],
    "residual, conformal": ["detector=residual", "features=raw", "threshold=conformal", "alerts=fatigue"],
    "half_space_trees": ["detector=half_space_trees", "features=raw", "alerts=incident"],
}
MEASURES = (
    "vus_pr",
    "pr_auc",
    "roc_auc",
    "vus_roc",
    "best_f1",
    "event_f1",
    "range_f1",
    "affiliation_f",
    "alert_precision",
    "incident_recall",
    "false_alerts_per_week",
    "time_in_alert",
)
PROFILES = {"standard": "NAB", "reward_low_FP_rate": "NAB low FP", "reward_low_FN_rate": "NAB low FN"}


def record_of(corpus: str, detector: str, to: Path, jobs: int) -> dict[str, Any]:
    """Return the record of a run, made now or by an earlier session."""
    outputs = to / corpus / detector.replace(", ", "_")
    kept = outputs / "latest" / "record.json"
    if not kept.is_file():
        words = [
            *CORPORA[corpus],
            *DETECTORS[detector],
            f"corpus.jobs={jobs}",
            f"outputs={outputs}",
            "name=board",
        ]
        with (to / "log.txt").open("a", encoding="utf-8") as log, contextlib.redirect_stdout(log):
            command(words)
    content: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
    return content


def line_of(corpus: str, detector: str, record: dict[str, Any]) -> dict[str, Any]:
    """Return one line of the table."""
    found = record["detection"]
    line: dict[str, Any] = {"corpus": corpus, "detector": detector}
    line |= {name: found["measures"].get(name) for name in MEASURES}
    low, high = found["intervals"]["vus_pr"]
    line["vus_pr_low"], line["vus_pr_high"] = low, high
    for profile, name in PROFILES.items():
        line[name] = found.get("nab", {}).get(profile, {}).get("score")
    line["NAB left out"] = found.get("nab", {}).get("standard", {}).get("leave_one_category_out")
    return line


def main() -> None:
    """Run all, print the table, write it beside this file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--to", type=Path, default=Path(tempfile.gettempdir()) / "leaderboard")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    arguments.to.mkdir(parents=True, exist_ok=True)
    lines = []
    for corpus in CORPORA:
        record: dict[str, Any] = {}
        for detector in DETECTORS:
            record = record_of(corpus, detector, arguments.to, arguments.jobs)
            lines.append(line_of(corpus, detector, record))
        for name, beside in record["detection"]["baselines"].items():
            lines.append({"corpus": corpus, "detector": name, **beside})
    table = pd.DataFrame(lines).drop(columns="f1").round(4)
    print(table.to_string(index=False, na_rep=""))
    table.to_csv(HERE / "table.csv", index=False)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
