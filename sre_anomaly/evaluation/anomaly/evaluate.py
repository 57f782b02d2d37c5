"""One table of measures for a detector and for the two baselines beside it."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np

from sre_anomaly.evaluation.anomaly.incidents import match, never_stops, per_week, time_in_alert, wilson
from sre_anomaly.evaluation.anomaly.points import count, pr_auc, roc_auc
from sre_anomaly.evaluation.bootstrap import interval, random_scores
from sre_anomaly.frame import Array, Mask, MetricFrame
from sre_anomaly.records import Alert

FEW_INCIDENTS = 10
LONGEST_BLOCK = timedelta(days=1)


@dataclass
class Evaluation:
    """Measures, their 95 % intervals, and the same measures of baselines that know nothing or little."""

    measures: dict[str, Any] = field(default_factory=dict)
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    baselines: dict[str, dict[str, float]] = field(default_factory=dict)
    caveats: list[str] = field(default_factory=list)
    caught_ids: tuple[int, ...] = ()


def evaluate(frame: MetricFrame, scores: Array, flags: Mask, alerts: list[Alert], seed: int) -> Evaluation:
    """Judge one span of rows by its labels; without labels only counts and rates are given.

    Parameters
    ----------
    frame : MetricFrame
        The span that is judged, n rows.
    scores, flags : (n,)
    alerts : list of Alert
        Those that fired in the span.
    """
    found = measure_scores(frame, scores, flags, alerts)
    if frame.labels is None or not np.isfinite(frame.labels).any():
        found.caveats.append("No labels: nobody can say how many of these are right. Look at a few of them.")
        _add_length(found, None)
        return found
    known = np.isfinite(frame.labels)
    labels, scores, flags = frame.labels[known], scores[known], flags[known]
    block = max(1, min(len(labels) // 8, round(LONGEST_BLOCK / frame.step)))
    found.intervals["f1"] = interval(
        len(labels), block, lambda rows: count(flags[rows], labels[rows]).f1, seed
    )
    found.intervals["pr_auc"] = interval(
        len(labels), block, lambda rows: pr_auc(scores[rows], labels[rows]), seed
    )
    found.baselines = baselines(frame.values[known], labels, int(flags.sum()), seed)
    _add_caveats(found, labels, scores)
    return found


def measure_scores(frame: MetricFrame, scores: Array, flags: Mask, alerts: list[Alert]) -> Evaluation:
    """Return the measures of one span of rows alone: no baseline, no resampled interval."""
    found = Evaluation()
    duration = frame.step * len(frame)
    found.measures["flags"] = int(flags.sum())
    found.measures["alerts"] = len(alerts)
    if frame.has_clock:
        found.measures["alerts_per_week"] = per_week(len(alerts), duration)
        found.measures["time_in_alert"] = time_in_alert(alerts, frame.time.asi8)
    if frame.labels is not None and np.isfinite(frame.labels).any():
        known = np.isfinite(frame.labels)
        found.measures |= _row_measures(scores[known], flags[known], frame.labels[known])
        if frame.has_clock and frame.incidents is not None:
            _add_incident_measures(found, frame, alerts, duration)
    return found


def _row_measures(scores: Array, flags: Mask, labels: Array) -> dict[str, float]:
    counts = count(flags, labels)
    return {
        "precision": counts.precision,
        "recall": counts.recall,
        "f1": counts.f1,
        "pr_auc": pr_auc(scores, labels),
        "roc_auc": roc_auc(scores, labels),
    }


def _add_incident_measures(
    found: Evaluation, frame: MetricFrame, alerts: list[Alert], duration: timedelta
) -> None:
    matched = match(alerts, frame.incidents or ())
    found.measures |= {
        "incidents": matched.incidents,
        "incidents_caught": matched.caught,
        "incident_recall": matched.caught / matched.incidents if matched.incidents else float("nan"),
        "false_alerts": matched.false_alerts,
        "false_alerts_per_week": per_week(matched.false_alerts, duration),
        "median_time_to_detect_s": matched.median_delay,
    }
    found.intervals["incident_recall"] = wilson(matched.caught, matched.incidents)
    found.caught_ids = matched.caught_ids


def baselines(values: Array, labels: Array, flags: int, seed: int) -> dict[str, dict[str, float]]:
    """Return the row measures of chance, of the largest jump from row to row, and of flagging everything.

    Each flags as many rows as the detector did, so that they differ in which rows, not in how many.
    """
    out = {}
    for name, scores in naive_scores(values, seed).items():
        ranked = np.where(np.isfinite(scores), scores, -np.inf)
        flagged = np.zeros(len(labels), dtype=bool)
        flagged[np.argsort(-ranked, kind="stable")[:flags]] = True
        out[name] = _row_measures(scores, flagged, labels)
    everything = np.ones(len(labels), dtype=bool)
    out["flag_everything"] = _row_measures(np.zeros(len(labels)), everything, labels)
    return out


def naive_scores(values: Array, seed: int) -> dict[str, Array]:
    """Return (n,) scores drawn by chance, and the largest jump of any metric from row to row in its usual jumps."""
    with np.errstate(invalid="ignore"):
        jumps = np.abs(np.diff(values, axis=0, prepend=values[:1]))
        typical = np.array([np.median(j[np.isfinite(j)]) if np.isfinite(j).any() else 0.0 for j in jumps.T])
        largest = np.fmax.reduce(jumps / np.where(typical > 0, typical, 1.0), axis=1)
    return {"random": random_scores(len(values), seed), "largest_jump": largest}


def _add_caveats(found: Evaluation, labels: Array, scores: Array) -> None:
    incidents = found.measures.get("incidents")
    few = incidents is not None and incidents < FEW_INCIDENTS
    if not (labels == 1).any():
        found.caveats.append(
            "No labelled data point is anomalous here: precision, recall and the areas mean nothing."
        )
    elif few:
        found.caveats.append(f"Only {incidents} labelled incident(s) here: too few to compare detectors.")
    _add_length(found, float((labels == 1).mean()) if incidents else None)
    naive = max((found.baselines[name]["pr_auc"] for name in ("random", "largest_jump")), default=0.0)
    if not few and found.measures["pr_auc"] < naive:
        found.caveats.append(
            "PR-AUC by data point is below a baseline (see the table): try another detector or other features."
        )
    if silent := int((~np.isfinite(scores)).sum()):
        found.caveats.append(
            f"{silent} data points could not be scored (gaps or too little history) and count as not flagged."
        )


def _add_length(found: Evaluation, anomalous: float | None) -> None:
    if (long := never_stops(found.measures.get("time_in_alert", 0.0), anomalous)) is not None:
        found.caveats.append(long)
