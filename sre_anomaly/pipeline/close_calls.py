"""What came near the threshold without a page: the stretches that would be the next to page."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from sre_anomaly.clock import rows_in
from sre_anomaly.frame import MetricFrame
from sre_anomaly.pipeline.detection import Detection
from sre_anomaly.records import Reason

NEAR = 0.6
"""Share of the threshold from which on a stretch came near it."""
MOST = 5
BRIDGE = timedelta(hours=2)


@dataclass
class CloseCall:
    """The strongest data point of a stretch below the threshold."""

    row: int
    reached: float
    """Its score as a share of the threshold."""
    reason: Reason


def nearest_rows(frame: MetricFrame, detected: Detection, span: slice) -> list[tuple[int, float]]:
    """Return the peak of each stretch that came nearest, nearest first, with the share of the threshold it reached.

    Data points within `BRIDGE` of each other are one stretch, as they would be one page; none is within it of an alert.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        reached = np.where(detected.levels > 0, detected.heard / detected.levels, np.nan)
    near = np.zeros(len(frame), dtype=bool)
    near[span] = reached[span] >= NEAR
    near &= ~detected.flags
    gap = max(1, rows_in(BRIDGE, frame.step))
    times = frame.time.asi8
    for alert in detected.alerts:
        start, end = times.searchsorted([alert.start, alert.end])
        near[max(0, start - gap) : end + gap] = False
    rows = np.flatnonzero(near)
    if not len(rows):
        return []
    stretches = np.split(rows, np.flatnonzero(np.diff(rows) > gap) + 1)
    peaks = [int(part[np.argmax(reached[part])]) for part in stretches]
    peaks.sort(key=lambda row: -reached[row])
    return [(row, float(reached[row])) for row in peaks[:MOST]]
