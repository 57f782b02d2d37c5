"""How surprising a value of one metric is: its distance from simple expectations, and how rare it is where it stands.

All is learned from rows before the one that is scored, in one array of a fixed size. A few expectations (the last value, running
medians, an exponential mean, the same time of day, the same corrected by the last deviations from it) each have a scale of their
own: the error they are usually within. Surprise is the mean error in these scales. Rarity is how far out the value, its change, its short mean and spread, and its
distance from the same time of day lie among all before, from histograms that hold any range. Their product is the evidence of a row.
"""

import math

import numpy as np

from sre_anomaly.frame import Array
from sre_anomaly.kernels.compiled import step
from sre_anomaly.kernels.rolling import insert, middle, remove

EXPECTATIONS, FACES, BINS, SPAN = 6, 5, 33, 6.0
LONG, SHORT, FACE, OFFSETS = 101, 15, 12, 31
SAME_TIME = 4  # the expectation of the same time of day; the one after it adds the recent deviation from it
WARM, FEW = 30, 15.0  # rows before the first answer; rows at which evidence counts half of what it will
SLOTS = 240  # of the day, at most: six minutes each
YOUNG = 10.0  # errors before an expectation counts: the first say nothing of how far it is usually off
LEAST = 1e-3  # a change by this share of the value is never more than one scale
ORDINARY = 3.0  # mean errors of fewer scales hardly count, of more by their logarithm
FADE_DAYS = 30.0  # after which the longest silence so far counts a third, so that one outage does not hide all later ones
KEEP = 0.5 ** (1.0 / 30.0)  # of the exponential mean after a row: a value counts half after thirty
QUANTILE = 0.8  # the share of its errors that an expectation's scale holds
SILENCE = 0.9  # what a missing value weighs against one that is far off
CLIP = 3.0  # how many scales one row may move the usual time of day
ROWS, CLOCK, LAST, MEAN, WEIGHT, EVIDENCE, UNIT = range(7)
GAP, LONGEST, GAPS, KEPT, N_LONG, N_SHORT, LOWEST, DAY, APART, WITHIN = range(7, 17)
RING = 17  # where each part of the state begins
SORTED_LONG = RING + LONG
SORTED_SHORT = SORTED_LONG + LONG
RECENT = SORTED_SHORT + SHORT
SORTED_RECENT = RECENT + OFFSETS
SCALES = SORTED_RECENT + OFFSETS
ERRORS = SCALES + EXPECTATIONS
COUNTS = ERRORS + EXPECTATIONS
EXPECTED = COUNTS + EXPECTATIONS
PLACES = EXPECTED + EXPECTATIONS
HISTOGRAMS = PLACES + 2 * FACES
PROFILE = HISTOGRAMS + FACES * BINS


def new_surprise(slots: int, rows_a_day: int = 0) -> Array:
    """Return the state of a metric before its first row; ``slots`` parts of the day, 0 where there is no time of day."""
    state = np.zeros(PROFILE + slots)
    for begin, size in ((RING, LONG), (RECENT, OFFSETS), (EXPECTED, EXPECTATIONS), (PROFILE, slots)):
        state[begin : begin + size] = np.nan
    state[LAST], state[UNIT], state[LOWEST], state[DAY] = np.nan, np.inf, np.inf, rows_a_day
    return state


@step
def expect(state: Array, slot: int) -> None:
    """Write what each expectation says of the next row to the state; NaN where one cannot say yet."""
    out = state[EXPECTED:PLACES]
    out[:] = np.nan
    out[0] = state[LAST]
    short, long = int(state[N_SHORT]), int(state[N_LONG])
    if short > 0:
        out[1] = middle(state[SORTED_SHORT:], short)
    if long >= 3:
        out[2] = middle(state[SORTED_LONG:], long)
    if state[WEIGHT] > 0.0:
        out[3] = state[MEAN] / state[WEIGHT]
    if state[CLOCK] == state[DAY]:
        for part in (SCALES, ERRORS, COUNTS):  # until now it was that of minutes ago, not of yesterday
            state[part + SAME_TIME : part + SAME_TIME + 2] = 0.0
    if slot >= 0:
        out[SAME_TIME] = state[PROFILE + slot]
        if state[KEPT] > 0.0:
            out[SAME_TIME + 1] = out[SAME_TIME] + middle(state[SORTED_RECENT:], int(state[KEPT]))


@step
def surprise(state: Array, value: float, side: float) -> float:
    """Return the mean error of the expectations in their own scales; errors on the side that does not matter are none."""
    total, count = 0.0, 0
    floor = 0.5 * state[UNIT] if state[UNIT] < np.inf else 0.0
    usual = _usual(state)
    for number in range(EXPECTATIONS):
        expected = state[EXPECTED + number]
        if math.isnan(expected) or state[COUNTS + number] < YOUNG:
            continue
        if side != 0.0 and side * (usual - expected) > 0.0:
            expected = usual  # back from the side that is no matter, a value is far from the last ones alone
        error = abs(value - expected) if side == 0.0 else max(side * (value - expected), 0.0)
        least = LEAST * max(abs(expected), abs(value))
        scale = max(state[SCALES + number], 0.5 * state[ERRORS + number], floor, least, 1e-300)
        total += error / scale
        count += 1
    return total / count if count else 0.0


