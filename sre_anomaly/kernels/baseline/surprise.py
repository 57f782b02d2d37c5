"""How surprising a value of one metric is: its distance from simple expectations, and how rare it is where it stands.

All is learned from rows before the one that is scored, in one array of a fixed size. A few expectations (the last value, running
medians, an exponential mean, the same time of day, the same corrected by the last deviations from it) each have a scale of their
own: the error they are usually within. Surprise is the mean error in these scales. Rarity is how far out the value, its change, its short mean and spread, and its
distance from the same time of day lie among all before, from histograms that hold any range. Their product is the evidence of a row.
"""

import math

import numpy as np

from sre_anomaly.frame import Array
from sre_anomaly.kernels.baseline.layout import (
    APART,
    CLIP,
    CLOCK,
    COUNTS,
    DAY,
    ERRORS,
    EVIDENCE,
    EXPECTATIONS,
    EXPECTED,
    FADE_DAYS,
    FEW,
    GAP,
    GAPS,
    KEEP,
    KEPT,
    LAST,
    LEAST,
    LONG,
    LONGEST,
    LOWEST,
    MEAN,
    N_LONG,
    N_SHORT,
    OFFSETS,
    ORDER_LONG,
    ORDER_RECENT,
    ORDER_SHORT,
    ORDINARY,
    PLACES,
    PROFILE,
    QUANTILE,
    RECENT,
    RING,
    ROWS,
    SAME_TIME,
    SCALES,
    SHORT,
    UNIT,
    WARM,
    WEIGHT,
    YOUNG,
)
from sre_anomaly.kernels.baseline.order import middle, slide
from sre_anomaly.kernels.baseline.rarity import learn_faces, rarity, usual
from sre_anomaly.kernels.compiled import step


@step
def expect(state: Array, slot: int) -> None:
    """Write what each expectation says of the next row to the state; NaN where one cannot say yet."""
    out = state[EXPECTED:PLACES]
    out[:] = np.nan
    out[0] = state[LAST]
    short, long = int(state[N_SHORT]), int(state[N_LONG])
    if short > 0:
        out[1] = middle(state[RING:], state[ORDER_SHORT:].view(np.uint8), short)
    if long >= 3:
        out[2] = middle(state[RING:], state[ORDER_LONG:].view(np.uint8), long)
    if state[WEIGHT] > 0.0:
        out[3] = state[MEAN] / state[WEIGHT]
    if state[CLOCK] == state[DAY]:
        for part in (SCALES, ERRORS, COUNTS):  # until now it was that of minutes ago, not of yesterday
            state[part + SAME_TIME : part + SAME_TIME + 2] = 0.0
    if slot >= 0:
        out[SAME_TIME] = state[PROFILE + slot]
        if state[KEPT] > 0.0:
            recent = middle(state[RECENT:], state[ORDER_RECENT:].view(np.uint8), int(state[KEPT]))
            out[SAME_TIME + 1] = out[SAME_TIME] + recent


@step
def surprise(state: Array, value: float, side: float) -> float:
    """Return the mean error of the expectations in their own scales; errors on the side that does not matter are none."""
    total, count = 0.0, 0
    floor = 0.5 * state[UNIT] if state[UNIT] < np.inf else 0.0
    at_rest = usual(state)
    for number in range(EXPECTATIONS):
        expected = state[EXPECTED + number]
        if math.isnan(expected) or state[COUNTS + number] < YOUNG:
            continue
        if side != 0.0 and side * (at_rest - expected) > 0.0:
            # Back from the side that is no matter, a value is far from the last ones alone.
            expected = at_rest
        error = abs(value - expected) if side == 0.0 else max(side * (value - expected), 0.0)
        least = LEAST * max(abs(expected), abs(value))
        scale = max(state[SCALES + number], 0.5 * state[ERRORS + number], floor, least, 1e-300)
        total += error / scale
        count += 1
    return total / count if count else 0.0


@step
def evidence(state: Array, value: float, side: float) -> float:
    """Return surprise on a logarithmic scale times rarity, less while there are few rows; 0 before there are enough."""
    if state[ROWS] < WARM:
        return 0.0
    far = surprise(state, value, side)
    sure = state[ROWS] / (state[ROWS] + FEW)
    return sure * math.log1p(far / ORDINARY) * rarity(state, value) if far > 0.0 else 0.0


