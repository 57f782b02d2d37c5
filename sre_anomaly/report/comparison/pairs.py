"""Two runs on the same rows: what both found hard or easy cancels out, and what is left is their difference."""

from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from sre_anomaly.evaluation.anomaly.evaluate import LONGEST_BLOCK
from sre_anomaly.evaluation.anomaly.incidents import match
from sre_anomaly.evaluation.anomaly.points import count, pr_auc
from sre_anomaly.evaluation.bootstrap import group_interval, interval
from sre_anomaly.evaluation.table.classification import confusion, macro_f1
from sre_anomaly.frame import Array, runs_of_labels
from sre_anomaly.report.comparison.page import ComparedRun, Difference

Rows = npt.NDArray[np.int64]

OVER_SERIES = ("vus_pr", "pr_auc", "f1", "event_f1")
"""Measures of which a run over many series tells the mean."""


def differences(first: ComparedRun, second: ComparedRun) -> list[Difference]:
    """Return how the second run differs from the first, with 95 % intervals; empty where nobody knows the truth."""
    if first.told is not None and second.told is not None:
        return _of_tables(first, second)
    if first.series is not None and second.series is not None:
        return _of_corpora(first.series, second.series, int(first.record["seed"]))
    return _of_detections(first, second)


def _of_detections(first: ComparedRun, second: ComparedRun) -> list[Difference]:
    """Resample days, or incidents, for both runs at once: what both found hard or easy cancels out."""
    one, two = first.judged, second.judged
    if one is None or two is None or one.labels is None or not (one.labels == 1).any():
        return []
    known, seed = np.isfinite(one.labels), int(first.record["seed"])
    labels = one.labels[known]
    step = timedelta(seconds=first.record["data"]["step_s"])
    block = max(1, min(len(labels) // 8, round(LONGEST_BLOCK / step)))
    flags, scores = (one.flags[known], two.flags[known]), (one.scores[known], two.scores[known])

    def f1(rows: Rows) -> float:
        before, after = (count(of_run[rows], labels[rows]).f1 for of_run in flags)
        return after - before

    def area(rows: Rows) -> float:
        before, after = (pr_auc(of_run[rows], labels[rows]) for of_run in scores)
        return after - before

    found = [
        Difference(name, measure(np.arange(len(labels))), *interval(len(labels), block, measure, seed))
        for name, measure in (("f1", f1), ("pr_auc", area))
    ]
    incidents = runs_of_labels(one.time, one.labels)
    if one.alerts is not None and two.alerts is not None and "incident_recall" in first.measures:
        numbers = [incident.id for incident in incidents]
        before, after = (np.isin(numbers, match(a, incidents).caught_ids) for a in (one.alerts, two.alerts))
        gained = after.astype(np.float64) - before
        between = interval(len(gained), 1, lambda rows: float(gained[rows].mean()), seed)
        found.append(Difference("incident_recall", float(gained.mean()), *between))
    return found


def _of_corpora(first: pd.DataFrame, second: pd.DataFrame, seed: int) -> list[Difference]:
    """Resample series for both runs at once; those that one of them could not judge are left out."""
    found = []
    for name in OVER_SERIES:
        if name in first and name in second:
            gained = (second[name] - first[name]).dropna().to_numpy()
            found.append(_mean_difference(name, gained, np.ones(len(gained)), seed))
    if "incidents" in first and "incidents" in second:
        known = first["incidents"].fillna(0).to_numpy()
        gained = (second["incidents_caught"] - first["incidents_caught"]).fillna(0).to_numpy()
        found.append(_mean_difference("incident_recall", gained, known, seed))
    return [one for one in found if np.isfinite(one.value)]


def _mean_difference(name: str, gained: Array, weight: Array, seed: int) -> Difference:
    def measure(rows: Rows) -> float:
        return float(gained[rows].sum() / total) if (total := weight[rows].sum()) else float("nan")

    return Difference(name, measure(np.arange(len(gained))), *interval(len(gained), 1, measure, seed))


def _of_tables(first: ComparedRun, second: ComparedRun) -> list[Difference]:
    """Resample groups of rows that belong together, or rows, for both runs at once."""
    one, two = first.told, second.told
    assert one is not None
    assert two is not None
    target = first.record["data"].get("table", first.record["data"])["target"]
    answer = "told" if "told" in one else "predicted"
    if answer not in two or not one["row"].equals(two["row"]):
        return []
    belongs = one["group"] if "group" in one else one["row"]
    groups = np.unique(belongs, return_inverse=True)[1]
    seed = int(first.record["seed"])
    if answer == "told":
        task = first.record["classification"]
        classes = pd.Index(task["classes"])
        truth, before, after = (
            classes.get_indexer(column) for column in (one[target], one["told"], two["told"])
        )

        def measure(rows: Rows) -> float:
            old, new = (
                macro_f1(confusion(truth[rows], told[rows], len(classes))) for told in (before, after)
            )
            return new - old

        # Of one fold both are the same, and only the shorter name is shown beside it.
        name = "macro_f1" if task["measures"].get("folds") == 1 else "macro_f1_pooled"
    else:
        errors = [
            np.abs(run[answer].astype(float) - run[target].astype(float)).to_numpy() for run in (one, two)
        ]
        gained = errors[1] - errors[0]

        def measure(rows: Rows) -> float:
            return float(gained[rows].mean())

        name = "mae"
    every = np.arange(len(one))
    return [Difference(name, measure(every), *group_interval(groups, measure, seed))]
