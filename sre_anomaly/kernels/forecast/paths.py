"""How likely a forecast is to pass a limit, and when: by the whole courses that past forecasts were off."""

import numpy as np

from sre_anomaly.frame import Array, Mask


def passes(mean: Array, missed: Array, limit: float, *, above: bool = True) -> Mask:
    """Return (k, h) whether the forecast (h,) with each past course of errors (k, h) has passed a limit by each step.

    Errors of one forecast go together: where it was too low in the morning it was mostly too low at noon. So the courses are
    taken whole; the share of them that passed is the probability, which the quantiles of single steps cannot tell.
    Courses with a gap are left out.

    Examples
    --------
    >>> passes(np.array([80.0, 85.0]), np.array([[0.0, 6.0], [0.0, 1.0]]), 90.0).tolist()
    [[False, True], [False, False]]
    """
    courses = mean + missed[np.isfinite(missed).all(axis=1)]
    beyond = courses > limit if above else courses < limit
    passed: Mask = np.logical_or.accumulate(beyond, axis=1)
    return passed


def first_pass(passed: Mask, share: float) -> int | None:
    """Return the first step, from 0, at which such a share of courses has passed; None where fewer do within the horizon.

    Examples
    --------
    >>> first_pass(np.array([[False, True], [False, False]]), 0.5)
    1
    """
    if not len(passed):
        return None
    reached = np.flatnonzero(passed.mean(axis=0) >= share)
    return int(reached[0]) if len(reached) else None
