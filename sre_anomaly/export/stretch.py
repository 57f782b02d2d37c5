"""A stretch of a history in promtool's short notation: the rows that matter one by one, what led up to them on lines."""

from dataclasses import dataclass

import numpy as np

from sre_anomaly.export.forms import short
from sre_anomaly.export.formula import HOUR
from sre_anomaly.export.history import History
from sre_anomaly.frame import Array, Times
from sre_anomaly.promql.text import number

ROWS = 40
"""Rows that are written one by one."""
KNOTS = 120
"""What leads up to them is drawn through so many values."""
MOST_BLANK = 1500
"""Rows that a test may wait for its hour, at some milliseconds each."""


@dataclass(frozen=True)
class Stretch:
    """Values as promtool makes them from some words, from the time 0 on."""

    words: list[str]
    values: Array
    """(n,), NaN where there is none."""
    first: int
    """The row from which on they are those of the history."""
    row: int
    """The row of the history that the first of these is."""
    step: int

    @property
    def times(self) -> Times:
        """The clock of the test, (n,) ns since 1970."""
        return np.arange(len(self.values), dtype=np.int64) * self.step


def stretch(history: History, column: int, row: int, needs: int, hours: int) -> Stretch | None:
    """Return the rows around one of a history, with what a rule needs before them; None where the history has too few.

    A rule with a table of the hours of the day or week hears them at their hour: what comes before is left blank.
    """
    values, step = history.values(column), history.step
    begin = row - ROWS * 3 // 4
    lead = needs + needs // 8
    if begin - lead < 0 or begin + ROWS > len(values):
        return None
    words: list[str] = []
    made = np.empty(0)
    if hours:
        # The time 0 of a test is a Thursday, as it is since 1970.
        rows = int(history.times[begin - lead]) % (hours * HOUR) // step
        if rows > MOST_BLANK:
            return None
        if rows:
            words, made = [f"_x{rows}"], np.full(rows, np.nan)
    drawn_words, drawn = _drawn(values[begin - lead : begin])
    exactly = np.array(
        [short(value, 6) if np.isfinite(value) else np.nan for value in values[begin : begin + ROWS]]
    )
    before = np.concatenate([made, drawn])
    return Stretch(
        [*words, *drawn_words, *_one_by_one(exactly)],
        np.concatenate([before, exactly]),
        len(before),
        begin,
        step,
    )


def _drawn(values: Array) -> tuple[list[str], Array]:
    """Return words and values of lines through some of many values."""
    if not len(values):
        return [], values
    every = max(1, -(-len(values) // KNOTS))
    known = np.flatnonzero(np.isfinite(values))
    filled = np.interp(np.arange(len(values)), known, values[known]) if len(known) else np.zeros(len(values))
    words, made = [], []
    for at in range(0, len(values), every):
        rows = min(every, len(values) - at)
        here, then = filled[at], filled[min(at + every, len(values) - 1)]
        start, slope = short(float(here), 5), short(float(then - here) / rows, 4)
        sign = "-" if slope < 0 else "+"
        words.append(f"{number(start)}{sign}{number(abs(slope))}x{rows - 1}")
        # promtool adds up.
        made.append(np.add.accumulate(np.concatenate([[start], np.full(rows - 1, slope)])))
    return words, np.concatenate(made)


def _one_by_one(values: Array) -> list[str]:
    """Return a word for each value; the first of some that are missing ends the series, as a scrape that fails does."""
    words, there = [], True
    for value in values.tolist():
        missing = not np.isfinite(value)
        words.append(("stale" if there else "_") if missing else number(value))
        there = not missing
    return words
