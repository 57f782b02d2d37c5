"""Between which values a metric was expected: the bounds outside which its evidence exceeds what is needed.

``limits`` (6,) is what the owner knows of a metric: its side, the least change, the same as a share, the lowest and the highest
possible, and its weight.
"""

import math

import numpy as np

from sre_anomaly.frame import Array
from sre_anomaly.kernels.baseline.layout import (
    APART,
    ERRORS,
    EXPECTATIONS,
    EXPECTED,
    GAP,
    GAPS,
    LONGEST,
    LOWEST,
    ROWS,
    SILENCE,
    WARM,
)
from sre_anomaly.kernels.baseline.surprise import evidence
from sre_anomaly.kernels.compiled import step
from sre_anomaly.known import Known

IMPOSSIBLE = 100.0
"""The evidence of a value that cannot be: it is always reported."""
NOTHING_KNOWN = np.array([0.0, 0.0, 0.0, -math.inf, math.inf, 1.0])
SIDE, LEAST_CHANGE, LEAST_SHARE, LOWEST_POSSIBLE, HIGHEST_POSSIBLE, OF_WEIGHT = range(6)
ROUNDING = 1e-9
"""A value is outside of what is possible from this share of its ends on: a mean of numbers that are all 100 may be a little more."""
HALVINGS, DOUBLINGS = 16, 60
"""Steps in which a bound is searched."""


def limits_of(known: Known | None) -> list[float]:
    """Return what is known of a metric as limits."""
    if known is None:
        return NOTHING_KNOWN.tolist()
    side = {None: 0.0, "both": 0.0, "above": 1.0, "below": -1.0}[known.direction]
    low, high = known.possible or (None, None)
    ends = (-math.inf if low is None else low, math.inf if high is None else high)
    slack = ROUNDING * max((abs(end) for end in ends if math.isfinite(end)), default=0.0)
    return [side, known.least_change, known.least_share, ends[0] - slack, ends[1] + slack, known.weight]


@step
def silence(state: Array) -> float:
    """Return the evidence of one more row without a value: how long it has been silent against the longest before, and how rarely it is."""
    if state[ROWS] < WARM:
        return 0.0
    before = state[GAPS] - (1.0 if state[GAP] > state[APART] else 0.0)
    rare = -math.log(min(1.0, 2.0 * (before + 1.0) / (state[ROWS] + 2.0)))
    return SILENCE * math.log1p((state[GAP] + 1.0) / (state[LONGEST] + 1.0)) * rare


@step
def concern(state: Array, value: float, limits: Array) -> float:
    """Return the evidence of a value, or of none, as far as the owner of the metric cares."""
    if math.isnan(value):
        return silence(state)
    least = limits[LEAST_CHANGE] > 0.0 or limits[LEAST_SHARE] > 0.0
    return matters(state, value, best_expected(state) if least else math.nan, limits)


@step
def matters(state: Array, value: float, middle: float, limits: Array) -> float:
    """Return the same where the best expectation is at hand; it counts only where a least change is known."""
    if value < limits[LOWEST_POSSIBLE] or value > limits[HIGHEST_POSSIBLE]:
        return IMPOSSIBLE
    least = max(limits[LEAST_CHANGE], limits[LEAST_SHARE] * abs(middle))
    return 0.0 if abs(value - middle) < least else evidence(state, value, limits[SIDE])


@step
def best_expected(state: Array) -> float:
    """Return the expectation that has erred least so far, NaN where there is none."""
    best, least = math.nan, math.inf
    for number in range(EXPECTATIONS):
        if not math.isnan(state[EXPECTED + number]) and state[ERRORS + number] < least:
            best, least = state[EXPECTED + number], state[ERRORS + number]
    return best


@step
def band(state: Array, value: float, needed: float, limits: Array, out: Array) -> None:
    """Write what is expected, and the bounds outside which the evidence exceeds what is needed, to ``out`` (3,)."""
    middle = best_expected(state)
    lower = bound(state, middle, value, -1.0, needed, limits)
    # What has never been negative hardly can be.
    possible = state[LOWEST] >= 0.0 and not value < 0.0
    out[0], out[1] = middle, max(lower, 0.0) if possible else lower
    out[2] = bound(state, middle, value, 1.0, needed, limits)


@step
def bound(state: Array, middle: float, value: float, way: float, needed: float, limits: Array) -> float:
    """Return the value nearest to the middle, up (1) or down (-1), from which outwards the evidence exceeds what is needed."""
    if limits[SIDE] * way < 0.0 or needed == math.inf:
        return limits[LOWEST_POSSIBLE] if way < 0.0 else limits[HIGHEST_POSSIBLE]
    near, far = 0.0, math.nan
    if not math.isnan(value) and way * (value - middle) > 0.0:
        # The very row that was scored lies on its side of the bound, whatever the course in between.
        if matters(state, value, middle, limits) > needed:
            far = way * (value - middle)
        else:
            near = way * (value - middle)
    if matters(state, middle, middle, limits) > needed and near == 0.0:
        return middle
    if math.isnan(far):
        far = max(2.0 * near, 1e-6 * abs(middle), 1e-12)
        for _ in range(DOUBLINGS):
            if matters(state, middle + way * far, middle, limits) > needed:
                break
            near, far = far, 2.0 * far
    for _ in range(HALVINGS):
        between = 0.5 * (near + far)
        if matters(state, middle + way * between, middle, limits) > needed:
            far = between
        else:
            near = between
    return middle + way * near
