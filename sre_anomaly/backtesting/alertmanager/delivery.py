"""How a Prometheus tells an Alertmanager of its alerts: when they fire, when they end, and of the end again and again."""

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from itertools import pairwise
from typing import NamedTuple, Protocol

from sre_anomaly.io.prometheus import Labels

MINUTE = 60 * 10**9
RESEND = MINUTE
"""A Prometheus's ``--rules.alert.resend-delay``."""
REMEMBERED = 15 * MINUTE
"""How long it sends a resolved alert again."""


class Fires(Protocol):
    """An alert that fires for a time, such as a `Firing` of the backtest; times in ns since 1970."""

    @property
    def labels(self) -> Labels:
        """All of them."""

    @property
    def active(self) -> int:
        """Since when its expression held."""

    @property
    def fired(self) -> int:
        """The first evaluation at which it fires."""

    @property
    def end(self) -> int:
        """The first at which it no longer does."""

    @property
    def resolved(self) -> bool:
        """False where the history ends before."""


class Delivery(NamedTuple):
    """An alert as it reaches the Alertmanager."""

    time: int
    labels: Labels
    fired: int
    """Since when it fires, or fired."""
    firing: bool


class _Episode(NamedTuple):
    active: int
    fired: int
    end: int | None
    """None where the history ends before."""
    labels: Labels


def deliveries(firings: Iterable[Fires], interval: int = MINUTE, resend: int = RESEND) -> Iterator[Delivery]:
    """Yield what reaches the Alertmanager, in the order of time.

    That an alert still fires is sent again too; nothing changes by it, so it is left out. A resolved one is sent again at
    the first evaluation more than ``resend`` after the last time, for 15 minutes or until its expression holds again;
    that can keep its group open, or open it anew. Alerts with the same labels are one: it fires while any of them does.

    Parameters
    ----------
    firings : iterable of Fires
        In any order.
    interval, resend : int
        How often rules are evaluated, and Prometheus's ``--rules.alert.resend-delay``; ns.

    Examples
    --------
    >>> from sre_anomaly.promql.firing import Firing
    >>> firing = Firing((("alertname", "Down"),), active=0, fired=0, end=60 * 10**9)
    >>> [(one.time // 10**9, one.firing) for one in deliveries([firing])][:3]
    [(0, True), (60, False), (180, False)]
    """
    step = (resend // interval + 1) * interval
    waiting: list[tuple[int, int, _Episode, int]] = []

    def ended(until: int | None) -> Iterator[Delivery]:
        while waiting and (until is None or waiting[0][0] <= until):
            time, number, episode, last = heappop(waiting)
            yield Delivery(time, episode.labels, episode.fired, firing=False)
            if time + step <= last:
                heappush(waiting, (time + step, number, episode, last))

    for number, (episode, following) in enumerate(_episodes(firings)):
        yield from ended(episode.fired)
        yield Delivery(episode.fired, episode.labels, episode.fired, firing=True)
        if episode.end is not None:
            last = episode.end + REMEMBERED
            if following is not None:
                last = max(episode.end, min(last, following - 1))
            heappush(waiting, (episode.end, number, episode, last))
    yield from ended(None)


def _episodes(firings: Iterable[Fires]) -> list[tuple[_Episode, int | None]]:
    """Return when each alert fires, in the order of time, and when its expression holds the next time."""
    by_labels: dict[Labels, list[_Episode]] = {}
    for firing in sorted(firings, key=lambda one: (one.fired, one.end)):
        labels = tuple(sorted((name, value) for name, value in firing.labels if value))
        end = firing.end if firing.resolved else None
        before = by_labels.setdefault(labels, [])
        if before and (before[-1].end is None or firing.fired < before[-1].end):
            last = before[-1]
            both = None if last.end is None or end is None else max(last.end, end)
            before[-1] = last._replace(end=both)
        else:
            before.append(_Episode(firing.active, firing.fired, end, labels))
    found = [
        (one, following.active if following else None)
        for episodes in by_labels.values()
        for one, following in pairwise([*episodes, None])
        if one is not None
    ]
    return sorted(found, key=lambda pair: (pair[0].fired, pair[0].labels))
