"""The report card of an alert source: how often it would have paged, when, how long, and what for."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sre_anomaly.backtesting.outcome import SERIES, Page, Scope, Truth
from sre_anomaly.clock import wall_clock
from sre_anomaly.frame import Array
from sre_anomaly.promql.firing import Firing

HOUR = 3600 * 10**9
NIGHT = (22, 7)
"""From ten in the evening to seven in the morning, on the wall clock of those who are paged."""
FLAPS = HOUR
"""An alert so soon after the one before it was over is the same thing again."""
EARLY = 2 * HOUR
"""A page so long before an incident begins is of something else: no stretches further apart are one page."""
LATE = 600 * 10**9
"""A page so long after an incident began is late."""


@dataclass(frozen=True)
class Card:
    """One alert source over the evaluated time; nothing about incidents where nobody knows them."""

    pages: int
    repeats: int
    """How many of the pages told what had been told before."""
    per_week: float
    night: int
    weekend: int
    in_alert: float
    """Share of the time in which it was firing."""
    longest: int
    """Nanoseconds of the longest alert."""
    flapping: int
    """Alerts that were back within an hour of the end of the one before with the same labels."""
    caught: int | None = None
    late: int | None = None
    """Of those caught, how many it paged for only ten minutes after they began."""
    missed: int | None = None
    false: int | None = None
    """Pages with nothing known to be wrong."""
    delay: float | None = None
    """Median seconds from the start of an incident to its page."""


def card(
    pages: Sequence[Page], firings: Sequence[Firing], truth: Sequence[Truth] | None, scope: Scope
) -> Card:
    """Return the card of some pages and the alerts that they tell of."""
    first, last = scope.span
    at = np.array([page.time for page in pages], dtype=np.int64)
    wall = np.asarray(wall_clock(at, scope.timezone))
    hours, days = wall // HOUR % 24, (wall // (24 * HOUR) + 3) % 7
    alone = Card(
        pages=len(pages),
        repeats=sum(page.repeats for page in pages),
        per_week=len(pages) / scope.weeks,
        night=int(((hours >= NIGHT[0]) | (hours < NIGHT[1])).sum()),
        weekend=int((days >= 5).sum()),
        in_alert=sum(
            stop - start for spans in spans_of(firings).values() for start, stop in _cut(spans, scope.span)
        )
        / scope.observed,
        longest=max((min(one.end, last) - max(one.fired, first) for one in firings), default=0),
        flapping=_flapping(firings, first),
    )
    if truth is None:
        return alone
    delays, useful = against(pages, truth)
    known = [delay for delay in delays if delay is not None]
    measured = {
        "caught": len(known),
        "late": sum(delay > LATE for delay in known),
        "missed": len(delays) - len(known),
        "false": sum(not one for one in useful),
        "delay": float(np.median(known)) / 1e9 if known else None,
    }
    return Card(**{**vars(alone), **measured})


def against(pages: Sequence[Page], truth: Sequence[Truth]) -> tuple[list[int | None], list[bool]]:
    """Return for each incident the ns after which it was paged for (None: never), and for each page whether it met one.

    A page meets an incident that is on while it pages, or begins within two hours of it while its alerts last: what has been
    firing for longer, or always, says nothing of it.
    """
    useful = [False] * len(pages)
    delays: list[int | None] = []
    starts = np.array([page.time for page in pages], dtype=np.int64)
    ends = np.array([max(min(page.end, page.time + EARLY), page.time + 1) for page in pages], dtype=np.int64)
    for one in truth:
        near: list[int] = np.flatnonzero((starts < one.end) & (ends > one.start)).tolist()
        meets = [at for at in near if one.concerns(pages[at])]
        for at in meets:
            useful[at] = True
        delays.append(max(0, min(int(starts[at]) for at in meets) - one.start) if meets else None)
    return delays, useful


def spans_of(firings: Sequence[Firing]) -> dict[str, list[tuple[int, int]]]:
    """Return for each series (empty: none) the times at which at least one alert was firing, one behind the other."""
    joined: dict[str, list[tuple[int, int]]] = {}
    for one in sorted(firings, key=lambda one: one.fired):
        spans = joined.setdefault(dict(one.labels).get(SERIES, ""), [])
        if spans and one.fired <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], one.end))
        else:
            spans.append((one.fired, one.end))
    return joined


def _cut(spans: Sequence[tuple[int, int]], span: tuple[int, int]) -> list[tuple[int, int]]:
    cut = [(max(start, span[0]), min(stop, span[1])) for start, stop in spans]
    return [(start, stop) for start, stop in cut if stop > start]


def calendar(pages: Sequence[Page], scope: Scope) -> tuple[Array, int]:
    """Return pages by day and hour of the wall clock, (days, 24), and the first day, in days since 1970."""
    edges = np.asarray(wall_clock(np.array(scope.span, dtype=np.int64) - (0, 1), scope.timezone)) // (
        24 * HOUR
    )
    counts = np.zeros((int(edges[1] - edges[0]) + 1, 24))
    wall = np.asarray(wall_clock(np.array([page.time for page in pages], dtype=np.int64), scope.timezone))
    np.add.at(counts, (wall // (24 * HOUR) - edges[0], wall // HOUR % 24), 1)
    return counts, int(edges[0])


def _flapping(firings: Sequence[Firing], first: int) -> int:
    over: dict[object, int] = {}
    again = 0
    for one in sorted(firings, key=lambda one: one.fired):
        before = over.get(one.labels)
        again += before is not None and one.fired >= first and one.fired - before < FLAPS
        over[one.labels] = one.end
    return again
