"""The level that leaves so many false alerts a week, from the ranks of past scores alone."""

import math
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from sre_anomaly.clock import Duration, rows_in
from sre_anomaly.contracts import Threshold
from sre_anomaly.frame import WEEK, Array
from sre_anomaly.kernels.compiled import compiled, step
from sre_anomaly.kernels.peaks import level_with_at_most, new_episodes, observe
from sre_anomaly.kernels.ranks import exceeded_by, new_ranks, remember
from sre_anomaly.registry import register

HEADER = 4
ROWS, ALLOWED, HIGH, LOW = range(HEADER)
COMMON = 0.1
"""A level that a larger share of the rows exceeds is none."""


@register("threshold", "conformal")
@dataclass
class Conformal(Threshold):
    """The level that the past exceeded as often as is asked for, counted as people count: in alerts, not in rows.

    Flags that are less than ``apart`` from the one before are one episode. If the weeks before were drawn like this
    one, a level with k - 1 episodes above it in w weeks is exceeded k / w times a week, whatever the scores look like
    (conformal prediction: Vovk, Gammerman and Shafer, 2005; here with episodes in the place of rows). With one alert a
    week after w weeks, k is w, and between two whole numbers the level lies between their levels. A past incident
    counts as one episode, however long it was and however high its scores.

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

    def new_state(self) -> Array:
        """Return the state before the first score: a header, the episodes at any level, the ranks of all scores."""
        episodes = new_episodes(self.apart_rows_, self.most_ranks)
        return np.concatenate([[0.0, 0.0, math.inf, math.inf], episodes, new_ranks(self.most_ranks)])

    def advance(self, states: Array, scores: Array) -> Array:
        """Return (k,) levels and learn from the scores."""
        share = self.false_alerts_per_week / self.rows_a_week_
        ranks = HEADER + len(new_episodes(self.apart_rows_, self.most_ranks))
        return np.asarray(_levels.for_rows(len(scores))(states, scores, share, self.apart_rows_, ranks))

    def describe(self) -> dict[str, Any]:
        """Return the level after the training rows and the rate asked for."""
        return {"level": self.level_, "false_alerts_per_week": self.false_alerts_per_week}


@compiled
def _levels(states: Array, scores: Array, share: float, apart: int, ranks: int) -> Array:
    levels = np.full(len(scores), np.nan)
    for row in range(len(scores)):
        if not math.isnan(scores[row]):
            levels[row] = _one(states[row if len(states) > 1 else 0], scores[row], share, apart, ranks)
    return levels


@step
def _one(state: Array, score: float, share: float, apart: int, ranks: int) -> float:
    """Return the level for a score, then count the score."""
    episodes, scores = state[HEADER:ranks], state[ranks:]
    allowed = share * (state[ROWS] + 1.0)
    level = np.nan
    if allowed >= 1.0:
        whole = math.floor(allowed)
        if whole != state[ALLOWED]:
            # Of episodes below both levels nothing here depends: between these moments they stay as they are.
            state[ALLOWED] = whole
            state[HIGH] = _rare(episodes, scores, apart, whole - 1.0, state[ROWS])
            state[LOW] = min(state[HIGH], _rare(episodes, scores, apart, whole, state[ROWS]))
        level = state[HIGH] - (state[HIGH] - state[LOW]) * (allowed - whole)
    if observe(episodes, apart, score) and score >= state[LOW]:
        state[ALLOWED] = 0.0
    remember(scores, score)
    state[ROWS] += 1.0
    return float(level)


@step
def _rare(episodes: Array, scores: Array, apart: int, most: float, rows: float) -> float:
    """Return the lowest level with at most so many episodes, and no lower than what a tenth of the rows exceeds."""
    return float(max(level_with_at_most(episodes, apart, most), exceeded_by(scores, COMMON * rows)))
