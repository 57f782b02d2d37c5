"""Why a live data point is anomalous: in plain numbers, because someone waits for the answer."""

import math
from typing import Any

import numpy as np

from sre_anomaly.clock import wall_clock
from sre_anomaly.frame import Array
from sre_anomaly.kernels.seasonal import DAY, is_weekend, slot_of
from sre_anomaly.model.model import Model
from sre_anomaly.records import Reason

BASIS = "at this time of the day in the training period"
Usual = list[list[list[float]]]
"""metric, weekday or weekend, slot of the day."""


def usual_of(model: Model) -> Usual:
    """Return what each metric of a model usually is, as lists, which answer single questions fastest."""
    usual: Usual = model.usual.tolist()
    return usual


def reason(
    model: Model,
    usual: Usual,
    now: int,
    row: Array,
    columns: Array,
    told: Array | None = None,
    bands: Array | None = None,
) -> Reason:
    """Say which metric is anomalous: the one the detector blames, or else the one furthest from its usual.

    ``row`` (1, m) is what was measured at ``now``, ``columns`` (1, d) the features drawn from it, ``told`` (1, d)
    their shares as a detector that learns while it runs told them, ``bands`` (1, d, 3) its bounds, where it has any.
    """
    seen = row[0].tolist()
    if bands is not None:
        shares = told[0].tolist() if told is not None else [0.0]
        metric = _blamed(model, shares) or 0
        expected, lower, upper = bands[0, metric].tolist()
        return Reason(model.metrics[metric], seen[metric], expected, lower, upper, "")
    at_hand = _expected(usual, int(wall_clock(np.array([now]), model.timezone)[0]))
    shares = told if told is not None else model.detector.contributions(columns)
    blamed = _blamed(model, shares[0].tolist()) if shares is not None else None
    if blamed is None:
        far = [_far(*one) for one in zip(seen, at_hand, model.spread.tolist(), strict=True)]
        blamed = far.index(max(far))
    middle, wide = at_hand[blamed], 2 * float(model.spread[blamed])
    return Reason(model.metrics[blamed], seen[blamed], middle, middle - wide, middle + wide, BASIS)


def _expected(usual: Usual, now: int) -> list[float]:
    at: Any = now  # The profile's own arithmetic, on one whole number.
    weekend, slot = is_weekend(at), slot_of(at, DAY // len(usual[0][0]))
    return [of_metric[weekend][slot] for of_metric in usual]


def _far(seen: float, expected: float, spread: float) -> float:
    return abs(seen - expected) / spread if math.isfinite(seen) else math.inf


def _blamed(model: Model, shares: list[float]) -> int | None:
    """Return the number of the metric whose columns share most in the score, None where none does."""
    sums = dict.fromkeys(model.metrics, 0.0)
    for share, (_, metric) in zip(shares, model.features.columns(model.metrics), strict=True):
        if metric and math.isfinite(share):
            sums[metric] += share
    most = max(sums, key=sums.__getitem__)
    return model.metrics.index(most) if sums[most] > 0 else None
