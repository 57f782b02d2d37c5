"""Asking a Prometheus what a rule's expression gave over weeks: in pieces, patiently, and never for more than fits."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sre_anomaly.clock import in_words, iso
from sre_anomaly.errors import DataError
from sre_anomaly.frame import Array, Times
from sre_anomaly.io.prometheus import MOST_ROWS, AwayError, Labels, Prometheus, RefusedError

PAUSES = (1, 2, 4, 8, 15, 30, 60, 60, 60, 60)
"""Seconds between the questions to a server that has answered before and is away: five minutes in all."""
FEWEST = 50
"""Evaluations in the smallest question."""
TOO_MUCH = ("too many samples", "timed out", "timeout", "maximum resolution")
"""How a server says that a question was too large."""
LOOKS = 1000
"""At so many instants it is looked whether there are data."""


@dataclass
class Asking:
    """A server, and what is done when it is away.

    Parameters
    ----------
    server : Prometheus
    say : callable
        Writes a line for people.
    pause : callable
        Waits for seconds.
    """

    server: Prometheus
    say: Callable[[str], Any]
    pause: Callable[[float], Any] = time.sleep
    answered: bool = False
    """Whether the server has ever answered: one that never has is most likely the wrong address."""

    def pieces(
        self, expression: str, first: int, last: int, step: int
    ) -> Iterator[list[tuple[Labels, Times, Array]]]:
        """Yield what an expression gave at the evaluations from ``first`` to ``last``, piece by piece in time.

        A server that is away is waited for, and the question is put again; one that finds a question too large gets
        smaller ones.

        Raises
        ------
        RefusedError
            If the server refuses the expression.
        DataError
            If it stays away.
        """
        size, at = MOST_ROWS, first
        while at <= last:
            end = min(at + (size - 1) * step, last)
            try:
                series = self._patiently(expression, at, end, step, smaller=size > FEWEST)
            except (AwayError, RefusedError) as error:
                wrong = isinstance(error, AwayError) and not self.answered
                if wrong or size <= FEWEST or not any(text in str(error) for text in TOO_MUCH):
                    raise
                size = max(FEWEST, size // 4)
                continue
            yield series
            at = end + step

    def _patiently(self, *question: Any, smaller: bool) -> list[tuple[Labels, Times, Array]]:
        waited = 0
        for seconds in (*PAUSES, None):
            try:
                series, _ = self.server.samples(*question)
            except AwayError as error:
                if not self.answered or seconds is None or (smaller and "timed out" in str(error)):
                    raise  # One that has answered, and now takes too long, is asked for less.
                if waited == 0:
                    self.say(f"{error}; waiting for it")
                self.pause(seconds)
                waited += seconds
                continue
            if waited:
                self.say(
                    f"{self.server.url} answers again after {in_words(timedelta(seconds=waited))}; going on"
                )
            self.answered = True
            return series
        raise AssertionError

    def known(self, names: Sequence[str], first: int, last: int, step: int) -> dict[str, int]:
        """Return since when each metric has values, of those that have any.

        It is looked at about a thousand instants, each with the five minutes before it that a Prometheus looks back, and at each
        evaluation before the first of them that has something.
        """
        found: dict[str, int] = {}
        if not names:
            return found
        every = max(step, -(-(last - first) // LOOKS // step) * step)
        expression = f'count by (__name__) ({{__name__=~"{"|".join(names)}"}})'

        def look(begin: int, end: int, gap: int) -> None:
            for series in self.pieces(expression, begin, end, gap):
                for labels, at, _ in series:
                    name = dict(labels)["__name__"]
                    found[name] = min(found.get(name, int(at[0])), int(at[0]))

        look(first, last, every)
        if found and (since := min(found.values())) > first:
            look(max(first, since - every), since, step)
        return found

    def lacks(self, name: str, first: int, last: int) -> bool:
        """Return whether the server has no sample of a metric at all in a span."""
        try:
            return not self.server.label_values("__name__", f'{{__name__="{name}"}}', first, last)
        except (DataError, RefusedError):
            return False  # Whoever cannot tell has not said that it is not there.


def span_with_data(known: dict[str, int], first: int, last: int, step: int) -> tuple[int, str | None]:
    """Return from when on there are data, and a sentence where that is later than asked for.

    Raises
    ------
    DataError
        If there are none at all.
    """
    asked = f"from {iso(first)} to {iso(last)}"
    if not known:
        raise DataError(
            f"rules: the server has no data {asked} of any metric that these rules ask for; is it the right server, and "
            "does it keep data so long (its flag --storage.tsdb.retention.time)?"
        )
    since = min(known.values())
    if since - first <= 2 * step:
        return first, None
    days = [in_words(timedelta(hours=round((last - at) / 3.6e12))) for at in (since, first)]
    return since, f"The server has data from {iso(since)} on only: {days[0]} of the {days[1]} asked for"
