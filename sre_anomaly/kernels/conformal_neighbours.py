"""The evidence that a row is unlike its past, metric by metric: one compiled step over a state of fixed size.

The state of a metric is one array: the rows so far, the latest values, the moments of the features, then the stores
of `neighbours`, `sametime` and `ranks`. `borders` says where each begins.
"""

import math

import numpy as np
import numpy.typing as npt

from sre_anomaly.frame import Array, Times
from sre_anomaly.kernels.compiled import compiled, step
from sre_anomaly.kernels.neighbours import (
    DAY,
    expected,
    keep,
    nearest,
    new_neighbours,
    new_recent,
    new_same_time,
    note,
    slide,
)
from sre_anomaly.kernels.ranks import at_least, count, new_ranks, remember

Parameters = npt.NDArray[np.int64]
EVIDENCE, NOVELTY, RANKING = 0, 1, 2
FACES = ("evidence", "novelty", "ranking")
SAME = 1e-6
"""A nearer neighbour than this is the same row."""
FLAT = 1e-20
"""A feature whose variance is a smaller share of its square has never moved."""
TOGETHER = 1024
"""Rows that are taken in metric by metric, so that the store of one is read from the processor's own memory."""
TRUSTED = 50.0
"""A row can be among the most novel of its past, and so be quarantined, once its past has so many rows."""


def borders(windows: tuple[int, ...], recent: int, most_neighbours: int, most_ranks: int) -> Parameters:
    """Return where in the state of a metric each of its parts begins, and the end."""
    width = len(windows)
    parts = [
        1,
        max(windows),
        2 * width,
        len(new_neighbours(width, most_neighbours)),
        len(new_same_time()),
        len(new_recent(recent)),
        len(new_ranks(most_ranks)),
        len(new_ranks(most_ranks)),
    ]
    return np.cumsum([0, *parts])


@compiled
def score_rows(
    states: Array,
    edges: Parameters,
    times: Times,
    rows: Array,
    windows: Parameters,
    shares: Array,
    numbers: Array,
    out: Array,
    told: Array,
) -> None:
    """Score rows one after the other, each learned from before the next; see `Features.advance` for the states.

    A metric with a gap has no part in a row and learns nothing from it. ``told`` (k, m) gets the evidence, or with the
    face of that name the novelty, of each metric.
    """
    metrics = rows.shape[1]
    size = edges[-1]
    together = min(len(rows), TOGETHER)
    parts, seen = np.empty((together, metrics, 2)), np.empty(together)
    face = EVIDENCE if numbers[8] == RANKING else int(numbers[8])
    for begin in range(0, len(rows), TOGETHER):
        block = min(TOGETHER, len(rows) - begin)
        parts[:block], seen[:block] = np.nan, 0.0
        for metric in range(metrics):
            for place in range(block):
                row = begin + place
                own = states[row if len(states) > 1 else 0, metric * size : (metric + 1) * size]
                if not math.isnan(rows[row, metric]):
                    part = parts[place, metric]
                    _one(own, edges, times[row], rows[row, metric], windows, shares, numbers, part)
                    seen[place] = max(seen[place], own[0])
                told[row, metric] = parts[place, metric, face]
        for place in range(block):
            state = states[begin + place if len(states) > 1 else 0]
            out[begin + place] = _common(state[metrics * size :], parts[place], seen[place], numbers)


@step
def _common(ranks: Array, parts: Array, seen: float, numbers: Array) -> float:
    """Return the score of a row from the evidence and novelty of its metrics; ``ranks`` learn of it."""
    most = int(numbers[7])
    evidence, novelty = _strongest(parts[:, EVIDENCE], most), _strongest(parts[:, NOVELTY], most)
    if numbers[8] == NOVELTY:
        return novelty
    if numbers[8] == RANKING:
        return (evidence + math.log1p(novelty)) * seen / (seen + numbers[9])
    if len(parts) == 1:
        return evidence
    rare = _surprise(ranks, evidence)
    remember(ranks, evidence)
    return rare


@step
def _strongest(values: Array, most: int) -> float:
    """Return the mean of so many of the largest values; NaN are left out."""
    if len(values) == 1:
        return float(values[0])
    present = values[~np.isnan(values)]
    return float(np.sort(present)[-most:].mean())


@step
def _surprise(ranks: Array, value: float) -> float:
    """Return log(rows / rank) of a value among those before it: 0 for the least, log(rows) for a record."""
    return float(np.log((count(ranks) + 1.0) / (at_least(ranks, value) + 1.0)))


@step
def _one(
    state: Array,
    edges: Parameters,
    now: int,
    value: float,
    windows: Parameters,
    shares: Array,
    numbers: Array,
    out: Array,
) -> None:
    """Write the evidence and the novelty of one value of one metric to ``out``, then learn from it."""
    ring = state[edges[1] : edges[2]]
    moments = state[edges[2] : edges[3]]
    neighbours = state[edges[3] : edges[4]]
    days = state[edges[4] : edges[5]]
    recent = state[edges[5] : edges[6]]
    novelties = state[edges[6] : edges[7]]
    residuals = state[edges[7] : edges[8]]
    timed = now != 0
    time = now / 1e9
    second = time % DAY
    row = state[0]
    features, weights = _moving_means(ring, moments, row, value, windows, shares)
    per_second = numbers[4] if timed else 0.0

    novelty = nearest(neighbours, features, weights, second, row, per_second)
    usual = expected(days, recent, time, numbers[5], numbers[6])
    # A row with nothing to compare with is not strange.
    residual = 0.0 if math.isnan(usual) else abs(value - usual)
    novelty = novelty if novelty > SAME else 0.0
    rank = at_least(novelties, novelty) + 1.0
    unusual = _surprise(residuals, residual)
    out[EVIDENCE] = (1.0 - numbers[3]) * _surprise(novelties, novelty) + numbers[3] * unusual
    out[NOVELTY] = novelty

    usable_from = row + numbers[0] + 1.0
    if row > TRUSTED and novelty > 0.0 and rank <= numbers[1] * (row + 1.0):
        usable_from = max(usable_from, math.ceil(row / (1.0 - numbers[2])))
    keep(neighbours, features, second, row, usable_from, per_second > 0.0)
    note(days, time, value)
    slide(recent, value)
    remember(novelties, novelty)
    remember(residuals, residual)
    state[0] = row + 1.0


@step
def _moving_means(
    ring: Array, moments: Array, row: float, value: float, windows: Parameters, shares: Array
) -> tuple[Array, Array]:
    """Return the mean of the last values over each window, and what a squared difference in each counts.

    ``moments`` holds the mean and the squares of each feature over all rows so far (Welford, 1962).
    """
    width = len(windows)
    features, weights = np.zeros(width), np.zeros(width)
    longest = len(ring)
    at = int(row) % longest
    ring[at] = value
    total = 0.0
    done = 0
    for j in range(width):
        while done < min(windows[j], row + 1):
            total += ring[at - done]
            done += 1
        features[j] = total / done
        gap = features[j] - moments[j]
        moments[j] += gap / (row + 1.0)
        moments[width + j] += gap * (features[j] - moments[j])
        variance = moments[width + j] / (row + 1.0)
        if variance > FLAT * (features[j] ** 2 + moments[j] ** 2):
            weights[j] = shares[j] / variance
    return features, weights
