"""What each plugin promises. A test (`sre_anomaly.testing`) holds every registered one to it.

Shapes: n rows, m metrics, d feature columns, h steps ahead. NaN always means "cannot say".
Constructors only store; what is learned ends in ``_``. ``fit`` learns; every other verb only answers.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar, Literal, Self, get_args

import numpy as np

from sre_anomaly.frame import Array, MetricFrame, Times
from sre_anomaly.records import Alert, refuse_misfits

Unit = Literal["own", "sigma", "log_density", "probability", "evidence", "surprise"]
"""What a score is counted in: its own unit, standard deviations, -log density, a probability, -log rank, or surprise."""


def exceeds(score: Any, level: Any) -> Any:
    """Return whether a row is flagged: the one place where a score meets its level. NaN never exceeds."""
    return score > level


class Learner(ABC):  # noqa: B024 - what it promises is already there
    """A part whose learned attributes, those that end in ``_``, can be kept in a model folder and put back."""

    dimensions: ClassVar[tuple[tuple[str, int], ...]] = ()  # of learned arrays that compiled code takes

    def learned(self) -> dict[str, Any]:
        """Return what was learned as arrays, numbers, texts and bytes."""
        return {name: value for name, value in vars(self).items() if name.endswith("_")}

    def start(self, step: timedelta) -> None:  # noqa: B027 - most count no durations
        """Take the step of the clock, before anything else, so that durations become rows."""

    def native(self) -> Any:
        """Return the fitted object to export for notebooks."""
        return self

    def restore(self, learned: Mapping[str, Any]) -> Self:
        """Put back what `learned` returned; an array that does not have its ``dimensions`` is a ValueError."""
        refuse_misfits(learned, self.dimensions)
        vars(self).update(learned)
        return self


class Features(Learner):
    """What a detector looks at: (n, m) metrics become (n, d) columns on the same rows."""

    lookback: int = 0
    """Rows of history that a full answer needs; the first ``lookback`` rows are NaN."""

    sigma_cap: float | None = None
    """None: columns are in units of their own. A number: they are counted in standard deviations already
    and can never exceed it (infinity where they can)."""

    def fit(self, frame: MetricFrame) -> Self:  # noqa: ARG002 - most feature sets learn nothing
        """Learn from the training rows what `transform` needs; most feature sets need nothing."""
        return self

    @abstractmethod
    def columns(self, metrics: tuple[str, ...]) -> list[tuple[str, str]]:
        """Return (name, metric) of each column; metric is "" for a column that belongs to none."""

    @abstractmethod
    def new_state(self, metrics: int) -> Array:
        """Return the state of one series before its first row, (s,)."""

    @abstractmethod
    def advance(self, states: Array, times: Times, rows: Array, out: Array) -> None:
        """Take in rows (k, m) at ``times`` (k,) and write their columns to ``out`` (k, d).

        One state, (1, s): the rows follow one another in one series. k states, (k, s): one row of each series.
        The states are changed in place. The first ``lookback`` rows of a series are NaN.
        """

    def transform(self, frame: MetricFrame) -> Array:
        """Return (n, d) columns of a whole frame; row t depends on rows <= t only."""
        out = np.empty((len(frame), len(self.columns(frame.metrics))))
        values = np.ascontiguousarray(frame.values)
        self.advance(self.new_state(len(frame.metrics))[np.newaxis], frame.time.asi8, values, out)
        return out


class Detector(Learner):
    """How strange a row is. It never knows the level at which someone is paged."""

    needs_labels: ClassVar[bool] = False
    handles_missing: bool = False  # whether rows with NaN in some columns are scored, or only complete ones
    handles_nothing: bool = False  # whether rows of nothing but NaN are
    prequential: bool = False  # whether a row is scored by earlier rows alone, whatever it was fitted on
    unit: Unit = "own"
    export_name: str = "detector"
    bounded: bool = False  # whether `bands` answers; who asks it later keeps the state from before each row
    columns_in_sigmas: bool = False  # whether the features count in standard deviations already
    evaluated_before: np.ndarray[Any, np.dtype[np.intp]] | None = None
    """Where rows that it is fitted on are evaluated too: of each, how many are evaluated before it; set before `fit`."""
    note: str = ""  # what the user should know about how it was fitted
    report: Callable[[int, float], None] | None = None
    """Where to tell (step, value so far, higher being better) while it learns; it may raise to stop a hopeless fit."""

    def meet(self, history: MetricFrame) -> None:
        """Look at the training rows as they were measured, before `fit`."""

    @abstractmethod
    def fit(self, X: Array, y: Array | None = None, validation: tuple[Array, Array] | None = None) -> Self:
        """Learn from (n, d) training rows.

        ``y`` (n,) holds 1 and 0 and is given where ``needs_labels``; ``validation`` are later labelled
        rows, used to stop in time and to calibrate.
        """

    def score(self, X: Array) -> Array:
        """Return (n,) scores, higher is more unusual, from rows up to each; one that learns while it runs has `advance`."""
        return self.advance(self.new_state(X.shape[1])[np.newaxis], np.zeros(len(X), dtype=np.int64), X)

    def new_state(self, columns: int) -> Array:  # noqa: ARG002 - most detectors learn nothing while they run
        """Return what it knows before a series' first row, (s,): nothing, unless it learns while it runs."""
        return np.empty(0)

    def advance(self, states: Array, times: Times, rows: Array, shares: Array | None = None) -> Array:
        """Return the scores (k,) of rows (k, d), then take each row into its state.

        States as in `Features.advance`; ``times`` (k,) are 0 where rows have no time. Most detectors score each
        row by itself and need only `score`. One with a state writes each column's share to ``shares`` (k, d), NaN
        where it cannot say, because it cannot be asked for them later.
        """
        del states, times, shares
        return self.score(rows)

    def bands(self, states: Array, times: Times, rows: Array, levels: Array) -> Array | None:  # noqa: ARG002 - optional
        """Return (k, d, 3) what was expected of each column, and the bounds outside which it alone exceeds the levels (k,); none where that is NaN.

        Rows are taken into the states as `advance` does; None where the detector has no bounds.
        """
        return None

    def hindsight(self, states: Array, times: Times, rows: Array, shares: Array) -> Array | None:  # noqa: ARG002 - optional
        """Return scores (k,) by the rows on both sides of each, for looking back, and write each column's share to ``shares`` (k, d).

        ``states`` are what `advance` left after the last row; they stay as they are. None where it cannot look back.
        """
        return None

    def hindsight_bands(self, states: Array, times: Times, rows: Array, levels: Array) -> Array | None:  # noqa: ARG002 - optional
        """Return `bands` as `hindsight` scores."""
        return None

    def contributions(self, X: Array) -> Array | None:  # noqa: ARG002 - optional
        """Return (n, d) shares of each column in the score, or None where the detector cannot say."""
        return None


