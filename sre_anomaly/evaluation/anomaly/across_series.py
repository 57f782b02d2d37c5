"""Measures over many series: each counts once, and series are drawn anew to say how sure the mean is."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from sre_anomaly.evaluation.anomaly.incidents import never_stops, wilson

AVERAGED = (
    "precision",
    "recall",
    "f1",
    "pr_auc",
    "roc_auc",
    "vus_pr",
    "vus_roc",
    "best_f1",
    "event_f1",
    "range_f1",
    "affiliation_f",
    "point_adjusted_f1",
)
BESIDE = ("random", "largest_jump", "flag_everything")
"""Columns that begin so hold the same measures of what knows nothing, or next to nothing."""
ROUNDS = 1000
FEW = 10


@dataclass
class Overall:
    """Means over the labelled series, sums over all, and intervals over series drawn anew."""

    measures: dict[str, Any] = field(default_factory=dict)
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    baselines: dict[str, dict[str, float]] = field(default_factory=dict)
    caveats: list[str] = field(default_factory=list)


def across(table: pd.DataFrame, seed: int) -> Overall:
    """Return what the lines of completed series say together.

    Parameters
    ----------
    table : DataFrame
        One line a series. Series without an anomalous row have no area and no F1, and count in none of them; their
        false alerts count.
    """
    found = Overall()
    weeks = float(table["judged_days"].sum()) / 7
    alerts = int(table["alerts"].sum())
    found.measures = {"flags": int(table["flags"].sum()), "alerts": alerts, "alerts_per_week": alerts / weeks}
    if "time_in_alert" in table:
        found.measures["time_in_alert"] = _share_of_time(table, "time_in_alert")
    judged = table[table["incidents"].notna()] if "incidents" in table else table[:0]
    if judged.empty:
        found.caveats.append("No series has labels: how many of these alerts are false is not known.")
        _add_length(found, None)
        return found
    incidents, caught = int(judged["incidents"].sum()), int(judged["incidents_caught"].sum())
    false = int(judged["false_alerts"].sum())
    if len(judged) < len(table):
        found.caveats.append(
            f"{len(table) - len(judged)} of {len(table)} series have no labels: their alerts are not in the measures."
        )
    alerts, weeks = int(judged["alerts"].sum()), float(judged["judged_days"].sum()) / 7
    if "time_in_alert" in judged:
        found.measures["time_in_alert"] = _share_of_time(judged, "time_in_alert")
    labelled = judged[judged["pr_auc"].notna()] if "pr_auc" in judged else judged[:0]
    found.measures |= {
        "series_with_anomalies": len(labelled),
        "incidents": incidents,
        "incidents_caught": caught,
        "incident_recall": caught / incidents if incidents else float("nan"),
        "alert_precision": 1 - false / alerts if alerts else float("nan"),
        "false_alerts": false,
        "false_alerts_per_week": false / weeks,
    }
    found.intervals["incident_recall"] = wilson(caught, incidents)
    if labelled.empty:
        found.caveats.append(
            "No series has a known incident: how many would have been detected is not known."
        )
        return found
    draw = np.random.default_rng(seed).integers(0, len(labelled), (ROUNDS, len(labelled)))
    for name in (one for one in AVERAGED if one in labelled):
        values = labelled[name].to_numpy(dtype=np.float64)
        found.measures[name] = float(np.nanmean(values))
        if len(labelled) > 1:
            low, high = np.nanpercentile(np.nanmean(values[draw], axis=1), [2.5, 97.5])
            found.intervals[name] = float(low), float(high)
    found.baselines = {
        beside: {name: float(labelled[f"{beside}_{name}"].mean()) for name in told}
        for beside in BESIDE
        if (told := [name for name in AVERAGED if f"{beside}_{name}" in labelled])
    }
    known = incidents and "flag_everything_precision" in judged
    _add_length(found, _share_of_time(judged, "flag_everything_precision") if known else None)
    if few := len(labelled) < FEW:
        found.caveats.append(
            f"Only {len(labelled)} series have known incidents: too few to compare detectors."
        )
    naive = max((beside["pr_auc"] for beside in found.baselines.values()), default=0.0)
    if not few and found.measures["pr_auc"] < naive:
        found.caveats.append(
            "PR-AUC by data point is below a baseline on average (see the table): try another detector or other features."
        )
    return found


def _share_of_time(table: pd.DataFrame, column: str) -> float:
    """Return the mean of a share of each series' rows, longer series counting more; a series without one has 0."""
    return float((table[column].fillna(0.0) * table["judged_days"]).sum() / table["judged_days"].sum())


def _add_length(found: Overall, anomalous: float | None) -> None:
    if (long := never_stops(found.measures.get("time_in_alert", 0.0), anomalous)) is not None:
        found.caveats.append(long)
