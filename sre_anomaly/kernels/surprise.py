"""How surprising a value of one metric is: its distance from simple expectations, and how rare it is where it stands.

All is learned from rows before the one that is scored, in one array of a fixed size. A few expectations (the last value, running
medians, an exponential mean, the same time of day, the same corrected by the last deviations from it) each have a scale of their
own: the error they are usually within. Surprise is the mean error in these scales. Rarity is how far out the value, its change,
its short mean and spread lie among all before, from histograms that hold any range. Their product is the evidence of a row.
"""

import math

import numpy as np
import numpy.typing as npt

from sre_anomaly.frame import Array
from sre_anomaly.kernels.compiled import step

Bytes = npt.NDArray[np.uint8]
EXPECTATIONS, FACES, BINS, SPAN = 6, 4, 33, 6.0
LONG, SHORT, FACE, OFFSETS = 101, 15, 12, 31
SAME_TIME = 4  # the expectation of the same time of day; the one after it adds the recent deviation from it
WARM, FEW = 30, 15.0  # rows before the first answer; rows at which evidence counts half of what it will
SLOTS = 240  # of the day, at most: six minutes each
YOUNG = 10.0  # errors before an expectation counts: the first say nothing of how far it is usually off
LEAST = 1e-3  # a change by this share of the value is never more than one scale
HALF_LIFE = 30.0  # rows after which a value counts half in the exponential mean
QUANTILE = 0.8  # the share of its errors that an expectation's scale holds
CLIP = 3.0  # how many scales one row may move the usual time of day
ROWS, CLOCK, LAST, MEAN, WEIGHT, EVIDENCE, UNIT = range(7)
GAP, LONGEST, MISSING, KEPT, N_LONG, N_SHORT, LOWEST, DAY = range(7, 15)
PLACED_AT, PLACED = 15, 16  # the row and the value that the places below are of
# Where each part of the state begins.
SCALES = 17
ERRORS = SCALES + EXPECTATIONS
COUNTS = ERRORS + EXPECTATIONS
EXPECTED = COUNTS + EXPECTATIONS
PLACES = EXPECTED + EXPECTATIONS  # the centre and width of each face's bins
FOUND = PLACES + 2 * FACES  # in which bin the last value looked at lies
# The order of what is in a window, a byte each: a fleet's step waits for memory, so what is looked at is kept small.
ORDER_LONG = FOUND + FACES
ORDER_SHORT = ORDER_LONG + (LONG + 7) // 8
ORDER_RECENT = ORDER_SHORT + (SHORT + 7) // 8
HISTOGRAMS = ORDER_RECENT + (OFFSETS + 7) // 8  # how many lie in each bin or below it, four bytes each
RING = HISTOGRAMS + (FACES * BINS + 1) // 2
RECENT = RING + LONG
PROFILE = RECENT + OFFSETS


def new_surprise(slots: int, rows_a_day: int = 0) -> Array:
    """Return the state of a metric before its first row; ``slots`` parts of the day, 0 where there is no time of day."""
    state = np.zeros(PROFILE + slots)
    for begin, size in ((RING, LONG), (RECENT, OFFSETS), (EXPECTED, EXPECTATIONS), (PROFILE, slots)):
        state[begin : begin + size] = np.nan
    state[PLACED_AT] = -1.0
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
        out[1] = _middle(state[RING:], state[ORDER_SHORT:].view(np.uint8), short)
    if long >= 3:
        out[2] = _middle(state[RING:], state[ORDER_LONG:].view(np.uint8), long)
    if state[WEIGHT] > 0.0:
        out[3] = state[MEAN] / state[WEIGHT]
    if state[CLOCK] == state[DAY]:
        for part in (SCALES, ERRORS, COUNTS):  # until now it was that of minutes ago, not of yesterday
            state[part + SAME_TIME : part + SAME_TIME + 2] = 0.0
    if slot >= 0:
        out[SAME_TIME] = state[PROFILE + slot]
        if state[KEPT] > 0.0:
            recent = _middle(state[RECENT:], state[ORDER_RECENT:].view(np.uint8), int(state[KEPT]))
            out[SAME_TIME + 1] = out[SAME_TIME] + recent


