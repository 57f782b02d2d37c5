"""Between which values a metric was expected: the bounds outside which its evidence exceeds what is needed.

``limits`` (5,) is what the owner knows of a metric: its side, the least change, the same as a share, the lowest and the highest
possible.
"""

import math

import numpy as np

from sre_anomaly.frame import Array
from sre_anomaly.kernels.compiled import step
from sre_anomaly.kernels.surprise import ERRORS, EXPECTATIONS, EXPECTED, evidence

IMPOSSIBLE = 100.0
"""The evidence of a value that cannot be: it is always reported."""
NOTHING_KNOWN = np.array([0.0, 0.0, 0.0, -math.inf, math.inf])
HALVINGS, DOUBLINGS = 16, 60
"""Steps in which a bound is searched."""


@step
def matters(state: Array, value: float, middle: float, limits: Array) -> float:
    """Return the evidence of a value as far as the owner of the metric cares."""
    if value < limits[3] or value > limits[4]:
        return IMPOSSIBLE
    least = max(limits[1], limits[2] * abs(middle))
    return 0.0 if abs(value - middle) < least else evidence(state, value, limits[0])


@step
def best_expected(state: Array) -> float:
    """Return the expectation that has erred least so far, NaN where there is none."""
    best, least = math.nan, math.inf
    for number in range(EXPECTATIONS):
        if not math.isnan(state[EXPECTED + number]) and state[ERRORS + number] < least:
            best, least = state[EXPECTED + number], state[ERRORS + number]
    return best


@step
def bound(state: Array, middle: float, value: float, way: float, needed: float, limits: Array) -> float:
    """Return the value nearest to the middle, up (1) or down (-1), from which outwards the evidence exceeds what is needed."""
    if limits[0] * way < 0.0:
        return limits[3] if way < 0.0 else limits[4]
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
