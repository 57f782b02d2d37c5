"""Where an Alertmanager sends alerts: the tree of routes, what mutes them, and who hears of the end."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sre_anomaly.backtesting.alertmanager.time_intervals import MINUTE, TimeInterval
from sre_anomaly.promql.matchers import Matcher, all_match

SECOND = 10**9
GROUP_WAIT, GROUP_INTERVAL, REPEAT_INTERVAL = 30 * SECOND, 5 * MINUTE, 240 * MINUTE
"""Alertmanager's own, where nothing is said."""


@dataclass(frozen=True)
class Route:
    """A node of the tree; what a child does not say, it has from its parent. Durations in ns."""

    receiver: str
    group_by: frozenset[str] | None = frozenset()
    """Labels whose values make a group; None is all of them, ``...`` in the file."""
    group_wait: int = GROUP_WAIT
    group_interval: int = GROUP_INTERVAL
    repeat_interval: int = REPEAT_INTERVAL
    matchers: tuple[Matcher, ...] = ()
    go_on: bool = False
    """``continue``: routes after this one are tried too."""
    muted: tuple[str, ...] = ()
    active: tuple[str, ...] = ()
    """Names of time intervals; of the active ones, one must hold where there are any."""
    routes: tuple["Route", ...] = ()
    key: str = "{}"
    """Under what an Alertmanager remembers its notifications, beside the group's labels and the receiver."""

    def for_labels(self, labels: Mapping[str, str]) -> list["Route"]:
        """Return the routes that an alert takes: the deepest that match, the first at each fork unless it goes on."""
        if not all_match(self.matchers, labels):
            return []
        found: list[Route] = []
        for route in self.routes:
            taken = route.for_labels(labels)
            found += taken
            if taken and not route.go_on:
                break
        return found or [self]

    def walk(self) -> Iterator["Route"]:
        """Yield the node and all below it, from left to right."""
        yield self
        for route in self.routes:
            yield from route.walk()


@dataclass(frozen=True)
class Inhibition:
    """While an alert that matches ``source`` fires, those that match ``target`` and have equal labels are not told of."""

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...] = ()


@dataclass(frozen=True)
class Routing:
    """What an Alertmanager's configuration says of grouping; no address and no secret is in it."""

    root: Route
    receivers: Mapping[str, frozenset[bool]]
    """For each receiver whether its integrations tell of resolved alerts: yes, no, both; empty where it has none."""
    inhibitions: tuple[Inhibition, ...] = ()
    time_intervals: Mapping[str, tuple[TimeInterval, ...]] = field(default_factory=dict)

    @classmethod
    def default(
        cls,
        group_by: tuple[str, ...] | None = ("alertname",),
        group_wait: int = GROUP_WAIT,
        group_interval: int = GROUP_INTERVAL,
        repeat_interval: int = REPEAT_INTERVAL,
        receiver: str = "default",
    ) -> "Routing":
        """Return one route to one receiver, which tells of resolved alerts too; ``group_by=None`` is by all labels.

        Examples
        --------
        >>> Routing.default(group_wait=0).root.group_interval // SECOND
        300
        """
        groups = None if group_by is None else frozenset(group_by)
        root = Route(receiver, groups, group_wait, group_interval, repeat_interval)
        return cls(root, {receiver: frozenset([True])})

    def quiet(self, route: Route, time: int) -> bool:
        """Say whether a route's time intervals keep it from speaking at a time, in ns since 1970."""
        return self._holds(route.muted, time) or bool(route.active and not self._holds(route.active, time))

    def _holds(self, names: tuple[str, ...], time: int) -> bool:
        return any(one.holds(time) for name in names for one in self.time_intervals[name])
