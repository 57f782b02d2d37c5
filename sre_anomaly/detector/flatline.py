"""What a broken sensor does: the same value for too long, zero, nothing at all, or values never seen."""

import math
from dataclasses import dataclass, field
from typing import Annotated, Self

import numpy as np
from pydantic import Field

from sre_anomaly.contracts import Detector
from sre_anomaly.frame import Array, Times
from sre_anomaly.kernels.compiled import compiled
from sre_anomaly.registry import register

STUCK, ZERO, MISSING = range(3)
SYMPTOMS = 3
WIDTH = SYMPTOMS + 1
"""The state of a metric: how long each symptom has lasted, in rows, and the value before."""


@register("detector", "flatline")
@dataclass
class Flatline(Detector):
    """Score = how many times longer than usual a metric has been stuck, at zero or missing, or how far out of range.

    Runs of each symptom are measured in the training rows. The longest usual run is the one that all but a share
    ``tolerated`` of these rows are within, so that an incident among them does not become usual. A symptom that was
    never seen scores 1 in its first row, 2 in its second; one that usually lasts four rows scores 1 in the fifth.
    A value outside of what was seen in training scores by how far, in widths of that range. The worst metric counts.

    Rows with gaps are scored, and so are rows on which nothing was measured. Constant metrics are never stuck.

    Examples
    --------
    >>> rows = np.arange(100.0)[:, np.newaxis] % 7 + 1
    >>> stream = np.array([[3.0], [4.0], [4.0], [0.0], [np.nan], [np.nan]])
    >>> Flatline().fit(rows).score(stream)
    array([0., 0., 1., 1., 1., 2.])
    """

    tolerated: Annotated[float, Field(ge=0, lt=1)] = 0.001

    handles_missing = True
    handles_nothing = True
    export_name = "flatline"
    dimensions = (("low_", 1), ("high_", 1), ("usual_", 2))

    usual_: Array = field(init=False, repr=False)
    """(d, 3): the longest usual run of each symptom, in rows."""
    low_: Array = field(init=False, repr=False)
    high_: Array = field(init=False, repr=False)

    def fit(self, X: Array, y: Array | None = None, validation: tuple[Array, Array] | None = None) -> Self:
        """Learn how long each symptom usually lasts, and the range of each column."""
        del y, validation
        columns = [column[np.isfinite(column)] for column in X.T]
        self.low_ = np.array([column.min() if len(column) else np.nan for column in columns])
        self.high_ = np.array([column.max() if len(column) else np.nan for column in columns])
        runs = np.zeros((len(X), X.shape[1], SYMPTOMS))
        state = self.new_state(X.shape[1])
        _runs.for_rows(len(X))(state[np.newaxis], np.ascontiguousarray(X), runs)
        within = len(X) - 1 - int(self.tolerated * len(X))
        self.usual_ = np.sort(runs, axis=0)[within]
        self.usual_[self.low_ == self.high_, STUCK] = np.inf
        return self

    def new_state(self, columns: int) -> Array:
        """Return no run of anything, (4 d,)."""
        state = np.zeros((columns, WIDTH))
        state[:, SYMPTOMS] = np.nan
        return state.ravel()

    def advance(self, states: Array, times: Times, rows: Array, shares: Array | None = None) -> Array:
        """Return (k,) scores and count on; the share of a column is its own score."""
        del times
        runs = np.zeros((*rows.shape, SYMPTOMS))
        _runs.for_rows(len(rows))(states, rows, runs)
        by_symptom = runs / (self.usual_ + 1.0)
        each = by_symptom.max(axis=2)
        beyond = np.maximum(self.low_ - rows, rows - self.high_)
        width = np.maximum(self.high_ - self.low_, 1e-9 * np.maximum(1.0, np.abs(self.high_)))
        each = np.fmax(each, beyond / width)
        if shares is not None:
            shares[:] = each
        return np.asarray(each.max(axis=1))


@compiled
def _runs(states: Array, rows: Array, out: Array) -> None:
    """Write how many rows each symptom has lasted to ``out`` (k, d, 3), and keep it in the states."""
    for row in range(len(rows)):
        state = states[row if len(states) > 1 else 0]
        for column in range(rows.shape[1]):
            value = rows[row, column]
            at = column * WIDTH
            if math.isnan(value):
                # A gap neither ends a run of equal values nor makes it longer.
                state[at + MISSING] += 1.0
            else:
                state[at + MISSING] = 0.0
                state[at + STUCK] = state[at + STUCK] + 1.0 if value == state[at + SYMPTOMS] else 0.0
                state[at + ZERO] = state[at + ZERO] + 1.0 if value == 0.0 else 0.0
                state[at + SYMPTOMS] = value
            for symptom in range(SYMPTOMS):
                out[row, column, symptom] = state[at + symptom]
            if math.isnan(value):
                out[row, column, STUCK] = 0.0
                out[row, column, ZERO] = 0.0
