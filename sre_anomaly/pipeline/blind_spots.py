"""What the series could not tell: too short, constant, gaps. Only what lowers the trust in an answer."""

from datetime import timedelta

import numpy as np

from sre_anomaly.clock import in_words
from sre_anomaly.frame import Array, MetricFrame
from sre_anomaly.pipeline.otherwise import longest_gap

FEWEST = 31
"""With ten times as many data points an answer rests on something."""
FEWEST_DAYS = 3
"""Days before which a time of day means little."""
MISSING = 0.01
"""Share of missing values from which on it is worth a line."""
LONG = timedelta(hours=1)
FEW_VALUES = 5
LATE = 0.1
NAMED = 4


def blind_spots(frame: MetricFrame, scores: Array) -> list[str]:
    """Return a line for whatever the metrics could not tell, none where all is well; ``scores`` (n,) say where answers begin."""
    said = []
    span = frame.step * len(frame)
    if len(frame) < 10 * FEWEST:
        scored = np.flatnonzero(np.isfinite(scores))
        late = f"the first {scored[0]} have no score, and " if len(scored) and scored[0] else ""
        told = f"{late}what is usual rests on little" if len(scored) else "none of them has a score"
        said.append(f"{len(frame)} data points are few: {told}")
    if frame.has_clock and frame.step < timedelta(days=1) and span < timedelta(days=FEWEST_DAYS):
        said.append(f"{in_words(span)} of data: the time of day is not known before {FEWEST_DAYS} days")
    alike: dict[str, list[str]] = {}
    for metric, column in zip(frame.metrics, frame.values.T, strict=True):
        for line in _of_metric(frame, column):
            alike.setdefault(line, []).append(metric)
    return said + [f"{_names(frame, metrics)}: {line}" for line, metrics in alike.items()]


def _names(frame: MetricFrame, metrics: list[str]) -> str:
    if len(metrics) == len(frame.metrics) > 1:
        return f"all {len(metrics)} metrics"
    return ", ".join(metrics[:NAMED]) + (f" and {len(metrics) - NAMED} more" if len(metrics) > NAMED else "")


def _of_metric(frame: MetricFrame, column: Array) -> list[str]:
    present = np.flatnonzero(np.isfinite(column))
    if not len(present):
        return []
    lines = []
    values = column[present]
    different = len(np.unique(values))
    if different == 1:
        lines.append(
            f"constant, all {len(present):,} values are {values[0]:g}; only another value or silence can show"
        )
    elif different < FEW_VALUES and len(present) > FEWEST:
        lines.append(f"only {different} different values; small changes cannot show")
    first = int(present[0])
    if first > LATE * len(column):
        lines.append(f"has values since {_when(frame, first)} only")
    column = column[first:]
    missing = float(np.isnan(column).mean())
    length, start = longest_gap(column)
    if missing >= MISSING or frame.step * length >= max(LONG, 3 * frame.step):
        gap = (
            f"{in_words(frame.step * length)} from {_when(frame, first + start)}"
            if frame.has_clock
            else f"{length:,} data points"
        )
        lines.append(f"{missing:.1%} of the values missing, longest gap {gap}")
    return lines


def _when(frame: MetricFrame, row: int) -> str:
    return (
        f"{frame.time[row].tz_convert(frame.timezone):%Y-%m-%d %H:%M}"
        if frame.has_clock
        else f"data point {row:,}"
    )
