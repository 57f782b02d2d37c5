"""Why an alert was raised: the data point that shows it best, and the metrics that took part."""

from itertools import islice

import numpy as np

from sre_anomaly.frame import MetricFrame
from sre_anomaly.kernels.course import follow, new_course, summary
from sre_anomaly.pipeline.detection import Detection
from sre_anomaly.pipeline.otherwise import ranked
from sre_anomaly.pipeline.reasons import Explainer
from sre_anomaly.pipeline.telling import ROWS_TOLD, Flagged, Telling
from sre_anomaly.records import Reason


def alert_reasons(frame: MetricFrame, detected: Detection, explainer: Explainer) -> list[Reason]:
    """Return for each alert the reason that shows it best, and note in the alert which metrics took part.

    A detector with bounds has its reasons from `Telling`. For others the metric is chosen as there, and a score may peak
    just after a value did, because windows carry it on, so the row where this metric is furthest from its usual is told.
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
    if explainer.bands is not None:
        return _in_words(detected, explainer, flagged)
    rows = [of_alert[:ROWS_TOLD] for of_alert in flagged]
    every = [row for of_alert in rows for row in of_alert]
    shares = explainer.shares(every)
    named: list[int] | None = None
    lengths = [len(of_alert) for of_alert in rows]
    if shares is not None:
        together = np.add.reduceat(shares, np.cumsum([0, *lengths[:-1]]), axis=0)
        named = np.repeat(np.argmax(together, axis=1), lengths).tolist()
    options = iter(explainer.reasons(every, named))
    return [max(islice(options, len(of_alert)), key=lambda reason: reason.distance) for of_alert in rows]


def _in_words(detected: Detection, explainer: Explainer, flagged: list[list[int]]) -> list[Reason]:
    """Return what a live monitor would have said of each alert at its end."""
    frame, bands, reasons = explainer.frame, explainer.bands, []
    assert bands is not None
    values, times = np.ascontiguousarray(frame.values), frame.time.asi8
    course, done = new_course(len(frame.metrics))[np.newaxis], 0
    for alert, rows in zip(detected.alerts, flagged, strict=True):
        telling = Telling(frame.metrics, frame.step)
        shares = explainer.shares(rows)
        own = np.zeros((len(rows), len(frame.metrics))) if shares is None else shares
        for row, of_row in zip(rows, own, strict=True):
            if telling.complete:
                break
            follow(course, values[done:row])
            done, level, follows = row, float(detected.levels[row]), bool(detected.flags[row - 1])
            known = summary(course[0])
            telling.add(Flagged(int(times[row]), level, follows, values[row], known, of_row, bands[row]))
        why = telling.reason()
        why.unit = frame.units.get(why.metric, "")
        reasons.append(why)
        if shares is not None:
            alert.metrics = ranked(frame, rows[:ROWS_TOLD], shares[:ROWS_TOLD], bands)
    return reasons
