"""What a series looks like before anything is learned from it, and what that suggests to its owner."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from sre_anomaly.frame import Array, MetricFrame
from sre_anomaly.kernels.seasonal import Profile

MOSTLY = 0.9
"""A metric that has one value in so many of its rows is a state rather than a measurement."""
GAPS = 0.01
SEASONAL = 0.5
"""The share of the variance that the time of the day explains in a metric with a daily course."""
ENOUGH_INCIDENTS = 20
SLOT = timedelta(minutes=30)


@dataclass(frozen=True)
class Facts:
    """What the training rows look like."""

    rows: int
    moving: int
    """Columns that ever change."""
    step: timedelta | None = None
    still: tuple[str, ...] = ()
    """Metrics with one value in nearly all rows."""
    all_still: bool = False
    """No metric is a measurement."""
    zeros: tuple[str, ...] = ()
    """Those of them where that value is 0."""
    gaps: float = 0.0
    """The share that is missing of the metric with the most gaps."""
    seasonal: int = 0
    """Metrics with a daily course."""
    incidents: int = 0


def facts_of(X: Array, history: MetricFrame | None) -> Facts:
    """Return what the training rows look like; without a history as it was measured, only how many there are."""
    columns = [column[np.isfinite(column)] for column in X.T]
    moving = sum(len(column) > 0 and bool(np.ptp(column) > 0) for column in columns)
    if history is None:
        return Facts(len(X), moving)
    still, zeros, seasonal = [], [], 0
    for name, column in zip(history.metrics, history.values.T, strict=True):
        present = column[np.isfinite(column)]
        values, counts = np.unique(present, return_counts=True)
        if len(present) and counts.max() >= MOSTLY * len(present):
            still.append(name)
            zeros += [name] * bool(values[counts.argmax()] == 0)
        elif history.has_clock and len(present):
            time = history.time.asi8
            left = column - Profile.learn(time, column, SLOT).expected(time)
            seasonal += bool(np.nanvar(left) <= (1 - SEASONAL) * present.var())
    return Facts(
        len(X),
        moving,
        history.step,
        tuple(still),
        len(still) == len(history.metrics),
        tuple(zeros),
        float(np.isnan(history.values).mean(axis=0).max()),
        seasonal,
        len(history.incidents or ()),
    )


def advice(facts: Facts) -> list[str]:
    """Return what else the user should know of the series, one sentence each.

    Examples
    --------
    >>> advice(Facts(1000, 1, still=("errors",), zeros=("errors",)))[0][:76]
    'errors hardly ever changes (it is 0): a static threshold suits it better, or'
    """
    told = []
    if facts.seasonal:
        told.append(f"{facts.seasonal} of them follow the time of the day, which is taken into account")
    if facts.still:
        names = ", ".join(facts.still[:3]) + (f" and {len(facts.still) - 3} more" if facts.still[3:] else "")
        change = "hardly ever changes" if len(facts.still) == 1 else "hardly ever change"
        zero = " (it is 0)" if len(facts.zeros) == 1 == len(facts.still) else ""
        told.append(f"{names} {change}{zero}: a static threshold suits it better, or detector=flatline")
    if facts.gaps > GAPS:
        told.append(
            f"up to {facts.gaps:.0%} of a metric's values are missing: detector=flatline reports the gaps themselves"
        )
    if facts.incidents >= ENOUGH_INCIDENTS:
        told.append(
            f"{facts.incidents} incidents are known: detector=xgboost features=system is trained on them, auto is not"
        )
    return told
