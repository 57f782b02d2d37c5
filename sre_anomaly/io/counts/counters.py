"""A counter becomes its rate: what PromQL's ``rate`` gives on the same samples, resets, gaps and the first sample included."""

from typing import Any

import numpy as np

from sre_anomaly.frame import Array, Times

NEAR_EDGE = 1.1
"""An edge of the window that is nearer to a sample than so many usual distances is taken to be reached by it."""
SECOND = 1_000_000_000
LONGEST = 2
"""Over so many usual distances at most lies the sample before: over a longer gap there is no rate."""


def rate(time: Times, values: Any, at: Times, window: int, *, left_open: bool = True) -> Array:
    """Return how much a counter grew a second in ``(at - window, at]``, (k,); NaN where fewer than two samples lie there.

    A value below the one before is a reset: the counter began again at zero between them. The growth that was seen is
    stretched to the edges of the window as Prometheus does it, yet not to before the counter was zero.

    Parameters
    ----------
    time : int64 (n,)
        When the samples were taken, ns since 1970, strictly increasing.
    values : int64, uint64 or float64 (n,)
        Whole numbers beyond 2^53 keep their differences where they are given as whole numbers. NaN is no sample.
    at : int64 (k,)
        Ends of the windows, ns since 1970, in any order.
    window : int
        Its length, ns.
    left_open : bool
        False: a sample at ``at - window`` counts too, as before Prometheus 3.

    References
    ----------
    Prometheus, promql/functions.go, extrapolatedRate.

    Examples
    --------
    >>> minute = 60 * 10**9
    >>> rate(np.arange(4) * minute, np.array([600, 1200, 60, 660]), np.arange(4) * minute, 2 * minute).round(2)
    array([ nan, 10. ,  1. ,  5.5])
    """
    time, samples = _present(time, values)
    out = np.full(len(at), np.nan)
    first = np.searchsorted(time, at - window, side="right" if left_open else "left")
    last = np.searchsorted(time, at, side="right") - 1
    known = last > first
    if not known.any():
        return out
    first, last, end = first[known], last[known], at[known]
    # What grew within each window is summed by itself: a difference of two sums over all time would lose digits.
    grown = np.append(_growth(samples), 0.0)
    increase = np.add.reduceat(grown, np.column_stack([first + 1, last + 1]).ravel())[::2]
    seen = (time[last] - time[first]) / SECOND
    usual = seen / (last - first)
    before, after = (time[first] - (end - window)) / SECOND, (end - time[last]) / SECOND
    before = np.where(before >= NEAR_EDGE * usual, usual / 2, before)
    after = np.where(after >= NEAR_EDGE * usual, usual / 2, after)
    begin = samples[first].astype(np.float64)
    may_be_born = (increase > 0) & (begin >= 0)
    zero = seen * begin / np.where(may_be_born, increase, 1.0)
    before = np.where(may_be_born, np.minimum(before, zero), before)
    out[known] = increase * (seen + before + after) / seen / (window / SECOND)
    return out


def rate_since_last(time: Times, values: Any) -> Array:
    """Return for each sample how much a counter grew a second since the sample before, (n,).

    It is `rate` over a window from the one to the other. The first sample has none, nor has one after a gap, for which
    a window of two steps would hold no sample before it.

    Parameters
    ----------
    time, values
        As those of `rate`.

    Examples
    --------
    >>> minute = 60 * 10**9
    >>> rate_since_last(np.arange(4) * minute, np.array([600, 1200, 60, 660]))
    array([nan, 10.,  1., 10.])
    """
    out = np.full(len(time), np.nan)
    there = ~np.isnan(values) if np.asarray(values).dtype.kind == "f" else np.ones(len(time), dtype=bool)
    time, samples = _present(time, values)
    if len(time) > 1:
        apart = np.diff(time)
        sizes, counts = np.unique(apart, return_counts=True)
        # Scrapes that jitter have no commonest distance.
        usual = sizes[np.argmax(counts)] if counts.max() > 1 else np.median(apart)
        grown = np.where(apart <= LONGEST * usual, _growth(samples)[1:], np.nan)
        out[there] = np.concatenate([[np.nan], grown / (apart / SECOND)])
    return out


def _present(time: Times, values: Any) -> tuple[Times, Any]:
    """Return the samples that are there."""
    samples = np.asarray(values)
    if samples.dtype.kind != "f":
        return time, samples
    there = ~np.isnan(samples)
    return time[there], samples[there]


def _growth(samples: Any) -> Array:
    """Return by how much each sample is above the one before, or above zero after a reset, (n,); 0 for the first."""
    if not len(samples):
        return np.zeros(0)
    later, sooner = samples[1:], samples[:-1]
    return np.append(0.0, np.where(later < sooner, later, later - sooner).astype(np.float64))
