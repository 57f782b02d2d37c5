"""Formulas that PromQL can say, each written once: as text for a rule file, and as what it gives on a history.

Semantics are those of a Prometheus whose rules are evaluated once a step. What a rule records is there at every evaluation at
which it has a value; where it has none, the rule manager marks the series as stale, so that an instant selector finds nothing
there and does not look back for five minutes. NaN in an array means that there is no value; no formula makes a NaN out of
numbers, as nothing is divided by 0: the band has a least width.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from sre_anomaly.frame import Array, Times
from sre_anomaly.kernels.compiled import compiled
from sre_anomaly.kernels.rolling import MEAN, PRESENT, SQUARES, new_window, push
from sre_anomaly.promql.text import duration, number, series_text

HOUR = 3600 * 10**9
THURSDAY = 96
"""The hour of the week, counted from Sunday 00:00 UTC, at which 1970 began."""
DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
Function = Literal["avg", "stddev", "count", "sum"]
LINE, LONG = "\n", 90
WEAKEST = {"and": 0, ">": 1, "<": 1, ">=": 1, "> bool": 1, "+": 2, "-": 2, "*": 3, "/": 3}
"""How strongly operators bind."""


@dataclass(frozen=True)
class Series:
    """Whose series a formula is about, and the clock.

    Parameters
    ----------
    labels : mapping of str to str
        Those that select the series in a rule.
    step : int
        Nanoseconds between two evaluations.
    times : int64 (n,)
    recorded : dict of str to float64 (n,)
        What was recorded under each name so far, NaN where nothing was.
    """

    labels: Mapping[str, str]
    step: int
    times: Times = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    recorded: dict[str, Array] = field(default_factory=dict)

    def selector(self, name: str) -> str:
        """Return what selects a recorded series."""
        return series_text(name, self.labels)


class Formula:
    """What a rule may record."""

    def text(self, series: Series) -> str:
        """Return it as PromQL."""
        raise NotImplementedError

    def values(self, series: Series) -> Array:
        """Return what it gives at each evaluation, (n,)."""
        raise NotImplementedError

    def __add__(self, other: "Formula | float") -> "Formula":
        return Binary("+", self, formula(other))

    def __sub__(self, other: "Formula | float") -> "Formula":
        return Binary("-", self, formula(other))

    def __mul__(self, other: "Formula | float") -> "Formula":
        return Binary("*", self, formula(other))

    def __rmul__(self, other: "Formula | float") -> "Formula":
        return Binary("*", formula(other), self)

    def __truediv__(self, other: "Formula | float") -> "Formula":
        return Binary("/", self, formula(other))


def formula(value: "Formula | float") -> Formula:
    """Return a number as a formula, a formula as it is."""
    return value if isinstance(value, Formula) else Constant(float(value))


@dataclass(frozen=True)
class Constant(Formula):
    """A number."""

    value: float

    def text(self, series: Series) -> str:
        """Return the number."""
        del series
        return number(self.value)

    def values(self, series: Series) -> Array:
        """Return it at each evaluation."""
        return np.full(len(series.times), self.value)


@dataclass(frozen=True)
class Recorded(Formula):
    """The value of a recorded series at the evaluation itself."""

    name: str

    def text(self, series: Series) -> str:
        """Return its selector."""
        return series.selector(self.name)

    def values(self, series: Series) -> Array:
        """Return what was recorded; nothing where it is stale."""
        return series.recorded[self.name]


@dataclass(frozen=True)
class Over(Formula):
    """A function of a recorded series over the last so many evaluations, the present one among them or ``back`` before it."""

    function: Function
    name: str
    rows: int
    back: int = 0

    def text(self, series: Series) -> str:
        """Return it with a window that is half a step shorter: the same evaluations whether its left end belongs to it or not."""
        offset = f" offset {duration(self.back * series.step)}" if self.back else ""
        window = duration(self.rows * series.step - series.step // 2)
        return f"{self.function}_over_time({series.selector(self.name)}[{window}]{offset})"

    def values(self, series: Series) -> Array:
        """Return it of the values that are in the window, however few; nothing where there is none."""
        values = series.recorded[self.name]
        moments = np.full((len(values), 3), np.nan)
        _moments(np.ascontiguousarray(values), new_window(self.rows), moments[: len(values)])
        count, mean, squares = moments[: max(0, len(values) - self.back)].T
        found = {"count": count, "avg": mean, "sum": mean * count, "stddev": np.sqrt(squares / count)}
        out = np.full(len(values), np.nan)
        out[self.back :] = found[self.function]
        return out


@compiled
def _moments(values: Array, window: Array, out: Array) -> None:
    for row in range(len(values)):
        push(window, values[row])
        if window[PRESENT] > 0:
            out[row, 0] = window[PRESENT]
            out[row, 1] = window[MEAN]
            out[row, 2] = max(window[SQUARES], 0.0)


@dataclass(frozen=True)
class Binary(Formula):
    """Two formulas and an operator between them."""

    operator: str
    left: Formula
    right: Formula

    def text(self, series: Series) -> str:
        """Return both sides, in parentheses where the operator would not bind so."""
        sides = [self.left.text(series), self.right.text(series)]
        for place, side in enumerate((self.left, self.right)):
            if isinstance(side, Binary):
                weaker = WEAKEST[side.operator] < WEAKEST[self.operator] + place
                sides[place] = f"({sides[place]})" if weaker else sides[place]
        long = self.operator == "and" or len("".join(sides)) > LONG
        return f"{LINE if long else ' '}{self.operator} ".join(sides)

    def values(self, series: Series) -> Array:
        """Return it; nothing where a side has nothing. A comparison gives the left side where it holds."""
        a, b = self.left.values(series), self.right.values(series)
        with np.errstate(invalid="ignore", divide="ignore"):
            match self.operator:
                case "+":
                    return a + b
                case "-":
                    return a - b
                case "*":
                    return a * b
                case "/":
                    return a / b
                case ">":
                    return np.where(a > b, a, np.nan)
                case "<":
                    return np.where(a < b, a, np.nan)
                case ">=":
                    return np.where(a >= b, a, np.nan)
                case "> bool":
                    return np.where(np.isnan(a) | np.isnan(b), np.nan, a > b)
        return np.where(np.isnan(b), np.nan, a)


@dataclass(frozen=True)
class Call(Formula):
    """A function of one formula, and for ``clamp_min`` of a number."""

    function: Literal["abs", "sqrt", "clamp_min"]
    inner: Formula
    least: float = -math.inf

    def text(self, series: Series) -> str:
        """Return the call."""
        also = f", {number(self.least)}" if self.function == "clamp_min" else ""
        return f"{self.function}({self.inner.text(series)}{also})"

    def values(self, series: Series) -> Array:
        """Return it; nothing where the formula gives nothing."""
        inner = self.inner.values(series)
        calls: dict[str, Any] = {"abs": np.abs, "sqrt": np.sqrt}
        return np.maximum(inner, self.least) if self.function == "clamp_min" else calls[self.function](inner)


@dataclass(frozen=True)
class ByHour(Formula):
    """A number for each hour of the day (24 of them, UTC) or of the week (168, from Sunday 00:00 UTC)."""

    table: tuple[float, ...]

    def text(self, series: Series) -> str:
        """Return a sum over the hours, a day on a few lines."""
        del series
        days = []
        for first in range(0, len(self.table), 24):
            terms = [f"(hour() == bool {h}) * {number(self.table[first + h])}" for h in range(24)]
            lines = [" + ".join(terms[at : at + 4]) for at in range(0, 24, 4)]
            days.append(" +\n    ".join(lines))
        if len(days) > 1:
            days = [
                f"(day_of_week() == bool {day}) * (  # {DAYS[day]}\n    {text})"
                for day, text in enumerate(days)
            ]
        return "scalar(\n    " + " +\n    ".join(days) + ")"

    def values(self, series: Series) -> Array:
        """Return the number of the hour of each evaluation."""
        slot = (series.times // HOUR + THURSDAY) % len(self.table)
        return np.array(self.table)[slot]