@step
def rarity(state: Array, value: float) -> float:
    """Return how rare the faces of a value are among those before: -log shares, root of the sum of their squares."""
    faces = np.empty(FACES)
    _faces(state, int(state[CLOCK]), value, faces)
    total = 0.0
    for face in range(FACES):
        if math.isnan(faces[face]):
            continue
        begin = HISTOGRAMS + face * BINS
        at = _bin(state, face, faces[face])
        low = 0.0
        for other in range(begin, begin + int(at)):
            low += state[other]
        inside = state[begin + int(at)]
        # All of the outermost bins, and a value that comes again and again, count half: nobody can say on which side they lie.
        part = at - int(at) if 0 < int(at) < BINS - 1 else 0.5
        low += inside * part
        total += math.log(min(1.0, 2.0 * (min(low, state[ROWS] - low) + 1.0) / (state[ROWS] + 2.0))) ** 2
    return math.sqrt(total)


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
            up = QUANTILE if error > scale else QUANTILE - 1.0
            state[SCALES + number] = max(scale * math.exp(up / count), 1e-3 * state[ERRORS + number])
    _learn_faces(state, clock, value)
    if slot >= 0:
        usual = state[PROFILE + slot]
        _slide_offsets(state, clock, value - usual)
        if math.isnan(usual):
            state[PROFILE + slot] = value
        else:
            reach = CLIP * max(state[SCALES + SAME_TIME], state[ERRORS + SAME_TIME])
            move = value - usual
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
def _usual(state: Array) -> float:
    """Return what was expected of the same time of day, or of the last hundred where there is no such time."""
    same_time = state[EXPECTED + SAME_TIME]
    return float(state[EXPECTED + 2] if math.isnan(same_time) else same_time)


@step
def _faces(state: Array, clock: int, value: float, out: Array) -> None:
    """Write the value, its change, mean and spread of the last dozen, and its distance from the usual to ``out``; NaN where there is none."""
    total, count = value, 1.0
    first = max(0, clock - FACE + 1)
    for row in range(first, clock):
        other = state[RING + row % LONG]
        if not math.isnan(other):
            total += other
            count += 1.0
    mean, squares = total / count, (value - total / count) ** 2
    for row in range(first, clock):
        other = state[RING + row % LONG]
        if not math.isnan(other):
            squares += (other - mean) ** 2
    out[0], out[1], out[2], out[3] = value, value - state[LAST], mean, math.sqrt(squares / count)
    out[4] = value - _usual(state)
    if state[WITHIN] > 0.0 and count < 0.5 * FACE:
        out[2:4] = np.nan  # of a few values beside a known window they are not those of a dozen


@step
def _bin(state: Array, face: int, value: float) -> float:
    """Return the place of a value among the bins of a face: they widen with the distance from what was usual at first."""
    off, scale = value - state[PLACES + 2 * face], state[PLACES + 2 * face + 1]
    far = off / max(scale, 1e-9 * abs(state[PLACES + 2 * face]), 1e-300)
    return min(max((math.asinh(far) / SPAN + 1.0) * 0.5 * BINS, 0.0), BINS - 1e-9)


@step
def _learn_faces(state: Array, clock: int, value: float) -> None:
    faces = np.empty(FACES)
    _faces(state, clock, value, faces)
    for face in range(FACES):
        now, at = faces[face], PLACES + 2 * face
        if math.isnan(now):
            continue
        if state[ROWS] < WARM or state[at + 1] <= 1e-9 * abs(state[at]):
            # Centre and width of the bins, from the first rows; a face that has never moved takes that of its first move.
            share = 1.0 / (state[ROWS] + 1.0) if state[ROWS] < WARM else 1.0
            state[at] += share * (now - state[at]) if state[ROWS] < WARM else 0.0
            state[at + 1] += share * (abs(now - state[at]) - state[at + 1])
        state[HISTOGRAMS + face * BINS + int(_bin(state, face, now))] += 1.0


@step
def _slide_windows(state: Array, clock: int, value: float) -> None:
    """Move the two running medians on by one row."""
    n_long, n_short = int(state[N_LONG]), int(state[N_SHORT])
    if not math.isnan(state[RING + clock % LONG]):
        n_long = remove(state[SORTED_LONG:], n_long, state[RING + clock % LONG])
    if clock >= SHORT and not math.isnan(state[RING + (clock - SHORT) % LONG]):
        n_short = remove(state[SORTED_SHORT:], n_short, state[RING + (clock - SHORT) % LONG])
    state[RING + clock % LONG] = value
    if not math.isnan(value):
        n_long = insert(state[SORTED_LONG:], n_long, value)
        n_short = insert(state[SORTED_SHORT:], n_short, value)
    state[N_LONG], state[N_SHORT] = n_long, n_short


@step
def _slide_offsets(state: Array, clock: int, offset: float) -> None:
    """Move the median of the last deviations from the usual time of day on by one row."""
    kept = int(state[KEPT])
    if not math.isnan(state[RECENT + clock % OFFSETS]):
        kept = remove(state[SORTED_RECENT:], kept, state[RECENT + clock % OFFSETS])
    state[RECENT + clock % OFFSETS] = offset
    if not math.isnan(offset):
        kept = insert(state[SORTED_RECENT:], kept, offset)
    state[KEPT] = kept
