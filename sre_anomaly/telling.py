"""Which rows of a finished detection are told, and why: the alerts and the strongest rows."""

from itertools import islice

import numpy as np

from sre_anomaly.detection import Detection
from sre_anomaly.frame import Array, MetricFrame
from sre_anomaly.reasons import Explainer
from sre_anomaly.records import Alert, Reason

STRONGEST = 50
ROWS_TOLD = 12
"""The first flagged rows of an alert, from which its reason is drawn."""


def strongest_rows(detected: Detection, span: slice, explainer: Explainer) -> list[tuple[int, Reason]]:
    """Return the rows of a span furthest above their level, strongest first, each with its reason."""
    excess = detected.scores[span] - detected.levels[span]
    rows = [row + span.start for row in strongest(excess, STRONGEST)]
    return list(zip(rows, explainer.reasons(rows), strict=True))


def alert_reasons(frame: MetricFrame, detected: Detection, explainer: Explainer) -> list[Reason]:
    """Return for each alert the reason that shows it best.

    The metric is the one with the largest share in the scores of the alert's first flagged rows, taken
    together: what causes an incident moves before what follows from it. A score may peak just after a value did,
    because windows carry it on, so the row where this metric is furthest from its usual is told.
    """
    if not detected.alerts:
        return []
    starts, ends = (
        frame.time.asi8.searchsorted([getattr(alert, edge) for alert in detected.alerts])
        for edge in ("start", "end")
    )
    rows = [
        (start + np.flatnonzero(detected.flags[start:end])[:ROWS_TOLD]).tolist()
        for start, end in zip(starts, ends, strict=True)
    ]
    every = [row for of_alert in rows for row in of_alert]
    shares = explainer.shares(every)
    named: list[int] | None = None
    if shares is not None:
        lengths = [len(of_alert) for of_alert in rows]
        together = np.add.reduceat(shares, np.cumsum([0, *lengths[:-1]]), axis=0)
        named = np.repeat(np.argmax(together, axis=1), lengths).tolist()
    options = iter(explainer.reasons(every, named))
    return [max(islice(options, len(of_alert)), key=lambda reason: reason.distance) for of_alert in rows]


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
