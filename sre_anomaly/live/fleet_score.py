"""One row of every series scored by one call of the compiled step, in parts for each processor."""

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from sre_anomaly.frame import Array, Times
from sre_anomaly.model.model import Model

WORTH_A_THREAD = 1000
"""So many series at least are answered by one processor."""


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count())


@cache
def _parts(series: int) -> list[slice]:
    """Return the series as one part for each processor, where there are enough of them to be worth it."""
    parts = min(os.cpu_count() or 1, max(1, series // WORTH_A_THREAD))
    ends = np.linspace(0, series, parts + 1).astype(int).tolist()
    return [slice(*pair) for pair in pairwise(ends)]


def score_rows(model: Model, states: Array, times: Times, columns: Array, shares: Array | None) -> Any:
    """Return (k,) scores, NaN for rows that the detector cannot answer."""
    finite = np.isfinite(columns)
    usable = finite.any(axis=1) if model.detector.handles_missing else finite.all(axis=1)
    usable |= model.detector.handles_nothing
    if not model.has_clock:
        times = np.zeros_like(times)
    if usable.all():
        parts = _parts(len(columns))

        def answer(part: slice) -> Array:
            told = None if shares is None else shares[part]
            return model.detector.advance(states[part], times[part], columns[part], told)

        # Compiled steps let go of the interpreter, and each part has series of its own.
        return answer(parts[0]) if len(parts) == 1 else np.concatenate(list(_threads().map(answer, parts)))
    scores = np.full(len(columns), np.nan)
    if states.size:
        # A selection would be a copy, and the states must be changed in place.
        for one in np.flatnonzero(usable).tolist():
            here = slice(one, one + 1)
            told = None if shares is None else shares[here]
            scores[here] = model.detector.advance(states[here], times[here], columns[here], told)
    elif usable.any():
        scores[usable] = model.detector.score(columns[usable])
    return scores
