"""What else was unusual of an alert whose metric's value lies within its band, and which metrics took part."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np

from sre_anomaly.clock import in_words
from sre_anomaly.frame import Array, MetricFrame
from sre_anomaly.records import short

SUBSTANTIAL = 0.15
"""Share of the surprise from which on a metric is worth a word beside the one that is named."""
RANKED = 3


def together_in_words(metrics: Sequence[str], metric: int, own: Array, level: float) -> str:
    """Say which metrics together were unusual where the one that is named was not alone, else nothing.

    ``own`` (m,) is each metric's own surprise at a row, ``level`` the threshold there.

    Examples
    --------
    >>> together_in_words(("cpu", "memory"), 0, np.array([3.0, 2.0]), 3.5)
    'value within its band, several metrics together are not usual (cpu, memory)'
    """
    order = [number for number in np.argsort(-own) if own[number] > SUBSTANTIAL * own.sum()]
    if own[metric] > level or len(order) < 2:
        return ""
    names = ", ".join(metrics[number] for number in order[:RANKED])
    return f"value within its band, several metrics together are not usual ({names})"


def silence_in_words(rows: float, before: float, step: timedelta) -> str:
    """Say for how many rows a metric has had no value, and for how many at most before.

    Examples
    --------
    >>> silence_in_words(3, 1, timedelta(minutes=1))
    'no value for 3 min (longest gap before: 1 min)'
    """
    # No gap is longer: a state from a file could say anything.
    most = timedelta(days=36_500) / step
    said = f"longest gap before: {in_words(min(before, most) * step)}" if before > 0 else "no gap before"
    return f"no value for {in_words(min(max(rows, 1.0), most) * step)} ({said})"


def course_in_words(change: float, usual: float) -> str:
    """Say whether a change was larger than the largest usually are; NaN where one is not known.

    Examples
    --------
    >>> course_in_words(9.0, 2.5)
    'not the value but its course is unusual (change of 9 in one data point; usually at most 2.5)'
    """
    if change > usual:
        return (
            f"not the value but its course is unusual (change of {short(change)} in one data point; "
            f"usually at most {short(usual)})"
        )
    return "not this value alone, what came just before still counts"


def longest_gap(column: Array) -> tuple[int, int]:
    """Return the length of the longest run of missing values, and its first row.

    Examples
    --------
    >>> longest_gap(np.array([1.0, np.nan, np.nan, 2.0, np.nan]))
    (2, 1)
    """
    edges = np.diff(np.concatenate([[0], np.isnan(column).astype(np.int8), [0]]))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    if not len(starts):
        return 0, 0
    longest = int(np.argmax(ends - starts))
    return int(ends[longest] - starts[longest]), int(starts[longest])


def ranked(frame: MetricFrame, rows: Sequence[int], shares: Array, bands: Array) -> list[dict[str, Any]]:
    """Return the metrics with the largest surprise of their own over some rows: share, and value and expected at their peak."""
    own = np.nansum(shares, axis=0)
    total = float(own.sum())
    if total <= 0:
        return []
    found = []
    for metric in np.argsort(-own, kind="stable")[:RANKED].tolist():
        row = rows[int(np.nanargmax(shares[:, metric]))]
        expected = float(bands[row, metric, 0])
        value = float(frame.values[row, metric])
        found.append(
            {
                "metric": frame.metrics[metric],
                "share": round(float(own[metric]) / total, 3),
                "value": value,
                "expected": expected,
            }
        )
    return found
