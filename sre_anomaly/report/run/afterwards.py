"""What the metric of an alert did after what paged: how far it went yet, and whether it stayed there when the alert was over."""

import math
import re

import numpy as np

from sre_anomaly.clock import in_words
from sre_anomaly.numbers import measured
from sre_anomaly.pipeline.runner import Run
from sre_anomaly.records import Alert

LONGER = 3
"""Only what stayed so many times as long as the alert is worth a word."""


def stayed(run: Run, alert: Alert) -> str:
    """Return for how long the metric stayed outside the band that it had left, empty where it soon came back.

    By the band at the alert's peak, over the values up to the end of the data.
    """
    found, frame = run.detection, run.frame
    if found is None or found.bands is None or not frame.has_clock or alert.metric not in frame.metrics:
        return ""
    metric = frame.metrics.index(alert.metric)
    peak, end = frame.time.asi8.searchsorted([alert.peak, alert.end])
    _, lower, upper = found.bands[peak, metric]
    values = frame.values[:, metric]
    if not (values[peak] < lower or values[peak] > upper):
        return ""
    after = values[end:] < lower if values[peak] < lower else values[end:] > upper
    rows = len(after) if after.all() else int(np.argmin(after))
    if rows + end - peak < LONGER * max(1, end - peak) or not rows:
        return ""
    lasted = in_words((rows + end - int(frame.time.asi8.searchsorted(alert.start))) * frame.step)
    return (
        f"; still so at the end of the data, after {lasted}" if after.all() else f"; so for {lasted} in all"
    )


def furthest(run: Run, alert: Alert) -> str:
    """Return the furthest value within an alert and when it was, where the reason tells of one that is less far; else nothing.

    The reason tells why somebody was paged, which is what came first; the worst may have come later.
    """
    frame, found = run.frame, run.detection
    if found is None or found.bands is None or not frame.has_clock or alert.metric not in frame.metrics:
        return ""
    column = frame.metrics.index(alert.metric)
    first, last = frame.time.asi8.searchsorted([alert.start, alert.end])
    values, expected = frame.values[first:last, column], found.bands[first, column, 0]
    told = re.match(rf"{re.escape(alert.metric)} = .*?(above|below|times as much)$", alert.reason)
    if told is None or not np.isfinite(values).any() or not math.isfinite(expected):
        return ""
    below = told[1] == "below"
    row = int(np.nanargmin(values) if below else np.nanargmax(values))
    (shown,), unit = measured(frame.units.get(alert.metric, ""), float(values[row]))
    if f" = {shown}" in alert.reason:
        return ""
    at = frame.time[first + row].tz_convert(frame.timezone)
    return f"; {'lowest' if below else 'highest'} {shown}{unit} at {at:%H:%M}"
