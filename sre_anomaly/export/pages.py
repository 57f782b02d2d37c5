"""The pages of a model and of rules on one history, and how many of one the other gives."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from sre_anomaly.alerts.fatigue import Fatigue
from sre_anomaly.alerts.incident import IncidentPolicy
from sre_anomaly.alerts.page import Page
from sre_anomaly.clock import nanoseconds
from sre_anomaly.contracts import AlertPolicy
from sre_anomaly.frame import Mask, Times
from sre_anomaly.promql.firing import firing_intervals, runs_at

Span = tuple[int, int]
"""Start and end (half-open) of a page, ns since 1970."""


@dataclass(frozen=True)
class Loss:
    """How many of a model's pages some rules give."""

    pages: int
    """Of the model."""
    given: int
    """Of these, how many the rules give."""
    more: int
    """Pages of the rules that are none of the model's."""

    def __str__(self) -> str:
        """Say it in words."""
        if not self.pages:
            return f"the model has no page, and the rules give {self.more}"
        pages = "1 page" if self.pages == 1 else f"{self.pages} pages"
        return f"of {pages} the rules give {self.given}, and {self.more} more"

    @property
    def alike(self) -> float:
        """Twice the given by all pages of both: 1 is the same pages, 0 none of them."""
        both = self.pages + self.given + self.more
        return 2 * self.given / both if both else 1.0


def lost(model: Sequence[Span], rules: Sequence[Span]) -> Loss:
    """Return how many pages of the model are given by the rules: by one that overlaps it and gives no other.

    Examples
    --------
    >>> print(lost([(0, 5), (20, 25)], [(4, 30), (50, 60)]))
    of 2 pages the rules give 1, and 1 more
    """
    left, given = sorted(rules), 0
    for start, end in sorted(model):
        found = next((one for one in left if one[0] < end and start < one[1]), None)
        if found is not None:
            left.remove(found)
            given += 1
    return Loss(len(model), given, len(left))


def within(pages: Iterable[Span], first: int, end: int) -> list[Span]:
    """Return the pages that begin in a stretch of time."""
    return [page for page in pages if first <= page[0] < end]


@dataclass(frozen=True)
class Timing:
    """When the alert fires: as `for` and `keep_firing_for` of a rule, in ns, after so many flags among so many evaluations."""

    hold: int = 0
    keep: int = 0
    needed: int = 1
    among: int = 1

    def active(self, flags: Mask) -> Mask:
        """Return at which evaluations (n,) the expression of the alert holds, from those with a score above 1."""
        if self.among == 1:
            return flags
        summed = np.convolve(flags.astype(np.int64), np.ones(self.among, dtype=np.int64))[: len(flags)]
        return np.asarray(summed >= self.needed)

    def firings(self, flags: Mask, times: Times, step: int) -> list[Span]:
        """Return from when until when the alert of a metric fires."""
        runs = runs_at(times[self.active(flags)], step)
        found = firing_intervals(runs, step, int(times[-1]) + step, self.hold, self.keep)
        return [(fired, end) for _, fired, end, _ in found]


def timing_of(policy: AlertPolicy, step: int) -> Timing:
    """Return what is nearest to an alert policy.

    A page of the policy ends a step after its last flag, and the next flag begins a new one once ``bridge`` has passed since.
    """
    if isinstance(policy, Page):
        hold, bridge = nanoseconds(policy.hold), nanoseconds(policy.bridge)
        return Timing(max(0, hold - step), max(0, bridge - step))
    if isinstance(policy, IncidentPolicy):
        return Timing(0, nanoseconds(policy.cooldown), policy.needed, policy.within)
    return Timing(0, policy.least_quiet * step if isinstance(policy, Fatigue) else 0)


def together(firings: Iterable[Sequence[Span]]) -> list[Span]:
    """Return the pages of the firings of several metrics: what overlaps is one page, as an Alertmanager groups it.

    Examples
    --------
    >>> together([[(0, 5), (9, 12)], [(3, 7)]])
    [(0, 7), (9, 12)]
    """
    merged: list[Span] = []
    for start, end in sorted(span for one in firings for span in one):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
