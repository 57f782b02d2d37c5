"""The level that leaves so many pages a week, right or wrong, so that it can be checked without labels."""

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import Field

from sre_anomaly.clock import Duration, rows_in
from sre_anomaly.contracts import Threshold, Unit
from sre_anomaly.errors import ConfigError
from sre_anomaly.frame import WEEK, Array
from sre_anomaly.kernels.compiled import compiled, step
from sre_anomaly.registry import register

HEADER = 3
ROWS, LEVEL, LEFT = range(HEADER)
EACH = 3
COUNT, FIRST, NEWEST = range(EACH)
"""Of each level tried: the pages so far, the first row of the one that is open, and the newest row above the level."""
LEVELS = np.geomspace(1.0, 100.0, 64)
"""The levels tried."""
FINE = 512
"""So many are tried where all scores are known."""
SHIPPED_WEEKS = 8.0
"""So many weeks of a fleet weigh as much as the prior that ships with the product."""
REFRESH = 16
"""Rows after which the level is looked at anew where no page has begun."""


@register("threshold", "pages")
@dataclass
class Pages(Threshold):
    """Level = the lowest at which history and prior together expect no more than ``pages_per_week``.

    At each of some levels the pages so far are counted as a person would get them: rows above it that are no more than ``bridge``
    apart are one page, and one that goes on for ``renew`` is a new one. To the count stands added what ``prior`` expects of
    ``prior_weeks`` more weeks (the mean of a Gamma prior for a Poisson rate), so there is a level from the first row, a series that pages
    far more often than others is heard soon, and an incident of the past, which is a page or a few, is outweighed as the
    weeks go by. A budget is a ceiling: a quiet series gets no lower level than the prior alone gives. A larger budget never
    gives a higher level.

    ``prior`` maps scores to the pages a week of a usual series at that level; between them its logarithm is taken as a line.

    Examples
    --------
    >>> quiet, wild = np.zeros(50), np.tile([0.0] * 9 + [20.0], 5)
    >>> threshold = Pages(pages_per_week=2, prior={4.0: 4.0, 8.0: 2.0, 16.0: 0.2})
    >>> threshold.start(timedelta(hours=1))
    >>> [float(threshold.level(scores)[-1].round(1)) for scores in (quiet, wild)]
    [7.9, 15.4]
    """

    pages_per_week: Annotated[float, Field(gt=0)] = 4.0
    bridge: Duration = timedelta(hours=2)
    renew: Duration = timedelta(days=1)
    prior_weeks: Annotated[float, Field(gt=0)] = 2.0
    prior: dict[float, float] = field(default_factory=lambda: {1.0: 30.0, 10.0: 1.0, 30.0: 0.01})

    units: ClassVar[tuple[Unit, ...]] = ("surprise",)
    fixed: ClassVar[bool] = False

    rows_: list[float] = field(init=False, default_factory=lambda: [168.0, 2.0, 24.0], repr=False)
    """Rows of a week, of `bridge` and of `renew`."""
    _settings: tuple[Array, tuple[float, ...]] | None = field(
        init=False, default=None, repr=False, compare=False
    )
    """What follows from the settings alone: the pages that the prior expects at each level, and the numbers of the step."""

    def __post_init__(self) -> None:
        scores, rates = self._prior()
        if len(scores) < 2 or not (np.diff(rates) < 0).all() or rates[-1] <= 0 or scores[0] <= 0:
            raise ConfigError(
                "threshold.prior: has to map rising scores above 0 to falling pages a week above 0"
            )

    def _prior(self) -> tuple[Array, Array]:
        pairs = sorted((float(score), float(rate)) for score, rate in self.prior.items())
        return np.array([score for score, _ in pairs]), np.array([rate for _, rate in pairs])

    def start(self, step: timedelta) -> None:
        """Turn durations into rows."""
        self.rows_ = [
            WEEK / step,
            float(max(1, rows_in(self.bridge, step))),
            float(max(1, rows_in(self.renew, step))),
        ]
        self._settings = None

    def restore(self, learned: Mapping[str, Any]) -> Self:
        """Put back what was learned: the rows of a week."""
        self._settings = None
        return super().restore(learned)

    def new_state(self) -> Array:
        """Return no page at any level."""
        return _no_page(LEVELS)

    def advance(self, states: Array, scores: Array) -> Array:
        """Return (k,) levels and count the pages."""
        if self._settings is None:
            self._settings = self._from_settings()
        out = np.empty(len(scores))
        _levels.for_rows(len(scores))(states, scores, LEVELS, *self._settings, out)
        return out

    def _from_settings(self) -> tuple[Array, tuple[float, ...]]:
        known, rates = self._prior()
        slope = np.diff(np.log(rates)) / np.diff(known)
        place = np.clip(known.searchsorted(LEVELS) - 1, 0, len(slope) - 1)
        expected = self.prior_weeks * np.exp(np.log(rates[place]) + slope[place] * (LEVELS - known[place]))
        numbers = (self.pages_per_week, self.prior_weeks, *self.rows_)
        # The level at which other series have so many pages a week: a quiet series gets no lower one.
        return expected, (*numbers, _lowest(_no_page(LEVELS), LEVELS, expected, numbers))

    def pooled(self, states: Array) -> Self:
        """Return a threshold whose prior is the shipped one, worth `SHIPPED_WEEKS`, and what all series of a fleet showed so far.

        The prior as a whole is worth ``prior_weeks`` as before, and no level falls below what the shipped one alone gives.
        """
        expected, numbers = self._from_settings()
        counts = states[:, HEADER + COUNT :: EACH].sum(axis=0)
        weeks = states[:, ROWS].sum() / self.rows_[0]
        rate = (SHIPPED_WEEKS * expected / self.prior_weeks + counts) / (SHIPPED_WEEKS + weeks)
        one = copy.copy(self)
        one._settings = (self.prior_weeks * rate, numbers)  # noqa: SLF001 - its own class
        return one

    def hindsight(self, scores: Array) -> float:
        """Return the lowest level from which upwards the history has no more than its weeks' pages, one at least; never below the prior's."""
        numbers = self._from_settings()[1]
        floor = numbers[-1]
        levels = np.geomspace(floor, max(2.0 * floor, LEVELS[-1]), FINE)
        state = _no_page(levels)[np.newaxis]
        _levels.for_rows(len(scores))(state, scores, levels, np.zeros(FINE), numbers, np.empty(len(scores)))
        allowed = max(1.0, self.pages_per_week * len(scores) / self.rows_[0])
        over = np.flatnonzero(state[0, HEADER + COUNT :: EACH] > allowed)
        return float(levels[min(over[-1] + 1, FINE - 1)]) if len(over) else floor

    def describe(self) -> dict[str, Any]:
        """Return the level after the training rows and the budget."""
        return {"level": self.level_, "pages_per_week": self.pages_per_week}


