"""A model that learned the rate of a counter hears rates: raw values become them, point by point."""

from collections.abc import Sequence
from math import isnan, nan

from sre_anomaly.clock import in_nanoseconds
from sre_anomaly.io.counts.counters import LONGEST, SECOND
from sre_anomaly.live.points import Point


class CounterRates:
    """What each counter was at the last point.

    Parameters
    ----------
    counters : sequence of str
        The metrics whose points hold raw values, as the file had that the model was trained on.
    step : int
        Nanoseconds between two points of the model.

    Examples
    --------
    >>> minute = 60 * 10**9
    >>> rates = CounterRates(["served"], minute)
    >>> [rates.of(((n + 1) * minute, {"served": value}))[1]["served"] for n, value in enumerate([600.0, 1200.0, 60.0])]
    [nan, 10.0, 1.0]
    """

    def __init__(self, counters: Sequence[str], step: int) -> None:
        self.step = step
        self.last: dict[str, tuple[int, float]] = dict.fromkeys(counters, (0, nan))

    def of(self, point: Point) -> Point:
        """Return a point with the rate a second of each counter since the point before; NaN where there is none.

        A value below the one before is a reset. Over a gap of more than two steps there is no rate, as in a run.
        """
        if not self.last:
            return point
        time, values = point
        now = time if type(time) is int else in_nanoseconds(time)
        for name, (before, was) in self.last.items():
            value = values.get(name, nan)
            if isnan(value):
                continue
            grown, passed = value - was if value >= was else value, now - before
            if passed > 0:
                known = not isnan(was) and passed <= LONGEST * self.step
                values = {**values, name: grown * SECOND / passed if known else nan}
                self.last[name] = (now, value)
        return time, values
