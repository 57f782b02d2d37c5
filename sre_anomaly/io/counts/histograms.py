"""Buckets of a histogram become percentiles, as PromQL's ``histogram_quantile`` gives them."""

import numpy as np

from sre_anomaly.frame import Array

PERCENTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


def quantile(share: float, bounds: Array, counts: Array) -> Array:
    """Return below which value a share of what was measured lies, (n,); NaN where nothing was.

    Within a bucket it is taken to be spread evenly, from 0 in the first one if its bound is positive; what lies beyond
    the last finite bound is taken for it.

    Parameters
    ----------
    bounds : (b,)
        Upper bounds of the buckets, increasing; the last is infinite.
    counts : (n, b)
        How much lies up to each bound, cumulative. A count below that of the bucket before is taken for that.

    References
    ----------
    Prometheus, promql/quantile.go, bucketQuantile.

    Examples
    --------
    >>> quantile(0.5, np.array([1.0, 2.0, np.inf]), np.array([[2.0, 10.0, 10.0], [0.0, 0.0, 8.0]])).tolist()
    [1.375, 2.0]
    """
    counts = np.maximum.accumulate(counts, axis=1)
    total = counts[:, -1]
    rank = share * total
    if len(bounds) == 1:
        return np.full(len(counts), np.nan)
    bucket = np.minimum((counts < rank[:, np.newaxis]).sum(axis=1), len(bounds) - 1)
    inside = np.minimum(bucket, len(bounds) - 2)
    rows = np.arange(len(counts))
    upper = bounds[inside]
    lower = np.where(inside > 0, bounds[inside - 1], np.where(bounds[0] > 0, 0.0, bounds[0]))
    before = np.where(inside > 0, counts[rows, inside - 1], 0.0)
    held = counts[rows, inside] - before
    with np.errstate(invalid="ignore", divide="ignore"):
        found = lower + (upper - lower) * (rank - before) / held
    found = np.where(bucket == len(bounds) - 1, bounds[-2], np.where(held > 0, found, upper))
    return np.where(total > 0, found, np.nan)
