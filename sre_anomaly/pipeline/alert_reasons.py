"""Why an alert was raised: the data point that shows it best, and the metrics that took part."""

from dataclasses import replace
from itertools import islice
from math import isfinite

import numpy as np

from sre_anomaly.frame import MetricFrame
from sre_anomaly.pipeline.detection import Detection
from sre_anomaly.pipeline.otherwise import ranked, what_else
from sre_anomaly.pipeline.reasons import Explainer
from sre_anomaly.records import Reason

ROWS_TOLD = 12  # the first flagged rows of an alert, from which its reason is drawn


def alert_reasons(frame: MetricFrame, detected: Detection, explainer: Explainer) -> list[Reason]:
    """Return for each alert the reason that shows it best, and note in the alert which metrics took part.

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
    flagged = [
        (start + np.flatnonzero(detected.flags[start:end])).tolist()
        for start, end in zip(starts, ends, strict=True)
    ]
    rows = [of_alert[:ROWS_TOLD] for of_alert in flagged]
    every = [row for of_alert in rows for row in of_alert]
    shares = explainer.shares(every)
    named: list[int] | None = None
    lengths = [len(of_alert) for of_alert in rows]
    if shares is not None:
        together = np.add.reduceat(shares, np.cumsum([0, *lengths[:-1]]), axis=0)
        named = np.repeat(np.argmax(together, axis=1), lengths).tolist()
    options = iter(explainer.reasons(every, named))
    reasons = [_clearest(list(islice(options, len(of_alert)))) for of_alert in rows]
    if explainer.bands is None:
        return reasons
    for number, alert in enumerate(detected.alerts):
        metric = frame.metrics.index(reasons[number].metric)
        reasons[number] = _in_words(explainer, detected, flagged[number], metric, int(ends[number]) - 1)
        if shares is not None:
            first = sum(lengths[:number])
            own = shares[first : first + lengths[number]]
            alert.metrics = ranked(frame, rows[number], own, explainer.bands)
    return reasons


def _in_words(
    explainer: Explainer, detected: Detection, flagged: list[int], metric: int, last: int
) -> Reason:
    """Return the reason at the row furthest outside the band, the first rows before later ones; else what else was unusual.

    An alert that begins with a missing value is told as silence, whatever came with the first values after it.
    """
    silent = not isfinite(explainer.frame.values[flagged[0], metric])
    for rows in () if silent else (flagged[:ROWS_TOLD], flagged):
        options = explainer.reasons(rows, [metric] * len(rows))
        # Bounds without width after a flagged row are what that row left behind, not what this value did.
        outside = [
            one
            for row, one in zip(rows, options, strict=True)
            if isfinite(one.seen) and not one.inside
            if one.usual_high > one.usual_low or not detected.flags[row - 1]
        ]
        if outside:
            # The way back from an incident may be the larger leap, but it is not what happened.
            above = outside[0].seen > outside[0].usual_high
            same_side = [one for one in outside if (one.seen > one.usual_high) == above]
            return max(same_side, key=lambda reason: reason.distance)
    options = explainer.reasons(flagged, [metric] * len(flagged))
    place = 0 if silent else max(range(len(flagged)), key=lambda one: options[one].distance)
    row = flagged[place]
    own = explainer.shares([row])
    else_unusual = what_else(
        explainer.frame, metric, row, last, None if own is None else own[0], float(detected.levels[row])
    )
    return replace(options[place], otherwise=else_unusual)


def _clearest(reasons: list[Reason]) -> Reason:
    """Return the furthest from what was expected."""
    return max(reasons, key=lambda reason: reason.distance)
