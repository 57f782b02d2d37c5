"""An alert is put into words from its flagged rows, as they come: a run and a live monitor say the same."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from typing import Any, Self

import numpy as np

from sre_anomaly.clock import nanoseconds
from sre_anomaly.frame import Array
from sre_anomaly.kernels.course import CHANGE, MISSED, MISSED_MOST, MISSING, VALUE
from sre_anomaly.pipeline.otherwise import course_in_words, silence_in_words, together_in_words
from sre_anomaly.records import Reason

ROWS_TOLD = 12  # the first flagged rows of an alert, from which its reason is drawn


@dataclass
class Flagged:
    """What is known of a flagged row of m metrics, from rows up to it."""

    time: int
    """Nanoseconds."""
    level: float
    follows: bool
    """Whether the row before it was flagged too."""
    values: Array
    course: Array
    """(m, 5) as `kernels.course.summary` has it, of the rows before."""
    own: Array
    """(m,) the surprise of each metric, 0 where the detector cannot say."""
    bands: Array
    """(m, 3) expected, lower and upper."""

    @classmethod
    def again(cls, kept: Mapping[str, Any]) -> Self:
        """Return what `plainly` returned as it was."""
        arrays = {
            name: np.array(kept[name], dtype=np.float64) for name in ("values", "course", "own", "bands")
        }
        return cls(kept["time"], kept["level"], kept["follows"], **arrays)


def plainly(row: Flagged) -> dict[str, Any]:
    """Return a row as numbers and lists that JSON can hold."""
    return {name: one.tolist() if isinstance(one, np.ndarray) else one for name, one in asdict(row).items()}


@dataclass
class Telling:
    """The reason of one alert, from the flagged rows so far; it remembers fourteen of them at most.

    The metric is the one with the largest share in the scores of the alert's first flagged rows, taken together: what causes an
    incident moves before what follows from it. The row is the one furthest outside the band, the first rows before
    later ones; else it is said what else was unusual.
    """

    metrics: tuple[str, ...]
    step: timedelta
    first: list[Flagged] = field(default_factory=list)
    later: list[Flagged] = field(default_factory=list)
    """Those that may yet be told, of the rows after the first."""
    silent: Array = field(default_factory=lambda: np.zeros(0))
    """(m,) for how many rows each metric has had no value since it first had none at a flagged row."""
    over: Array = field(default_factory=lambda: np.zeros(0))
    """(m,) 1 where it has a value again."""
    last: int = 0

    metric: int = 0
    """The number of the metric that is told."""
    settled: bool = False
    """Whether the bounds of a later row can change nothing."""

    @property
    def is_silence(self) -> bool:
        """Whether the alert began with a missing value: then that is told, whatever came with the first values after it."""
        return bool(np.isnan(self.first[0].values[self.metric]))

    @property
    def complete(self) -> bool:
        """Whether no later row can change anything."""
        return self.settled and not self.is_silence

    def add(self, row: Flagged) -> None:
        """Take in the next flagged row of the alert."""
        self._follow_silence(row)
        if len(self.first) < ROWS_TOLD:
            self.first.append(row)
            self._settle()
        elif not self.settled:
            self.later.append(row)
            kept = _outside(self.later, self.metric, self.metrics)
            # The first one outside says on which side.
            kept = [kept[0], _furthest(kept)] if kept else [self._most_distant()]
            self.later = [one for one in self.later if any(one is row for row, _ in kept)]

    def _settle(self) -> None:
        self.metric = int(np.argmax(np.sum([row.own for row in self.first], axis=0)))
        if len(self.first) == ROWS_TOLD:
            self.settled = self.is_silence or bool(_outside(self.first, self.metric, self.metrics))

    def _follow_silence(self, row: Flagged) -> None:
        missing, run = np.isnan(row.values), row.course[:, MISSING] + 1
        if not self.first:
            self.silent, self.over = np.zeros(len(missing)), np.zeros(len(missing))
        since = round((row.time - self.last) / nanoseconds(self.step))
        begun, going_on = self.silent > 0, missing & (run == self.silent + since) & (self.over == 0)
        ended = np.where(self.over > 0, self.silent, np.maximum(row.course[:, MISSED], self.silent))
        self.over = np.where(begun & ~going_on, 1.0, self.over)
        self.silent = np.where(begun, np.where(going_on, run, ended), np.where(missing, run, 0.0))
        self.last = row.time

    def _most_distant(self) -> tuple[Flagged, Reason]:
        rows = [*self.first, *self.later]
        return max(_reasons(rows, self.metric, self.metrics), key=lambda one: one[1].distance)

    def reason(self) -> Reason:
        """Return the reason as far as it is known."""
        metric = self.metric
        for rows in () if self.is_silence else (self.first, self.later):
            if outside := _outside(rows, metric, self.metrics):
                return _furthest(outside)[1]
        row, reason = self._most_distant()
        if np.isnan(row.values[metric]):
            said = silence_in_words(self.silent[metric], row.course[metric, MISSED_MOST], self.step)
            every = len(self.metrics) > 1 and np.isnan(row.values).all()
            return replace(reason, otherwise=said + (", nor of any other metric" if every else ""))
        said = together_in_words(self.metrics, metric, row.own, row.level)
        change = abs(float(row.values[metric] - row.course[metric, VALUE]))
        return replace(reason, otherwise=said or course_in_words(change, float(row.course[metric, CHANGE])))

    def state(self) -> dict[str, Any]:
        """Return all that is remembered, as JSON can hold it."""
        return {
            "first": [plainly(row) for row in self.first],
            "later": [plainly(row) for row in self.later],
            "silent": self.silent.tolist(),
            "over": self.over.tolist(),
            "last": self.last,
        }

    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned."""
        self.first, self.later = ([Flagged.again(row) for row in state[part]] for part in ("first", "later"))
        self.silent, self.over = np.array(state["silent"]), np.array(state["over"])
        self.last = state["last"]
        self._settle()


def _reasons(rows: Sequence[Flagged], metric: int, metrics: tuple[str, ...]) -> list[tuple[Flagged, Reason]]:
    """Return each row with its value and bounds of a metric."""
    found = []
    for row in rows:
        expected, lower, upper = row.bands[metric].tolist()
        found.append((row, Reason(metrics[metric], float(row.values[metric]), expected, lower, upper, "")))
    return found


def _outside(rows: Sequence[Flagged], metric: int, metrics: tuple[str, ...]) -> list[tuple[Flagged, Reason]]:
    """Return those whose value lies outside of its bounds.

    Bounds without width after a flagged row are what that row left behind, not what this value did.
    """
    return [
        (row, one)
        for row, one in _reasons(rows, metric, metrics)
        if np.isfinite(one.seen) and not one.inside
        if one.usual_high > one.usual_low or not row.follows
    ]


def _furthest(outside: list[tuple[Flagged, Reason]]) -> tuple[Flagged, Reason]:
    """Return the one furthest outside, on the side of the first.

    The way back from an incident may be the larger leap, but it is not what happened.
    """
    above = outside[0][1].seen > outside[0][1].usual_high
    same_side = [one for one in outside if (one[1].seen > one[1].usual_high) == above]
    return max(same_side, key=lambda one: one[1].distance)
