"""What else was unusual of an alert whose metric's value lies within its band, and which metrics took part."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np

from sre_anomaly.clock import in_words
from sre_anomaly.frame import Array, MetricFrame
from sre_anomaly.records import short

MOST_CHANGES = 20_000
"""Changes of the past that a change is compared with."""
USUALLY = 99.0
"""Percentile of past changes that is called usual."""
SUBSTANTIAL = 0.15
"""Share of the surprise from which on a metric is worth a word beside the one that is named."""
RANKED = 3


def what_else(frame: MetricFrame, metric: int, row: int, last: int, own: Array | None, level: float) -> str:
    """Say what was unusual of a metric at a row where its value alone does not show it; computed from rows up to ``last``.

    ``own`` (m,) is each metric's own surprise at the row, ``level`` the threshold there.
    """
    column = frame.values[:, metric]
    if not np.isfinite(column[row]):
        every = len(frame.metrics) > 1 and not np.isfinite(frame.values[row]).any()
        return silence_in_words(column, row, last, frame.step) + (
            ", nor of any other metric" if every else ""
        )
    if own is not None and own[metric] <= level:
        order = [number for number in np.argsort(-own) if own[number] > SUBSTANTIAL * own.sum()]
        if len(order) > 1:
            names = ", ".join(frame.metrics[number] for number in order[:RANKED])
            return f"value within its band, several metrics together are not usual ({names})"
    return _course(column, row)


def silence_in_words(column: Array, row: int, last: int, step: timedelta) -> str:
    """Say how long a metric has had no value, and how long at most before.

    Examples
    --------
    >>> silence_in_words(np.array([1, np.nan, 1, np.nan, np.nan, np.nan]), 4, 5, timedelta(minutes=1))
    'no value for 3 min (longest gap before: 1 min)'
    """
    first = row - int(np.argmax(np.isfinite(column[row::-1]))) + 1 if np.isfinite(column[:row]).any() else 0
    after = np.flatnonzero(np.isfinite(column[row : last + 1]))
    end = row + int(after[0]) if len(after) else last + 1
    before, _ = longest_gap(column[:first])
    said = f"longest gap before: {in_words(before * step)}" if before else "no gap before"
    return f"no value for {in_words((end - first) * step)} ({said})"


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


def _course(column: Array, row: int) -> str:
    changes = np.abs(np.diff(column[max(0, row - MOST_CHANGES) : row + 1]))
    before = changes[:-1][np.isfinite(changes[:-1])]
    if len(before) and np.isfinite(changes[-1]):
        usual = float(np.percentile(before, USUALLY))
        if changes[-1] > usual:
            return (
                f"not the value but its course is unusual (change of {short(float(changes[-1]))} in one data point; "
                f"usually at most {short(usual)})"
            )
    return "not this value alone, what came just before still counts"


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
