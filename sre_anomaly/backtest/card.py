"""The report card of an alert source: how often it would have paged, when, how long, and what for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from sre_anomaly.backtest.firing import Firing
from sre_anomaly.backtest.outcome import Page, Truth
from sre_anomaly.clock import wall_clock
from sre_anomaly.frame import WEEK, Array

HOUR = 3600 * 10**9
NIGHT = (22, 7)
"""From ten in the evening to seven in the morning, on the wall clock of those who are paged."""
FLAPS = HOUR
"""A page so soon after the one before it was over is the same thing again."""
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
    """Pages that came within an hour of the end of one before with the same labels."""
    caught: int | None = None
    late: int | None = None
    """Of those caught, how many it paged for only ten minutes after they began."""
    missed: int | None = None
    false: int | None = None
    """Pages with nothing known to be wrong."""
    delay: float | None = None
    """Median seconds from the start of an incident to its page."""


def card(
    pages: Sequence[Page],
    firings: Sequence[Firing],
    truth: Sequence[Truth] | None,
    span: tuple[int, int],
    timezone: str,
) -> Card:
    """Return the card of some pages between two times, ns since 1970."""
    first, last = span
    at = np.array([page.time for page in pages], dtype=np.int64)
    wall = np.asarray(wall_clock(at, timezone))
    hours, days = wall // HOUR % 24, (wall // (24 * HOUR) + 3) % 7
    alone = Card(
        pages=len(pages),
        repeats=sum(page.repeats for page in pages),
        per_week=len(pages) / (timedelta(microseconds=(last - first) / 1000) / WEEK),
        night=int(((hours >= NIGHT[0]) | (hours < NIGHT[1])).sum()),
        weekend=int((days >= 5).sum()),
        in_alert=covered(firings, span) / (last - first),
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

    A page meets an incident that is on while it pages or while its alerts last.
    """
    useful = [False] * len(pages)
    delays: list[int | None] = []
    starts = np.array([page.time for page in pages], dtype=np.int64)
    ends = np.array([max(page.end, page.time + 1) for page in pages], dtype=np.int64)
    for one in truth:
        near: list[int] = np.flatnonzero((starts < one.end) & (ends > one.start)).tolist()
        meets = [at for at in near if one.concerns(pages[at])]
        for at in meets:
            useful[at] = True
        delays.append(max(0, min(int(starts[at]) for at in meets) - one.start) if meets else None)
    return delays, useful


def covered(firings: Sequence[Firing], span: tuple[int, int]) -> int:
    """Return how many ns of a span at least one alert was firing."""
    total, until = 0, span[0]
    for one in sorted(firings, key=lambda one: one.fired):
        begin, end = max(one.fired, until), min(one.end, span[1])
        total += max(0, end - begin)
        until = max(until, end)
    return total


def calendar(pages: Sequence[Page], span: tuple[int, int], timezone: str) -> tuple[Array, int]:
    """Return pages by day and hour of the wall clock, (days, 24), and the first day, in days since 1970."""
    edges = np.asarray(wall_clock(np.array(span, dtype=np.int64), timezone)) // (24 * HOUR)
    counts = np.zeros((int(edges[1] - edges[0]) + 1, 24))
    wall = np.asarray(wall_clock(np.array([page.time for page in pages], dtype=np.int64), timezone))
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
