"""The level that leaves so many false alerts a week, from the ranks of past scores alone."""

import math
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import Field

from sre_anomaly.clock import Duration, rows_in
from sre_anomaly.compiled import compiled, step
from sre_anomaly.contracts import Threshold
from sre_anomaly.frame import WEEK, Array
from sre_anomaly.ranks import count, exceeded_by, new_ranks, remember
from sre_anomaly.registry import register

HEADER = 4
AT, LATEST, EXCEEDED, EPISODES = range(HEADER)
KNOWN = 2.0
"""Episodes of one row each that are taken as seen before any were: their size is not guessed from nothing."""


@register("threshold", "conformal")
@dataclass
class Conformal(Threshold):
    """Flag a row whose conformal p-value, (1 + past scores at least as high) / (rows + 1), is small enough.

    If the rows before were drawn like this one, a p-value is at most p in a share p of the rows, whatever the
    scores look like (Vovk, Gammerman and Shafer, 2005). People count alerts, though, and flags come in runs. So the
    rule is: flags that are less than ``apart`` from the one before are one episode; where an episode has c flags on
    average, c times as many rows may be flagged as episodes are wanted. c is taken from the past of the stream (the
    inverse of the extremal index of Leadbetter, 1983, as the runs estimator gives it).

    A score is judged only once there are so many rows that its record can be rare enough: with one alert a week,
    after a week. Set the alert policy so that it joins flags that are less than ``apart``.

    Examples
    --------
    >>> ten_weeks_of_minutes = np.random.default_rng(0).normal(size=100_800)
    >>> levels = Conformal(false_alerts_per_week=7).level(ten_weeks_of_minutes)
    >>> int((ten_weeks_of_minutes > levels).sum())
    87
    """

    false_alerts_per_week: Annotated[float, Field(gt=0)] = 1.0
    apart: Duration = timedelta(hours=1)
    most_ranks: Annotated[int, Field(ge=512)] = 4096

    fixed: ClassVar[bool] = False

    rows_a_week_: float = field(init=False, default=10_080.0, repr=False)
    apart_rows_: int = field(init=False, default=60, repr=False)
    level_: float = field(init=False, default=math.nan, repr=False)

    def start(self, step: timedelta) -> None:
        """Turn weeks and hours into rows."""
        self.rows_a_week_ = WEEK / step
        self.apart_rows_ = rows_in(self.apart, step)

    def fit(self, scores: Array, labels: Array | None = None) -> Self:
        """Note the level after the training rows, to tell it; every level is drawn from the rows before it anew."""
        del labels
        levels = self.level(scores)
        known = levels[np.isfinite(levels)]
        self.level_ = float(known[-1]) if len(known) else float(np.max(scores))
        return self

    def level(self, scores: Array) -> Array:
        """Return (n,) levels, NaN while there are too few rows."""
        return self.advance(self.new_state()[np.newaxis], scores)

    def new_state(self) -> Array:
        """Return the state before the first score: counts, then the ranks of the scores."""
        return np.concatenate([[0.0, -math.inf, KNOWN, KNOWN], new_ranks(self.most_ranks)])

    def advance(self, states: Array, scores: Array) -> Array:
        """Return (k,) levels and learn from the scores."""
        share = self.false_alerts_per_week / self.rows_a_week_
        return np.asarray(_levels.for_rows(len(scores))(states, scores, share, self.apart_rows_))

    def describe(self) -> dict[str, Any]:
        """Return the level after the training rows and the rate asked for."""
        return {"level": self.level_, "false_alerts_per_week": self.false_alerts_per_week}


@compiled
def _levels(states: Array, scores: Array, share: float, apart: int) -> Array:
    levels = np.full(len(scores), np.nan)
    for row in range(len(scores)):
        if not math.isnan(scores[row]):
            levels[row] = _one(states[row if len(states) > 1 else 0], scores[row], share, apart)
    return levels


@step
def _one(state: Array, score: float, share: float, apart: int) -> float:
    """Return the level for a score, then count the score."""
    ranks = state[HEADER:]
    allowed = share * state[EXCEEDED] / state[EPISODES] * (count(ranks) + 1.0)
    # p <= allowed / (rows + 1) means that at most allowed - 1 past scores are as high.
    level = exceeded_by(ranks, math.floor(allowed) - 1.0) if allowed >= 1.0 else np.nan
    if score > level:
        state[EXCEEDED] += 1.0
        if state[AT] - state[LATEST] > apart:
            state[EPISODES] += 1.0
        state[LATEST] = state[AT]
    state[AT] += 1.0
    remember(ranks, score)
    return float(level)
