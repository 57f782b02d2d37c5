"""How unlike everything before a row is, learned while it runs: contextual nearest-neighbour novelty, ranked."""

import math
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field

from sre_anomaly.clock import Duration
from sre_anomaly.compiled import compiled, step
from sre_anomaly.contracts import Detector
from sre_anomaly.errors import ConfigError
from sre_anomaly.frame import Array, Times
from sre_anomaly.neighbours import DAY, keep, nearest, new_neighbours
from sre_anomaly.ranks import at_least, count, new_ranks, remember
from sre_anomaly.registry import register
from sre_anomaly.sametime import expected, new_recent, new_same_time, note, slide

Numbers = npt.NDArray[np.int64]
EVIDENCE, NOVELTY = 0, 1
SAME = 1e-6
"""A nearer neighbour than this is the same row."""
FLAT = 1e-20
"""A feature whose variance is a smaller share of its square has never moved."""
TRUSTED = 50.0
"""A row can be among the most novel of its past, and so be quarantined, once its past has so many rows."""


@register("detector", "cknn")
@dataclass
class Cknn(Detector):
    """Score = evidence: 0 for an ordinary row, log(rows so far) for one unlike all before it.

    Each metric by itself: moving means are compared with those of all earlier rows, the time of the day being one
    more coordinate, and the distance to the nearest is the row's novelty. Beside it stands the distance of the value
    from its median at this time on recent days. Both are replaced by L = log(rows / rank), the rank among their own
    past, so that neither unit nor scale is left, and mixed. A row among the most novel of its past is quarantined:
    it may be a neighbour only after a while, so that a first anomaly does not hide a second one.

    Several metrics: the mean evidence of the ``strongest``, ranked once more among its own past.

    It learns from every row after it was scored, with no labels, no training span and in constant memory. ``face``
    chooses what is told: ranks make series comparable and suit one level for all; the novelty itself, the mean over
    the ``strongest`` metrics, keeps how far a row is out and orders the rows of one series better.

    Notes
    -----
    Contextual and conformal nearest neighbours: Burnaev and Ishimtsev (2016). Rows with a gap are not scored.
    """

    windows: tuple[int, ...] = (2, 10, 50)
    weights: tuple[float, ...] = (1.0, 0.5, 1.0)
    hour: Annotated[float, Field(ge=0)] = 1.0
    exclude: Annotated[int, Field(ge=0)] = 20
    quarantine: Annotated[float, Field(ge=0, lt=1)] = 0.005
    accept: Annotated[float, Field(ge=0, lt=1)] = 0.3
    seasonal: Annotated[float, Field(ge=0, le=1)] = 0.15
    same_time: Duration = timedelta(minutes=15)
    days: Annotated[int, Field(ge=1)] = 8
    recent: Annotated[int, Field(ge=1)] = 300
    strongest: Annotated[int, Field(ge=1)] = 3
    face: Literal["evidence", "novelty"] = "evidence"
    most_neighbours: Annotated[int, Field(ge=48)] = 24_000
    most_ranks: Annotated[int, Field(ge=512)] = 4096

    export_name = "cknn"

    def __post_init__(self) -> None:
        self.unit = "evidence" if self.face == "evidence" else "own"
        if not self.windows or min(self.windows) < 1 or any(a >= b for a, b in pairwise(self.windows)):
            raise ConfigError(
                f"detector.windows: {list(self.windows)} must be rows, 1 or more, each longer than the one before"
            )
        if len(self.weights) != len(self.windows) or min(self.weights) <= 0:
            raise ConfigError(
                f"detector.weights: {list(self.weights)} must be one number above 0 for each of detector.windows"
            )
        if self.same_time > timedelta(minutes=30):
            raise ConfigError("detector.same_time: must be 30m or less")

    def fit(self, X: Array, y: Array | None = None, validation: tuple[Array, Array] | None = None) -> Self:
        """Learn nothing: every row is learned from when it has been scored."""
        del X, y, validation
        return self

    def score(self, X: Array) -> Array:
        """Return (n,) scores of rows that follow one another from a first row and have no time."""
        state = self.new_state(X.shape[1])[np.newaxis]
        return self.advance(state, np.zeros(len(X), dtype=np.int64), X)

    def new_state(self, columns: int) -> Array:
        """Return the state of one series: that of each metric, and the ranks of their common evidence."""
        return np.zeros(columns * int(self._borders[-1]) + len(new_ranks(self.most_ranks)))

    def advance(self, states: Array, times: Times, rows: Array) -> Array:
        """Return (k,) scores and learn from the rows."""
        out = np.empty(len(rows))
        _follow.for_rows(len(rows))(
            states,
            self._borders,
            times,
            rows,
            np.array(self.windows),
            np.array(self.weights),
            self._numbers,
            out,
        )
        return out

    @cached_property
    def _borders(self) -> Numbers:
        """Where in the state of a metric each of its parts begins, and the end."""
        width = len(self.windows)
        parts = [
            1,
            max(self.windows),
            2 * width,
            len(new_neighbours(width, self.most_neighbours)),
            len(new_same_time()),
            len(new_recent(self.recent)),
            len(new_ranks(self.most_ranks)),
            len(new_ranks(self.most_ranks)),
        ]
        return np.cumsum([0, *parts])

    @cached_property
    def _numbers(self) -> Array:
        return np.array(
            [
                self.exclude,
                self.quarantine,
                self.accept,
                self.seasonal,
                self.hour / 3600.0,
                self.same_time.total_seconds(),
                self.days,
                self.strongest,
                EVIDENCE if self.face == "evidence" else NOVELTY,
            ]
        )


