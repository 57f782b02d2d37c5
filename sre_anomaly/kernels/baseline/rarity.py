"""How rare a value is where it stands: its faces among those before, in histograms that hold any range."""

import math

import numpy as np

from sre_anomaly.frame import Array
from sre_anomaly.kernels.baseline.layout import (
    BINS,
    CLOCK,
    EXPECTED,
    FACE,
    FACES,
    FOUND,
    HISTOGRAMS,
    LAST,
    LONG,
    PLACED,
    PLACED_AT,
    PLACES,
    RING,
    ROWS,
    SAME_TIME,
    SPAN,
    WARM,
    WITHIN,
)
from sre_anomaly.kernels.compiled import step


@step
def rarity(state: Array, value: float) -> float:
    """Return how rare the faces of a value are among those before: -log shares, root of the sum of their squares."""
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
    return math.sqrt(total)


@step
def usual(state: Array) -> float:
    """Return what was expected of the same time of day, or of the last hundred where there is no such time."""
    same_time = state[EXPECTED + SAME_TIME]
    return float(state[EXPECTED + 2] if math.isnan(same_time) else same_time)


@step
def _faces(state: Array, value: float, out: Array) -> None:
    """Write the value, its change, mean and spread of the last dozen, and its distance from the usual to ``out``; NaN where there is none."""
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
    out[4] = value - usual(state)
    if state[WITHIN] > 0.0 and count < 0.5 * FACE:
        out[2:4] = np.nan  # of a few values beside a known window they are not those of a dozen


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
def learn_faces(state: Array, value: float) -> None:
    """Count the faces of a value among those before."""
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