def _no_page(levels: Array) -> Array:
    state = np.zeros(HEADER + EACH * len(levels))
    state[HEADER + NEWEST :: EACH] = -math.inf
    return state


@compiled
def _levels(
    states: Array, scores: Array, levels: Array, expected: Array, numbers: tuple[float, ...], out: Array
) -> None:
    """Write (k,) levels to ``out``."""
    for row in range(len(scores)):
        state = states[row if len(states) > 1 else 0]
        if state[LEFT] <= 0.0:
            state[LEVEL] = max(_lowest(state, levels, expected, numbers), numbers[5])
            state[LEFT] = REFRESH
        state[LEFT] -= 1.0
        out[row] = state[LEVEL]
        if _count(state, scores[row], levels, numbers[3], numbers[4]):
            state[LEFT] = 0.0
        state[ROWS] += 1.0


@step
def _lowest(state: Array, levels: Array, expected: Array, numbers: tuple[float, ...]) -> float:
    """Return the lowest level from which upwards no more pages are expected than allowed, between two tried ones on a line."""
    allowed = numbers[0] * (state[ROWS] / numbers[2] + numbers[1])
    above, over = levels[-1], 0.0
    for at in range(len(levels) - 1, -1, -1):
        pages = state[HEADER + EACH * at + COUNT] + expected[at]
        if pages > allowed:
            share = (
                (math.log(allowed) - math.log(over)) / (math.log(pages) - math.log(over))
                if over > 0.0
                else 0.0
            )
            return float(above - share * (above - levels[at]))
        above, over = levels[at], pages
    return float(levels[0])


@step
def _count(state: Array, score: float, levels: Array, bridge: float, renew: float) -> bool:
    """Count the score at each level; return whether a page has begun at any."""
    now, begun = state[ROWS], False
    for at in range(len(levels)):
        if not score > levels[at]:
            break
        here = HEADER + EACH * at
        if now - state[here + NEWEST] > bridge or now - state[here + FIRST] >= renew:
            state[here + COUNT] += 1.0
            state[here + FIRST] = now
            begun = True
        state[here + NEWEST] = now
    return begun
