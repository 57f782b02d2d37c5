"""What was known before the last row, for the few series that have something to report."""

from array import array

import numpy as np

from sre_anomaly.frame import Array
from sre_anomaly.kernels.course import follow
from sre_anomaly.model.model import Model

AT_ONCE = 1024
"""Rows of one series that are taken into its course together, which costs little more than one."""
EVERY = 64
"""Rows after which a series' state is noted anew: one part of the fleet at each row, so that no row costs more than others."""


class Course:
    """Takes the rows of one series of m metrics into its course (1, s), many together."""

    def __init__(self, state: Array, metrics: int) -> None:
        self._state, self._metrics, self._most = state, metrics, AT_ONCE * metrics
        self._rows = array("d")

    def note(self, row: list[float]) -> None:
        """Take in the row that is to be scored next."""
        self._rows.fromlist(row)
        if len(self._rows) >= self._most:
            self.before()

    def before(self) -> Array:
        """Return the state (s,) before the last row."""
        self._take(len(self._rows) - self._metrics)
        return np.asarray(self._state[0])

    def catch_up(self) -> None:
        """Leave nothing that the state does not hold."""
        self._take(len(self._rows))

    def _take(self, values: int) -> None:
        if values > 0:
            rows = np.array(self._rows[:values]).reshape(-1, self._metrics)
            follow.for_rows(len(rows))(self._state, rows)
            del self._rows[:values]


class Before:
    """Remembers the states (n, s) of some rows ago and the rows since, and goes over those again when it is asked.

    Bounds are those before the row was taken in. Copying all states at every row would cost as much as scoring it.
    """

    def __init__(self, model: Model, states: Array, width: int, *, skips: bool = False) -> None:
        self._model, self._states, self._skips = model, states.copy(), skips
        self._rows = np.empty((EVERY, len(states), width))
        self._times = np.zeros(EVERY, dtype=np.int64)
        self._seen = -1

    def note(self, states: Array, time: int, rows: Array) -> None:
        """Take in the row (n, d) that is to be scored next, with the states before it."""
        self._seen += 1
        part, series = self._seen % EVERY, len(states)
        here = slice(part * series // EVERY, (part + 1) * series // EVERY)
        self._states[here] = states[here]
        self._rows[part], self._times[part] = rows, time if self._model.has_clock else 0

    def bands(self, series: int, level: float) -> Array | None:
        """Return what `Detector.bands` says of the last row of a series, (1, d, 3)."""
        detector, state = self._model.detector, self._states[[series]]
        noted = next(part for part in range(EVERY) if series < (part + 1) * len(self._states) // EVERY)
        first = max(0, self._seen - (self._seen - noted) % EVERY)
        since = np.arange(first, self._seen) % EVERY
        if self._skips:
            since = since[np.isfinite(self._rows[since, series]).any(axis=1)]
        detector.advance(state, self._times[since], self._rows[since, series])
        last = self._seen % EVERY
        return detector.bands(state, self._times[[last]], self._rows[last, [series]], np.array([level]))


def remember(model: Model, states: Array, width: int, *, skips: bool = False) -> Before | None:
    """Return a memory where the detector has bounds that move with every row, whatever was measured; one that ``skips`` heeds no row without a value."""
    asked = model.detector.bounded and model.detector.handles_nothing
    return Before(model, states, width, skips=skips) if asked else None