@step
def pass_over(state: Array, value: float, apart: bool) -> None:
    """Take in a row without a value, or one that is not learned from: time goes on, and so does a silence."""
    clock = int(state[CLOCK])
    if math.isnan(value):
        state[GAPS] += 1.0 if not apart and state[GAP] == state[APART] else 0.0
        state[GAP] += 1.0
        state[APART] += 1.0 if apart else 0.0
    else:
        _follow(state, value)
    _slide_windows(state, clock, np.nan)
    _slide_offsets(state, clock, np.nan)
    state[CLOCK] += 1.0


@step
def leave(state: Array) -> None:
    """End what is not learned from: of the values in it, none is expected to go on."""
    state[EVIDENCE], state[LAST], state[MEAN], state[WEIGHT] = 0.0, np.nan, 0.0, 0.0


@step
def _follow(state: Array, value: float) -> None:
    """Note where the metric is now, and end a silence."""
    state[MEAN] = KEEP * state[MEAN] + (1.0 - KEEP) * value
    state[WEIGHT] = KEEP * state[WEIGHT] + (1.0 - KEEP)
    state[LAST] = value
    state[LONGEST] = max(state[LONGEST], state[GAP] - state[APART])
    state[GAP], state[APART] = 0.0, 0.0


@step
def learn(state: Array, value: float, slot: int, rate: float) -> None:
    """Take in a value; ``rate`` is how much of a deviation the usual time of day follows."""
    clock = int(state[CLOCK])
    for number in range(EXPECTATIONS):
        error = abs(value - state[EXPECTED + number])
        if math.isnan(error):
            continue
        state[COUNTS + number] += 1.0
        count = state[COUNTS + number]
        state[ERRORS + number] += (error - state[ERRORS + number]) / count
        scale = state[SCALES + number]
        if scale == 0.0:
            state[SCALES + number] = error
        else:
            # A quantile by stochastic approximation, in logarithms (Robbins and Monro, 1951).
            up = (QUANTILE if error > scale else QUANTILE - 1.0) / count
            state[SCALES + number] = max(scale * _exp(up), 1e-3 * state[ERRORS + number])
    learn_faces(state, value)
    if slot >= 0:
        at_slot = state[PROFILE + slot]
        _slide_offsets(state, clock, value - at_slot)
        if math.isnan(at_slot):
            state[PROFILE + slot] = value
        else:
            reach = CLIP * max(state[SCALES + SAME_TIME], state[ERRORS + SAME_TIME])
            move = value - at_slot
            state[PROFILE + slot] += rate * (min(max(move, -reach), reach) if reach > 0.0 else move)
    if value != state[LAST] and not math.isnan(state[LAST]):
        state[UNIT] = min(state[UNIT], abs(value - state[LAST]))
    _slide_windows(state, clock, value)
    if state[DAY] > 0.0:
        state[LONGEST] *= 1.0 - 1.0 / (FADE_DAYS * state[DAY])
    _follow(state, value)
    state[LOWEST] = min(state[LOWEST], value)
    state[ROWS], state[CLOCK] = state[ROWS] + 1.0, state[CLOCK] + 1.0


@step
def _exp(power: float) -> float:
    """Return exp of a power that is small but for the first rows, to the last digit: there a few terms will do."""
    if abs(power) > 0.01:
        return math.exp(power)
    return 1.0 + power * (1.0 + power / 2.0 * (1.0 + power / 3.0 * (1.0 + power / 4.0 * (1.0 + power / 5.0))))


@step
def _slide_windows(state: Array, clock: int, value: float) -> None:
    """Move the two running medians on by one row."""
    ring, here = state[RING:], clock % LONG
    ring[here] = value
    long, short = state[ORDER_LONG:].view(np.uint8), state[ORDER_SHORT:].view(np.uint8)
    state[N_LONG] = slide(ring, long, int(state[N_LONG]), here, here)
    state[N_SHORT] = slide(ring, short, int(state[N_SHORT]), (clock - SHORT) % LONG, here)


@step
def _slide_offsets(state: Array, clock: int, offset: float) -> None:
    """Move the median of the last deviations from the usual time of day on by one row."""
    recent, here = state[RECENT:], clock % OFFSETS
    recent[here] = offset
    order = state[ORDER_RECENT:].view(np.uint8)
    state[KEPT] = slide(recent, order, int(state[KEPT]), here, here)