@step
def surprise(state: Array, value: float, side: float) -> float:
    """Return the mean error of the expectations in their own scales; errors on the side that does not matter are none."""
    total, count = 0.0, 0
    floor = 0.5 * state[UNIT] if state[UNIT] < np.inf else 0.0
    usual = state[EXPECTED + (2 if math.isnan(state[EXPECTED + SAME_TIME]) else SAME_TIME)]
    for number in range(EXPECTATIONS):
        expected = state[EXPECTED + number]
        if math.isnan(expected) or state[COUNTS + number] < YOUNG:
            continue
        if side != 0.0 and side * (usual - expected) > 0.0:
            expected = usual  # back from the side that is no matter, a value is far from the last ones alone
        error = abs(value - expected) if side == 0.0 else max(side * (value - expected), 0.0)
        scale = max(
            state[SCALES + number],
            0.5 * state[ERRORS + number],
            floor,
            LEAST * max(abs(expected), abs(value)),
            1e-300,
        )
        total += error / scale
        count += 1
    return total / count if count else 0.0


@step
def rarity(state: Array, value: float) -> float:
    """Return how rare the value, its change, its short mean and spread are among those before: -log shares, root mean square."""
    _place(state, value)
    counts = state[HISTOGRAMS:RING].view(np.uint32)
    total = 0.0
    for face in range(FACES):
        at = state[FOUND + face]
        if math.isnan(at):
            continue
        here = face * BINS + int(at)
        low = float(counts[here - 1]) if int(at) > 0 else 0.0
        # All of the outermost bins, and a value that comes again and again, count half: nobody can say on which side they lie.
        part = at - int(at) if 0 < int(at) < BINS - 1 else 0.5
        low += (float(counts[here]) - low) * part
        total += math.log(min(1.0, 2.0 * (min(low, state[ROWS] - low) + 1.0) / (state[ROWS] + 2.0))) ** 2
    return math.sqrt(total / FACES)


@step
def evidence(state: Array, value: float, side: float) -> float:
    """Return surprise on a logarithmic scale times rarity, less while there are few rows; 0 before there are enough."""
    if state[ROWS] < WARM:
        return 0.0
    far = surprise(state, value, side)
    sure = state[ROWS] / (state[ROWS] + FEW)
    return sure * math.log1p(far) * rarity(state, value) if far > 0.0 else 0.0


@step
def silence(state: Array) -> float:
    """Return the evidence of one more row without a value: how long it has been silent against the longest before."""
    if state[ROWS] < WARM:
        return 0.0
    share = (state[MISSING] - state[GAP] + 1.0) / (state[ROWS] + state[MISSING] + 2.0)
    return math.log1p((state[GAP] + 1.0) / (state[LONGEST] + 1.0)) * 0.5 * -math.log(min(1.0, 2.0 * share))


@step
def learn_gap(state: Array) -> None:
    """Take in a row without a value."""
    clock = int(state[CLOCK])
    state[GAP] += 1.0
    state[MISSING] += 1.0
    _slide_windows(state, clock, np.nan)
    _slide_offsets(state, clock, np.nan)
    state[CLOCK] += 1.0


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
    _learn_faces(state, value)
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
    keep = 0.5 ** (1.0 / HALF_LIFE)
    state[MEAN], state[WEIGHT] = (
        keep * state[MEAN] + (1.0 - keep) * value,
        keep * state[WEIGHT] + (1.0 - keep),
    )
    state[LOWEST], state[LONGEST] = min(state[LOWEST], value), max(state[LONGEST], state[GAP])
    state[LAST], state[GAP] = value, 0.0
    state[ROWS], state[CLOCK] = state[ROWS] + 1.0, state[CLOCK] + 1.0


@step
def _exp(power: float) -> float:
    """Return exp of a power that is small but for the first rows, to the last digit: there a few terms will do."""
    if abs(power) > 0.01:
        return math.exp(power)
    return 1.0 + power * (1.0 + power / 2.0 * (1.0 + power / 3.0 * (1.0 + power / 4.0 * (1.0 + power / 5.0))))


@step
def _faces(state: Array, value: float, out: Array) -> None:
    """Write the value, its change, and the mean and spread of the last dozen to ``out``; NaN where there is none."""
    clock = int(state[CLOCK])
    total, squares, count = 0.0, 0.0, 1.0
    at = clock % LONG
    for _ in range(min(clock, FACE - 1)):
        at = at - 1 if at > 0 else LONG - 1
        off = state[RING + at] - value
        if not math.isnan(off):
            # Counted from the value, which is one of them: so the difference below keeps its digits.
            total += off
            squares += off * off
            count += 1.0
    mean = total / count
    out[0], out[1], out[2] = value, value - state[LAST], value + mean
    out[3] = math.sqrt(max(squares / count - mean * mean, 0.0))


