"""What cknn scores on NAB, what each of its parts is worth, and what bounded memory costs.

Usage: python experiments/cknn/study.py     (some two minutes; prints the table, writes table.csv beside it)

NAB's own rows and times, one configuration for all files, no labels and no training. The threshold is what NAB fits on
all labels; beside it stand the configured one, as shipped, and the one chosen on the other six categories.
"""

import math
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd

from sre_anomaly.alerts.fatigue import Fatigue
from sre_anomaly.benchmark.nab_corpus import CorpusFile, read_corpus
from sre_anomaly.config.build import build
from sre_anomaly.config.compose import composed
from sre_anomaly.evaluation.anomaly.points import pr_auc
from sre_anomaly.evaluation.nab.intervals import assess
from sre_anomaly.evaluation.nab.score import Labelled, optimise, ranked, score_at
from sre_anomaly.frame import Array, Times
from sre_anomaly.io.timestamps import times
from sre_anomaly.records import CANNOT_ALERT

HERE = Path(__file__).parent
SEED = 0
PROFILES = {"standard": "standard", "reward_low_FP_rate": "low FP", "reward_low_FN_rate": "low FN"}
LEAST_EXCESS = float(np.nextafter(0, 1))
"""NAB flags at or above its threshold, an alert is above 0."""

VARIANTS: dict[str, list[str]] = {
    "as shipped": [],
    "no seasonal residual": ["detector.seasonal=0"],
    "seasonal residual only": ["detector.seasonal=1"],
    "no quarantine": ["detector.quarantine=0"],
    "no time of day in the distance": ["detector.hour=0"],
    "mean over 2 rows only": ["detector.windows=[2]", "detector.weights=[1]"],
    "means over 2 and 50 rows": ["detector.windows=[2,50]", "detector.weights=[1,1]"],
    "no fatigue": ["alerts.penalty=0"],
    "every flag alerts": ["alerts.repeat=0", "alerts.least_repeat=0"],
    "neither fatigue nor incidents": ["alerts=every_flag"],
    "level does not rise": ["threshold.growth=0"],
    "level rises with log(rows)": ["threshold.growth=1"],
    "first level after 100 rows": ["threshold.warmup=100"],
    "2,400 neighbours": ["detector.most_neighbours=2400"],
    "9,600 neighbours": ["detector.most_neighbours=9600"],
    "100,000 neighbours": ["detector.most_neighbours=100000"],
    "512 ranks": ["detector.most_ranks=512"],
    "30,000 ranks": ["detector.most_ranks=30000"],
    "face: novelty": ["detector.face=novelty", "threshold=contamination"],
    "face: ranking": ["detector.face=ranking", "threshold=contamination"],
}
"""A change at a time. Where the level or the policy changes, theta is left to NAB's fit."""
STEPS = [round(0.06 * number, 2) for number in range(-8, 9)]
USUAL_ROWS = 5000
FACES = ("face: novelty", "face: ranking")


def clock_of(file: CorpusFile) -> Times:
    """Return the rows' own times, repeated and out of order as NAB has them."""
    return times(Path(file.name), pd.Series(file.timestamps, name="timestamp"), "UTC").as_unit("ns").asi8


def scores_of(
    node: Mapping[str, Any], corpus: list[CorpusFile], clocks: list[Times]
) -> tuple[list[Array], float]:
    """Return each file's scores, learned from its first row on, and the CPU microseconds of a row."""
    detector = build("detector", node)
    started = time.process_time()
    scores = [
        detector.advance(
            detector.new_state(1)[np.newaxis], clock, np.ascontiguousarray(file.values[:, np.newaxis])
        )
        for file, clock in zip(corpus, clocks, strict=True)
    ]
    spent = time.process_time() - started
    return scores, 1e6 * spent / sum(len(file.values) for file in corpus)


def labelled(
    config: Mapping[str, Any], theta: float, scores: list[Array], corpus: list[CorpusFile]
) -> list[Labelled]:
    """Return how far each row is above level and penalty: above 0 where the policy opens an alert."""
    threshold = build("threshold", {**config["threshold"], "theta": theta})
    policy = build("alerts", config["alerts"])
    told = []
    for file, score in zip(corpus, scores, strict=True):
        level = threshold.level(score)
        excess = policy.excess(score, level) if isinstance(policy, Fatigue) else score - level
        told.append(file.scored(np.nan_to_num(excess, nan=CANNOT_ALERT)))
    return told


def judge(config: Mapping[str, Any], scores: list[Array], corpus: list[CorpusFile]) -> dict[str, Any]:
    """Return NAB's scores, fitted on all labels, with the theta that suits the standard profile best."""
    shipped = composed(["detector=cknn"])["threshold"]
    middle = shipped["theta"] + (shipped["growth"] - config["threshold"]["growth"]) * math.log(USUAL_ROWS)
    fits = {
        middle + step: optimise(ranked(labelled(config, middle + step, scores, corpus))) for step in STEPS
    }
    theta = max(fits, key=lambda one: fits[one]["standard"].score)
    told = {words: round(fits[theta][name].score, 2) for name, words in PROFILES.items()}
    best = fits[theta]["standard"]
    return {**told, "theta": round(theta, 2), "windows": best.found, "false rows": best.false_rows}


def precision_by_rank(scores: list[Array], corpus: list[CorpusFile]) -> float:
    """Return the mean area under precision and recall, file by file; their windows are the truth."""
    areas = []
    for file, score in zip(corpus, scores, strict=True):
        truth = np.zeros(len(score))
        for start, stop in file.windows:
            truth[start:stop] = 1
        if truth.any():
            areas.append(pr_auc(score, truth))
    return round(float(np.mean(areas)), 3)


def main() -> None:
    """Judge every variant, print and keep the table; then what the shipped configuration is worth."""
    corpus = read_corpus()
    clocks = [clock_of(file) for file in corpus]
    known: dict[str, tuple[list[Array], float]] = {}
    rows = []
    for name, overrides in VARIANTS.items():
        config = composed(["detector=cknn", *overrides])
        key = str(config["detector"])
        if not known:
            scores_of(config["detector"], corpus[:1], clocks[:1])  # Compiles.
        if key not in known:
            known[key] = scores_of(config["detector"], corpus, clocks)
        scores, cost = known[key]
        found = {} if name in FACES else judge(config, scores, corpus)
        row = {
            "variant": name,
            **found,
            "PR area": precision_by_rank(scores, corpus),
            "us a row": round(cost, 1),
        }
        rows.append(row)
        print(row, flush=True)
    pd.DataFrame(rows).astype({"windows": "Int64", "false rows": "Int64"}).to_csv(
        HERE / "table.csv", index=False
    )
    config = composed(["detector=cknn"])
    series = labelled(config, config["threshold"]["theta"], known[str(config["detector"])][0], corpus)
    as_shipped = score_at(ranked(series), dict.fromkeys(PROFILES, LEAST_EXCESS))
    for name, one in assess(series, SEED).items():
        low, high = one.interval
        print(
            f"{PROFILES[name]}: fitted {one.best.score:.2f} ({low:.1f} to {high:.1f}), as shipped "
            f"{as_shipped[name]:.2f}, threshold from the other categories {one.left_out:.2f}; "
            f"{one.best.found} of {one.best.windows} windows, {one.best.false_rows} false rows"
        )


if __name__ == "__main__":
    main()
