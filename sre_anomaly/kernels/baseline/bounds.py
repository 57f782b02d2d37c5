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
STEPS = 60
"""In so many steps at the most a bound is searched."""
TYPICAL = 8.0
"""So many times its usual error from what is expected a bound is looked for first."""
PRECISE = 2.0**-16
"""A bound is known when it is known to such a share of its distance from the middle."""


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
    return matters(state, value, best(state)[0] if least else math.nan, limits)


@step
def matters(state: Array, value: float, middle: float, limits: Array) -> float:
    """Return the same where the best expectation is at hand; it counts only where a least change is known."""
    if value < limits[LOWEST_POSSIBLE] or value > limits[HIGHEST_POSSIBLE]:
        return IMPOSSIBLE
    least = max(limits[LEAST_CHANGE], limits[LEAST_SHARE] * abs(middle))
    return 0.0 if abs(value - middle) < least else evidence(state, value, limits[SIDE])


@step
def best(state: Array) -> tuple[float, float]:
    """Return the expectation that has erred least so far, NaN where there is none, and by how much it has."""
    expected, least = math.nan, math.inf
    for number in range(EXPECTATIONS):
        if not math.isnan(state[EXPECTED + number]) and state[ERRORS + number] < least:
            expected, least = state[EXPECTED + number], state[ERRORS + number]
    return expected, least


@step
def band(state: Array, value: float, needed: float, limits: Array, out: Array) -> None:
    """Write what is expected, and the bounds outside which the evidence exceeds what is needed, to ``out`` (3,)."""
    middle, error = best(state)
    lower = bound(state, middle, error, value, -1.0, needed, limits)
    # What has never been negative hardly can be.
    possible = state[LOWEST] >= 0.0 and not value < 0.0
    out[0], out[1] = middle, max(lower, 0.0) if possible else lower
    out[2] = bound(state, middle, error, value, 1.0, needed, limits)


@step
def bound(
    state: Array, middle: float, error: float, value: float, way: float, needed: float, limits: Array
) -> float:
    """Return the value nearest to the middle, up (1) or down (-1), from which outwards the evidence exceeds what is needed."""
    if limits[SIDE] * way < 0.0 or needed == math.inf:
        return limits[LOWEST_POSSIBLE] if way < 0.0 else limits[HIGHEST_POSSIBLE]
    near, below = 0.0, matters(state, middle, middle, limits) - needed
    far, above = math.nan, math.nan
    if not math.isnan(value) and way * (value - middle) > 0.0:
        # The very row that was scored lies on its side of the bound, whatever the course in between.
        beyond = matters(state, value, middle, limits) - needed
        if beyond > 0.0:
            far, above = way * (value - middle), beyond
        else:
            near, below = way * (value - middle), beyond
    if below > 0.0:
        return middle
    if math.isnan(far):
        far = max(2.0 * near, TYPICAL * error, _least(middle))
        above = matters(state, middle + way * far, middle, limits) - needed
        for _ in range(STEPS):
            if above > 0.0:
                break
            near, below, far = far, above, 2.0 * far
            above = matters(state, middle + way * far, middle, limits) - needed
        if not above > 0.0:
            return middle + way * far
    ends = (near, below, far, above)
    return middle + way * _narrowed(state, middle, way, ends, needed, limits)


@step
def _narrowed(
    state: Array, middle: float, way: float, ends: tuple[float, ...], needed: float, limits: Array
) -> float:
    """Return the distance between the ends at which the evidence begins to exceed what is needed."""
    near, below, far, above = ends
    last, wide = 0, math.inf
    for number in range(STEPS):
        left = far - near
        if not left > PRECISE * far or far <= _least(middle):
            break
        # Where a straight line between the ends is at zero; by halves where three such have not halved what is left.
        share = min(max(below / (below - above), 0.5 * PRECISE), 1.0 - 0.5 * PRECISE)
        if number % 3 == 2:
            share = 0.5 if left > 0.5 * wide else share
            wide = left
        between = near + share * left
        found = matters(state, middle + way * between, middle, limits) - needed
        # An end that stays counts half: the line would come nearer from one side alone (Dowell and Jarratt, 1971).
        if found > 0.0:
            far, above = between, found
            below *= 0.5 if last > 0 else 1.0
        else:
            near, below = between, found
            above *= 0.5 if last < 0 else 1.0
        last = 1 if found > 0.0 else -1
    return near


@step
def _least(middle: float) -> float:
    """Return the distance below which nothing is told apart."""
    return max(1e-6 * abs(middle), 1e-12)