@step
def _bin(state: Array, face: int, value: float) -> float:
    """Return the place of a value among the bins of a face: they widen with the distance from what was usual at first."""
    off, scale = value - state[PLACES + 2 * face], state[PLACES + 2 * face + 1]
    far = off / max(scale, 1e-9 * abs(state[PLACES + 2 * face]), 1e-300)
    size = abs(far)
    wide = math.log(size + math.sqrt(size * size + 1.0)) if size < 1e100 else SPAN  # asinh, dear as it is
    return min(max((math.copysign(wide, far) / SPAN + 1.0) * 0.5 * BINS, 0.0), BINS - 1e-9)


@step
def _place(state: Array, value: float) -> None:
    """Write in which bins the value would lie as the next row, unless that is what was looked at last."""
    if state[PLACED_AT] == state[CLOCK] and state[PLACED] == value:
        return
    faces = np.empty(FACES)
    _faces(state, value, faces)
    for face in range(FACES):
        state[FOUND + face] = math.nan if math.isnan(faces[face]) else _bin(state, face, faces[face])
    state[PLACED_AT], state[PLACED] = state[CLOCK], value


@step
def _learn_faces(state: Array, value: float) -> None:
    young = state[ROWS] < WARM
    for face in range(FACES):
        at = PLACES + 2 * face
        young = young or state[at + 1] <= 1e-9 * abs(state[at])
    if young:
        _learn_places(state, value)
    _place(state, value)
    counts = state[HISTOGRAMS:RING].view(np.uint32)
    for face in range(FACES):
        if not math.isnan(state[FOUND + face]):
            above = counts[face * BINS + int(state[FOUND + face]) : (face + 1) * BINS]
            for here in range(len(above)):
                above[here] += 1


@step
def _learn_places(state: Array, value: float) -> None:
    """Move centre and width of the bins by the first rows; a face that has never moved takes those of its first move."""
    faces = np.empty(FACES)
    _faces(state, value, faces)
    for face in range(FACES):
        now, at = faces[face], PLACES + 2 * face
        young = state[ROWS] < WARM
        if not math.isnan(now) and (young or state[at + 1] <= 1e-9 * abs(state[at])):
            share = 1.0 / (state[ROWS] + 1.0) if young else 1.0
            state[at] += share * (now - state[at]) if young else 0.0
            state[at + 1] += share * (abs(now - state[at]) - state[at + 1])
    state[PLACED_AT] = -1.0


@step
def _slide_windows(state: Array, clock: int, value: float) -> None:
    """Move the two running medians on by one row."""
    ring, here = state[RING:], clock % LONG
    ring[here] = value
    long, short = state[ORDER_LONG:].view(np.uint8), state[ORDER_SHORT:].view(np.uint8)
    state[N_LONG] = _slide(ring, long, int(state[N_LONG]), here, here)
    state[N_SHORT] = _slide(ring, short, int(state[N_SHORT]), (clock - SHORT) % LONG, here)


@step
def _slide_offsets(state: Array, clock: int, offset: float) -> None:
    """Move the median of the last deviations from the usual time of day on by one row."""
    recent, here = state[RECENT:], clock % OFFSETS
    recent[here] = offset
    order = state[ORDER_RECENT:].view(np.uint8)
    state[KEPT] = _slide(recent, order, int(state[KEPT]), here, here)


@step
def _middle(values: Array, order: Bytes, size: int) -> float:
    """Return the median of the values whose places are in the first ``size`` of an order."""
    low, high = values[order[(size - 1) // 2]], values[order[size // 2]]
    return float(low if low == high else 0.5 * (low + high))


@step
def _slide(values: Array, order: Bytes, size: int, leaves: int, enters: int) -> int:
    """Take one place out of an order, if it is there, and put another in, unless its value is NaN; return the new size."""
    new, place = values[enters], 0
    while place < size and order[place] != leaves:
        place += 1
    if math.isnan(new):
        for at in range(place, size - 1):
            order[at] = order[at + 1]
        return size - 1 if place < size else size
    size = max(size, place + 1)
    # Only what lies between the two moves.
    while place + 1 < size and values[order[place + 1]] < new:
        order[place] = order[place + 1]
        place += 1
    while place > 0 and values[order[place - 1]] > new:
        order[place] = order[place - 1]
        place -= 1
    order[place] = enters
    return size
