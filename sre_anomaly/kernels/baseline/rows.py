"""Rows of several metrics, one after the other: the evidence of each metric, how they are put together, and where each has its bounds."""

import math

import numpy as np

from sre_anomaly.frame import Array, Mask
from sre_anomaly.kernels.baseline.bounds import OF_WEIGHT, band, concern
from sre_anomaly.kernels.baseline.layout import EVIDENCE, FACE, PROFILE, ROWS, WARM, WITHIN
from sre_anomaly.kernels.baseline.surprise import expect, learn, leave, pass_over
from sre_anomaly.kernels.compiled import compiled, prefetch, step

CHANCE = 0.1
"""By how much the strongest few of more metrics are larger where nothing is wrong, for each e-fold of their number."""


@step
def _begin(state: Array, slot: int, apart: bool) -> None:
    """Write what is expected of the next row; a known window may end there."""
    if state[WITHIN] == FACE and not apart:
        leave(state)
    expect(state, slot)


@step
def _one(
    state: Array, value: float, slot: int, apart: bool, numbers: tuple[float, ...], known: Array
) -> float:
    """Return the score of a value of one metric, NaN before there are rows enough, and take it in."""
    keep, power, rate, _ = numbers
    _begin(state, slot, apart)
    now = concern(state, value, known)
    state[EVIDENCE] = keep * state[EVIDENCE] + (1.0 - keep) * now**power
    score = known[OF_WEIGHT] * state[EVIDENCE] ** (1.0 / power) if state[ROWS] >= WARM else math.nan
    state[WITHIN] = FACE if apart else max(state[WITHIN] - 1.0, 0.0)
    if apart or math.isnan(value):
        pass_over(state, value, apart)
    else:
        learn(state, value, slot, rate)
    return float(score)


@compiled
def score_rows(
    states: Array,
    rows: Array,
    slots: Array,
    apart: Mask,
    numbers: tuple[float, ...],
    known: Array,
    own: Array,
    out: Array,
) -> None:
    """Write each column's score to ``own`` (k, d) and those of the rows to ``out`` (k,)."""
    out[:] = np.nan
    columns = rows.shape[1]
    size = states.shape[1] // columns
    power, most = numbers[1], int(numbers[3])
    for row in range(len(rows)):
        state = states[row if len(states) > 1 else 0]
        beside = len(apart) > 0 and bool(apart[row])
        asked, counted = 0, 0
        for column in range(columns):
            part = state[column * size : (column + 1) * size]
            if len(states) > 1:
                # While this one is counted the next is fetched, and its place in the profile.
                begin = (row * columns + column + 1) * size
                prefetch(states, begin, begin + PROFILE)
                prefetch(states, begin + PROFILE + int(slots[row]), begin + PROFILE + int(slots[row]) + 1)
            own[row, column] = _one(part, rows[row, column], int(slots[row]), beside, numbers, known[column])
            scored = not math.isnan(own[row, column])
            asked += scored
            counted += scored and known[column, OF_WEIGHT] > 0.0
        if counted == 0:
            continue
        total = 0.0
        if asked <= most:
            for score in own[row]:
                total += 0.0 if math.isnan(score) else score**power
        else:
            for score in np.sort(own[row])[asked - most : asked]:
                total += score**power
        out[row] = total ** (1.0 / power) / _by_chance(counted)


@step
def _by_chance(metrics: int) -> float:
    """Return how much larger the strongest of so many metrics are by chance alone."""
    return 1.0 + CHANCE * math.log(metrics)


@compiled
def band_rows(
    states: Array,
    rows: Array,
    slots: Array,
    apart: Mask,
    numbers: tuple[float, ...],
    known: Array,
    levels: Array,
    out: Array,
) -> None:
    """Write (k, d, 3) expected, lower and upper to ``out``."""
    columns = rows.shape[1]
    size = states.shape[1] // columns
    keep, power = numbers[0], numbers[1]
    for row in range(len(rows)):
        state = states[row if len(states) > 1 else 0]
        beside = len(apart) > 0 and bool(apart[row])
        counted = 0
        for column in range(columns):
            counted += state[column * size + ROWS] >= WARM and known[column, OF_WEIGHT] > 0.0
        for column in range(columns):
            part = state[column * size : (column + 1) * size]
            _begin(part, int(slots[row]), beside)
            if part[ROWS] >= WARM and not math.isnan(levels[row]):
                needed = math.inf
                if known[column, OF_WEIGHT] > 0.0:
                    # Alone, this metric has to exceed the level.
                    own = levels[row] * _by_chance(counted) / known[column, OF_WEIGHT]
                    needed = max((own**power - keep * part[EVIDENCE]) / (1.0 - keep), 0.0) ** (1.0 / power)
                band(part, rows[row, column], needed, known[column], out[row, column])
            _one(part, rows[row, column], int(slots[row]), beside, numbers, known[column])
