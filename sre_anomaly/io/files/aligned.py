"""Series, each at times of its own, become a table of values at common times."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sre_anomaly.frame import Array, Times
from sre_anomaly.io.samples.series import Series, floats

MOST_CELLS = 200_000_000
BETWEEN = 0.05
"""Where a larger share of times lies nearer to the one before than half a step, series were sampled at times of their own."""


def aligned(series: Sequence[Series]) -> tuple[pd.DatetimeIndex, Array]:
    """Return common times, (n,), and the values of each series there, (n, m), NaN where it has none.

    Series that were sampled some seconds apart are put on the ticks of their commonest distance. Where two samples of
    one series then lie in one tick, rows for both are kept.

    Raises
    ------
    ValueError
        If the table would be too large.
    """
    times = [one.time for one in series]
    union = np.unique(np.concatenate(times))
    step = _commonest(times)
    if len(series) > 1 and len(union) > 1 and (np.diff(union) < step / 2).mean() > BETWEEN:
        times = [time // step * step for time in times]
        union = np.unique(np.concatenate(times))
    if len(union) * len(series) > MOST_CELLS:
        raise ValueError(f"{len(series)} series at {len(union)} times are too many for one table")
    values = np.full((len(union), len(series)), np.nan)
    extra: list[tuple[int, int, float]] = []
    for column, (one, time) in enumerate(zip(series, times, strict=True)):
        place = np.searchsorted(union, time)
        again = np.append(False, np.diff(place) == 0)[: len(place)]
        numbers = floats(one.values)
        values[place[~again], column] = numbers[~again]
        extra += [
            (int(union[at]), column, value)
            for at, value in zip(place[again].tolist(), numbers[again].tolist(), strict=True)
        ]
    if extra:
        more = np.full((len(extra), len(series)), np.nan)
        for row, (_, column, value) in enumerate(extra):
            more[row, column] = value
        union = np.append(union, [time for time, _, _ in extra])
        values = np.vstack([values, more])
        order = np.argsort(union, kind="stable")
        union, values = union[order], values[order]
    return pd.DatetimeIndex(union, tz="UTC"), values


def _commonest(times: Sequence[Times]) -> int:
    moves = np.concatenate([np.diff(time) for time in times])
    # Scrapes jitter by milliseconds.
    sizes, counts = np.unique(np.round(moves / 1e9).astype(np.int64), return_counts=True)
    return int(sizes[np.argmax(counts)]) * 10**9 if len(sizes) else 0