class Threshold(Learner):
    """The level a score must exceed, at each row. It never knows which detector gave the score."""

    units: ClassVar[tuple[Unit, ...]] = get_args(Unit)
    fixed: ClassVar[bool] = True  # whether every row has one level once it is fitted; else `advance` moves it
    needs_labels: ClassVar[bool] = False  # whether it is fitted on labelled validation rows, not scores

    level_: float = np.nan
    """The level of every row, or, where it moves, the one after the training rows."""

    def fit(self, scores: Array, labels: Array | None = None) -> Self:
        """Learn the level from (n,) finite scores of past rows; one that moves only notes where it stands after them."""
        del labels
        if not self.fixed:
            levels = self.level(scores)
            known = levels[np.isfinite(levels)]
            self.level_ = float(known[-1]) if len(known) else float(np.max(scores, initial=-np.inf))
        return self

    def level(self, scores: Array) -> Array:
        """Return (n,) levels; the level at row t depends on scores before t only; NaN flags nothing."""
        if self.fixed:
            return np.full(len(scores), self.level_)
        return self.advance(self.new_state()[np.newaxis], scores)

    def new_state(self) -> Array:
        """Return what it knows before a series' first score, (s,): nothing, unless the level moves."""
        return np.empty(0)

    def advance(self, states: Array, scores: Array) -> Array:
        """Return the levels (k,) for scores (k,), then take each score into its state; NaN is no score.

        One state, (1, s): the scores follow one another. k states, (k, s): one score of each series.
        """
        del states
        return self.level(scores)

    def hindsight(self, scores: Array) -> float | None:  # noqa: ARG002 - optional
        """Return the one level for a whole history (n,) that was scored in hindsight, or None where there is no way to tell."""
        return None

    def pooled(self, states: Array) -> Self:  # noqa: ARG002 - optional
        """Return a threshold that also knows what the series of a fleet have shown so far, from their states (k, s)."""
        return self

    def describe(self) -> dict[str, Any]:
        """Return what was chosen, for the record."""
        return {}


class AlertPolicy(ABC):
    """What flags become before they reach a person. It knows neither detector nor threshold."""

    bridge: timedelta = timedelta(0)  # flags nearer than this to the last belong to its alert

    @property
    @abstractmethod
    def idle(self) -> bool:
        """Whether a quiet row now would change nothing, so that a replay may skip to the next flag."""

    @abstractmethod
    def start(self, step_ns: int) -> None:
        """Forget everything and get ready for rows that are ``step_ns`` nanoseconds apart."""

    @abstractmethod
    def step(self, time: int, score: float, level: float) -> list[Alert]:
        """Take in one row; return the alerts that it opened, changed or closed."""

    @abstractmethod
    def finish(self) -> list[Alert]:
        """Close what is still open when the rows end, and return it."""

    def excess(self, scores: Array, levels: Array) -> Array:
        """Return by how much each row (n,) exceeds what opens an alert: above 0 it opens one, and one that is part of one is `CANNOT_ALERT`."""
        return scores - levels

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """Return what it remembers, as JSON can hold it."""

    @abstractmethod
    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned."""


class Forecaster(Learner):
    """What comes next. Every metric is forecast from its own past."""

    lookback: int = 1
    """Rows of history a forecast needs."""
    export_name: str = "forecaster"
    farthest: int | None = None  # rows ahead that it will be asked for, set before `fit`; None: nobody knows
    note: str = ""  # what the user should know about how it was fitted

    @abstractmethod
    def fit(self, values: Array) -> Self:
        """Learn from (n, m) past rows; NaN are gaps."""

    @abstractmethod
    def predict(self, history: Array, horizon: int) -> Array:
        """Return (h, m) expected values after (k, m) rows of history, k >= ``lookback``."""

    def predict_each(self, values: Array, origins: Sequence[int], horizon: int) -> Array:
        """Return (k, h, m): `predict` after ``values[:origin]`` for each origin, one at least; override it where that can be faster."""
        return np.stack([self.predict(values[:origin], horizon) for origin in origins])
