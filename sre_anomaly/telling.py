"""Which rows of a finished detection are told, and why: the alerts and the strongest rows."""

from itertools import islice

import numpy as np

from sre_anomaly.detection import Detection
from sre_anomaly.frame import Array, MetricFrame
from sre_anomaly.reasons import Explainer
from sre_anomaly.records import Alert, Reason

STRONGEST = 50
ROWS_TOLD = 24
"""Flagged rows of an alert among which the most telling one is looked for."""


def strongest_rows(detected: Detection, span: slice, explainer: Explainer) -> list[tuple[int, Reason]]:
    """Return the rows of a span furthest above their level, strongest first, each with its reason."""
    excess = detected.scores[span] - detected.levels[span]
    rows = [row + span.start for row in strongest(excess, STRONGEST)]
    return list(zip(rows, explainer.reasons(rows), strict=True))


def alert_reasons(frame: MetricFrame, detected: Detection, explainer: Explainer) -> list[Reason]:
    """Return for each alert the reason that shows it best.

    The metric is the one to blame at the peak. A score may peak just after a value did, because windows carry
    it on, so of the alert's first flagged rows the one where this metric is furthest from its usual is told.
    """
    starts, ends, peaks = (
        frame.time.asi8.searchsorted([getattr(alert, edge) for alert in detected.alerts])
        for edge in ("start", "end", "peak")
    )
    rows = [
        [int(peak), *(start + np.flatnonzero(detected.flags[start:end])[:ROWS_TOLD]).tolist()]
        for start, end, peak in zip(starts, ends, peaks, strict=True)
    ]
    options = iter(explainer.reasons([row for candidates in rows for row in candidates]))
    told = []
    for candidates in rows:
        at_peak, *others = islice(options, len(candidates))
        same = [reason for reason in others if reason.metric == at_peak.metric]
        told.append(max([at_peak, *same], key=lambda reason: reason.distance))
    return told


def strongest(excess: Array, count: int) -> list[int]:
    """Return the rows of the largest values, largest first, earlier ones first among equals; NaN are left out.

    Examples
    --------
    >>> strongest(np.array([1.0, 3.0, np.nan, 3.0, 2.0]), 3)
    [1, 3, 4]
    """
    known = np.flatnonzero(np.isfinite(excess))
    if len(known) > count:
        # Only those that can be among them are sorted: a history may have millions of rows.
        cut = np.partition(excess[known], len(known) - count)[len(known) - count]
        known = known[excess[known] >= cut]
    return known[np.argsort(-excess[known], kind="stable")][:count].tolist()


def by_strength(alerts: list[Alert]) -> list[Alert]:
    """Return alerts, the one furthest above its level first."""
    return sorted(alerts, key=lambda alert: alert.peak_level - alert.peak_score)