@compiled
def _follow(
    states: Array,
    borders: Numbers,
    times: Times,
    rows: Array,
    windows: Numbers,
    shares: Array,
    numbers: Array,
    out: Array,
) -> None:
    """Score rows one after the other, each learned from before the next; see `Features.advance` for the states."""
    metrics = rows.shape[1]
    size = borders[-1]
    parts = np.empty((metrics, 2))
    for row in range(len(rows)):
        state = states[row if len(states) > 1 else 0]
        for metric in range(metrics):
            own = state[metric * size : (metric + 1) * size]
            _one(own, borders, times[row], rows[row, metric], windows, shares, numbers, parts[metric])
        face = int(numbers[8])
        top = min(int(numbers[7]), metrics)
        strongest = np.sort(parts[:, face])[metrics - top :]
        told = strongest.sum() / top
        if metrics > 1 and face == EVIDENCE:
            common = state[metrics * size :]
            mean = told
            told = _surprise(common, mean)
            remember(common, mean)
        out[row] = told


@step
def _surprise(ranks: Array, value: float) -> float:
    """Return log(rows / rank) of a value among those before it: 0 for the least, log(rows) for a record."""
    return float(np.log((count(ranks) + 1.0) / (at_least(ranks, value) + 1.0)))


@step
def _one(
    state: Array,
    borders: Numbers,
    now: int,
    value: float,
    windows: Numbers,
    shares: Array,
    numbers: Array,
    out: Array,
) -> None:
    """Write the evidence and the novelty of one value of one metric to ``out``, then learn from it."""
    ring = state[borders[1] : borders[2]]
    moments = state[borders[2] : borders[3]]
    neighbours = state[borders[3] : borders[4]]
    days = state[borders[4] : borders[5]]
    recent = state[borders[5] : borders[6]]
    novelties = state[borders[6] : borders[7]]
    residuals = state[borders[7] : borders[8]]
    timed = now != 0
    time = now / 1e9
    second = time % DAY
    row = state[0]
    features, weights = _moving_means(ring, moments, row, value, windows, shares)
    per_second = numbers[4] if timed else 0.0

    novelty = nearest(neighbours, features, weights, second, row, per_second)
    if novelty < SAME:
        novelty = 0.0
    usual = expected(days, recent, time, numbers[5], numbers[6])
    residual = abs(value - usual) if usual == usual else 0.0  # noqa: PLR0124 - not NaN, also where it is compiled

    rank = at_least(novelties, novelty) + 1.0
    unseen = np.log((row + 1.0) / rank)
    out[EVIDENCE] = (1.0 - numbers[3]) * unseen + numbers[3] * _surprise(residuals, residual)
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
    ring: Array, moments: Array, row: float, value: float, windows: Numbers, shares: Array
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
