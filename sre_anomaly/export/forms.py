"""The forms that a band can take in PromQL, and the rules that record it."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from sre_anomaly.export.formula import (
    HOUR,
    THURSDAY,
    Binary,
    ByHour,
    Call,
    Constant,
    Formula,
    Over,
    Recorded,
    Series,
)
from sre_anomaly.frame import Array, Mask, Times
from sre_anomaly.kernels.seasonal import MAD_TO_STD

DAY = 24 * HOUR
Y, EXPECTED, ERROR = Recorded("y"), Recorded("yhat"), Recorded("yhat_error")
LOWER, UPPER, SCORE = Recorded("yhat_lower"), Recorded("yhat_upper"), Recorded("anomaly_score")
FIXED = "fixed limits"
FEWEST = 6
"""A shorter window tells no spread."""


@dataclass(frozen=True)
class Form:
    """A kind of band, whose width is still to be chosen.

    Parameters
    ----------
    name : str
        What it is, in words.
    expected : Formula
    upper : function of a factor
        Gives the upper bound for a band so many times as wide as it usually errs.
    errors : bool
        Whether the bound asks for recorded errors.
    needs : int
        Evaluations before it can say anything.
    hours : int
        Length of its table: 24 or 168, or 0.
    """

    name: str
    expected: Formula
    upper: Callable[[float], Formula]
    errors: bool = False
    needs: int = 0
    hours: int = 0


@dataclass(frozen=True)
class Band:
    """A form with its width, for one metric: what is recorded, in this order."""

    form: Form
    factor: float
    direction: str = "both"
    exact: bool = False

    def records(self) -> Iterator[tuple[str, Formula]]:
        """Yield name and formula of each recording rule after that of the metric itself."""
        yield EXPECTED.name, self.form.expected
        if self.form.errors:
            yield ERROR.name, Call("abs", Y - EXPECTED)
        if self.direction == "below":
            # Written from the side that matters.
            yield LOWER.name, EXPECTED * 2 - self.form.upper(self.factor)
            yield SCORE.name, (EXPECTED - Y) / (EXPECTED - LOWER)
            return
        yield UPPER.name, self.form.upper(self.factor)
        if self.direction == "above":
            yield SCORE.name, (Y - EXPECTED) / (UPPER - EXPECTED)
            return
        yield LOWER.name, EXPECTED * 2 - UPPER
        yield SCORE.name, Call("abs", Y - EXPECTED) / (UPPER - EXPECTED)

    def replay(self, values: Array, times: Times, step: int) -> dict[str, Array]:
        """Return what the rules record of a metric (n,), by name."""
        series = Series({}, step, times, {Y.name: values})
        for name, formula in self.records():
            series.recorded[name] = formula.values(series)
        return series.recorded

    def flags(self, values: Array, times: Times, step: int) -> Mask:
        """Return at which evaluations (n,) the score is above 1."""
        return np.asarray(self.replay(values, times, step)[SCORE.name] > 1)


def begins(band: Band) -> int:
    """Return at which evaluation, from the first with a value on, a band first says something; rows count from 0.

    Examples
    --------
    >>> begins(Band(sigma(10, 1.0, "the hour"), 3.0))
    5
    """
    rows = band.form.needs + 2
    values = np.resize([0.0, 1.0], rows)
    score = band.replay(values, np.arange(rows, dtype=np.int64), 1)[SCORE.name]
    return int(np.argmax(np.isfinite(score)))


def to_the(least: float, value: float) -> float:
    """Return a number without the digits that do not matter where a difference of ``least`` hardly does.

    Examples
    --------
    >>> to_the(0.5, 123456.789), to_the(70.0, 123456.789)
    (123456.79, 123457.0)
    """
    return float(round(value, math.ceil(-math.log10(least / 20))))


def short(value: float, digits: int = 4) -> float:
    """Return a number with so many significant digits, as it stands in a rule file.

    Examples
    --------
    >>> short(0.123456), short(123456.0)
    (0.1235, 123500.0)
    """
    return float(f"{value:.{digits}g}")


def enough(value: Formula, name: str, rows: int, back: int = 0) -> Formula:
    """Return a formula that gives nothing while fewer than half of the values of a window are there."""
    return Binary("and", value, Binary(">=", Over("count", name, rows, back), Constant(math.ceil(rows / 2))))


def static(centre: float, spread: float) -> Form:
    """Return fixed limits."""
    return Form(FIXED, Y * 0 + centre, lambda factor: EXPECTED + short(factor * spread))


def fixed(centre: float, width: float) -> Form:
    """Return fixed limits to the last bit: a model that is just that."""
    return Form(FIXED, Y * 0 + centre, lambda _: EXPECTED + width)


def z_residual(rows: int, sigmas: float, tiny: float) -> Form:
    """Return sample standard deviations of the last so many values, the present one among them, to the last bit."""
    count = Over("count", "y", rows)
    spread = Over("stddev", "y", rows) * Call("sqrt", count / (count - 1))
    return Form(
        f"{sigmas:g} standard deviations around the mean of the last {rows} values",
        enough(Over("avg", "y", rows), "y", rows),
        lambda _: EXPECTED + sigmas * (spread + tiny),
        needs=rows,
    )


def sigma(rows: int, least: float, words: str) -> Form:
    """Return standard deviations of the values before."""
    return Form(
        f"standard deviations around the mean of {words} before",
        enough(Over("avg", "y", rows, 1), "y", rows, 1),
        lambda factor: EXPECTED + Call("clamp_min", factor * Over("stddev", "y", rows, 1), least),
        needs=rows,
    )


def by_usual_error(name: str, expected: Formula, day: int, needs: int, least: float) -> Form:
    """Return a band around an expectation that is so many times as wide as that erred in the day before."""

    def upper(factor: float) -> Formula:
        width = Call("clamp_min", factor * Over("avg", ERROR.name, day, 1), least)
        return enough(EXPECTED + width, ERROR.name, day, 1)

    return Form(name, expected, upper, errors=True, needs=needs + day)


def by_hour(values: Array, times: Times, hours: int, least: float) -> Form:
    """Return the usual value in each hour of the day (24) or week (168), and around it a width for each hour of the day.

    Both are learned from a history. A Prometheus takes some 20 ms for a table of 168 hours, which it does once a step.
    """
    slots = (times // HOUR + THURSDAY) % hours
    usual = _medians(values, slots, hours, float(np.nanmedian(values)))
    off = np.abs(values - usual[slots])
    spread = MAD_TO_STD * _medians(off, slots % 24, 24, float(np.nanmedian(off)))
    # An hour that was quiet so far may be less so.
    spread = np.maximum(spread, np.median(spread))

    def table(numbers: Array) -> Formula:
        return ByHour(tuple(to_the(least, value) for value in numbers.tolist()))

    return Form(
        f"a table of the hours of the {'day' if hours == 24 else 'week'} (UTC)",
        Y * 0 + table(usual),
        lambda factor: EXPECTED + table(np.maximum(factor * spread, least)),
        hours=hours,
    )


def _medians(values: Array, slots: Times, hours: int, otherwise: float) -> Array:
    """Return the median of the values of each hour, or another number where there are none."""
    known = np.isfinite(values)
    seen = [values[known & (slots == hour)] for hour in range(hours)]
    return np.array([np.median(one) if len(one) else otherwise for one in seen])


def candidates(values: Array, times: Times, step: int, least: float) -> Iterator[Form]:
    """Yield the forms to try on a history (n,) from which a table or fixed limits may be learned, the best in general first."""
    rows, days = len(values), (int(times[-1]) - int(times[0])) / DAY
    day, hour = int(DAY // step), max(int(HOUR // step), 3)
    if FEWEST <= day <= rows // 2:
        for few, words in ((hour, "hour"), (3 * hour, "3 hours")):
            level = enough(Over("avg", "y", few, 1), "y", few, 1)
            yield by_usual_error(f"the mean of the {words} before", level, day, few, least)
        for back, words in ((day, "yesterday"), (7 * day, "last week")):
            if back + 2 * day <= rows * 3 // 4:
                moved = Over("avg", "y", hour, back - hour // 2) - Over("avg", "y", hour, back + 1)
                name = f"the mean of the hour before, moved as at the same time {words}"
                level = Over("avg", "y", hour, 1) + moved
                yield by_usual_error(name, level, day, back + 2 * hour, least)
        yield sigma(day, least, "the day")
    if FEWEST <= 7 * day <= rows // 2:
        yield sigma(7 * day, least, "the week")
    middle = float(np.nanmedian(values))
    spread = MAD_TO_STD * float(np.nanmedian(np.abs(values - middle))) or float(np.nanstd(values))
    yield static(to_the(least, middle), max(spread, least))
    for hours, fewest in ((24, 3), (168, 14)):
        if days >= fewest:
            yield by_hour(values, times, hours, least)
