"""What an Alertmanager makes of alerts: the notifications that reach people, after grouping, inhibition and repeats.

It does as Alertmanager 0.25 to 0.28 do, from event to event. Three things no history tells, so they are always the same
here: alerts arrive at the very evaluation; an Alertmanager's clean-up of empty groups, each 30 s, falls between whole half
minutes; and sending takes a moment, so that a repeat interval of 4 h in steps of 5 m repeats after 4 h 5 m (after 4 h only
where a receiver answers within some hundredths of a second).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count

from sre_anomaly.backtesting.alertmanager.delivery import RESEND, Delivery, Fires, deliveries
from sre_anomaly.backtesting.alertmanager.inhibition import Inhibitor
from sre_anomaly.backtesting.alertmanager.notification_log import MINUTE, Kind, NotificationLog
from sre_anomaly.backtesting.alertmanager.routing import Route, Routing
from sre_anomaly.io.prometheus import Labels

CLEAN_UP = 30 * 10**9
EMPTIED, ARRIVES, DUE = range(3)
"""What comes first at the same time: empty groups go, alerts arrive, groups speak."""
RANKS: tuple[Kind, ...] = ("new", "fewer", "repeat", "resolved")
"""What one notification is called where the integrations of a receiver differ."""


@dataclass(frozen=True, slots=True)
class Notification:
    """What one receiver was told of one group."""

    time: int
    """ns since 1970."""
    receiver: str
    group: Labels
    """The labels that the group's alerts have in common because they are grouped by them."""
    firing: tuple[Labels, ...]
    """The alerts in it that fire, each with all its labels."""
    resolved: int
    """How many others it says are over; 0 where the receiver is not told of such."""
    kind: Kind
    """``new``: with an alert that its last notification had not, or none was there; ``fewer``: some are over, others go
    on; ``repeat``: nothing has changed for the repeat interval; ``resolved``: nothing fires any more."""


@dataclass(slots=True, eq=False)
class _Alert:
    labels: Labels
    homes: list[tuple[Route, Labels]]
    """Its routes, with the labels of its group in each."""
    firing: bool = False


@dataclass(slots=True, eq=False)
class _Group:
    number: int
    """Groups that speak at the same time do so in the order in which they came to be."""
    route: Route
    labels: Labels
    alerts: dict[_Alert, None] = field(default_factory=dict)
    """Those that fire, and those resolved since it last spoke."""
    spoke: int | None = None
    """When it last could speak; its next times are whole group intervals from then."""
    due: int | None = None

    @property
    def key(self) -> tuple[int, Labels]:
        return id(self.route), self.labels

    def from_time(self, time: int) -> int:
        """Return when it can speak next, not before a time and after it last spoke."""
        spoke, interval = self.spoke or 0, self.route.group_interval
        return spoke + max(1, -(-(time - spoke) // interval)) * interval


def notifications(
    firings: Iterable[Fires],
    routing: Routing,
    end_ns: int,
    *,
    interval_ns: int = MINUTE,
    resend_ns: int = RESEND,
    start_ns: int = CLEAN_UP // 2,
) -> list[Notification]:
    """Return the notifications that firing alerts would have caused before a time, in its order.

    Parameters
    ----------
    firings : iterable of Fires
        In any order, of any number of rules; with the labels that an Alertmanager would see.
    routing : Routing
        What its configuration says.
    end_ns : int
        ns since 1970; what is resolved or repeated from then on is not heard of.
    interval_ns, resend_ns : int
        How often rules are evaluated, and Prometheus's ``--rules.alert.resend-delay``.
    start_ns : int
        When the Alertmanager started; its clean-ups come at multiples of their intervals from then.

    Examples
    --------
    >>> from sre_anomaly.promql.firing import Firing
    >>> firing = Firing((("alertname", "Down"), ("job", "db")), active=0, fired=0, end=10 * MINUTE)
    >>> for one in notifications([firing], Routing.default(), end_ns=60 * MINUTE):
    ...     print(one.time / MINUTE, one.kind, len(one.firing), one.resolved)
    0.5 new 1 0
    10.5 resolved 0 1
    """
    server = _Alertmanager(routing, start_ns, end_ns)
    for delivery in deliveries(firings, interval_ns, resend_ns):
        if delivery.time >= end_ns:
            break
        server.run_until(delivery.time)
        server.take(delivery)
    server.run_until(end_ns)
    return sorted(server.sent, key=lambda one: (one.time, one.receiver, one.group))


class _Alertmanager:
    def __init__(self, routing: Routing, start: int, end: int) -> None:
        self.routing, self.start, self.end = routing, start, end
        self.sent: list[Notification] = []
        self.log: NotificationLog[_Alert] = NotificationLog(start)
        self.alerts: dict[Labels, _Alert] = {}
        self.groups: dict[tuple[int, Labels], _Group] = {}
        self.targeted: set[_Group] = set()
        """Groups of alerts that could be inhibited."""
        self.inhibitor = Inhibitor(routing.inhibitions)
        self.quiet: dict[int, tuple[int, int]] = {}
        """For each route a span of time in which it is known to be quiet."""
        routes = list(routing.root.walk())
        self.twins = {
            id(one): [
                two for two in routes if two is not one and (two.key, two.receiver) == (one.key, one.receiver)
            ]
            for one in routes
        }
        """Routes whose notifications an Alertmanager cannot tell apart: what one of them says changes what the other does."""
        self.agenda: list[tuple[int, int, int, int, _Group]] = []
        self.numbers = count()

    def run_until(self, time: int) -> None:
        """Let groups speak and go until alerts arrive."""
        while self.agenda and self.agenda[0][:2] < (time, ARRIVES):
            now, what, _, _, group = heappop(self.agenda)
            if what == DUE and group.due == now:
                self._speak(group, now)
            elif what == EMPTIED and not group.alerts and self.groups.get(group.key) is group:
                del self.groups[group.key]
                self.targeted.discard(group)

    def take(self, delivery: Delivery) -> None:
        """Put an alert into its groups, and let it inhibit others while it fires."""
        if delivery.labels not in self.alerts:
            self.alerts[delivery.labels] = self._alert(delivery.labels)
        alert = self.alerts[delivery.labels]
        sides = self.inhibitor.sides(alert.labels)
        if alert.firing != delivery.firing and any(side.source for side in sides):
            self.inhibitor.put(alert.labels, delivery.firing)
            for other in self.targeted:
                if other.alerts and other.spoke is not None:
                    self._ask(other, other.from_time(delivery.time))
        alert.firing = delivery.firing
        for route, labels in alert.homes:
            group = self.groups.get((id(route), labels))
            if group is None:
                group = self.groups[id(route), labels] = _Group(next(self.numbers), route, labels)
                self._ask(group, delivery.time + route.group_wait)
            group.alerts[alert] = None
            if any(side.target for side in sides):
                self.targeted.add(group)
            if group.spoke is not None:
                self._ask(group, group.from_time(delivery.time))
            elif delivery.fired + route.group_wait <= delivery.time:
                self._ask(group, delivery.time)

    def _alert(self, labels: Labels) -> _Alert:
        named = dict(labels)
        homes = [
            (route, tuple(pair for pair in labels if route.group_by is None or pair[0] in route.group_by))
            for route in self.routing.root.for_labels(named)
            if self.routing.receivers[route.receiver]
        ]
        return _Alert(labels, homes)

    def _ask(self, group: _Group, time: int) -> None:
        """Have a group speak at a time, if it does not before."""
        if time < self.end and (group.due is None or time < group.due):
            group.due = time
            heappush(self.agenda, (time, DUE, group.number, next(self.numbers), group))

    def _speak(self, group: _Group, now: int) -> None:
        told = [alert for alert in group.alerts if not self.inhibitor.mutes(alert.labels)]
        group.alerts = {alert: None for alert in group.alerts if alert.firing}
        group.spoke, group.due = now, None
        again = None
        if told:
            loud = self._loud_from(group.route, now)
            again = loud if loud > now else self._notify(group, told, now)
            for route in self.twins[id(group.route)]:
                twin = self.groups.get((id(route), group.labels))
                if twin and twin.alerts and twin.spoke is not None:
                    self._ask(twin, twin.from_time(now + (twin.number < group.number)))
        if not group.alerts:
            clean_up = self.start + ((now - self.start) // CLEAN_UP + 1) * CLEAN_UP
            heappush(self.agenda, (clean_up, EMPTIED, group.number, next(self.numbers), group))
        elif again is not None:
            self._ask(group, group.from_time(again))

    def _loud_from(self, route: Route, now: int) -> int:
        """Return from when on a route's time intervals let it speak: now, or a later minute."""
        if not (route.muted or route.active):
            return now
        first, until = self.quiet.get(id(route), (now, now))
        if not first <= now < until:
            until = now
            while until < self.end and self.routing.quiet(route, until):
                until = (until // MINUTE + 1) * MINUTE
            self.quiet[id(route)] = (now, until)
        return until

    def _notify(self, group: _Group, told: list[_Alert], now: int) -> int | None:
        """Tell the receiver what there is to tell; return from when on there is something again if nothing changes."""
        route = group.route
        firing = frozenset(alert for alert in told if alert.firing)
        resolved = frozenset(told) - firing
        kinds: dict[bool, Kind] = {}
        again = []
        for tells in self.routing.receivers[route.receiver]:
            key = (route.key, group.labels, route.receiver, tells)
            kind = self.log.kind(key, now, firing, resolved, tells, route.repeat_interval)
            if kind and (firing or tells):
                kinds[tells] = kind
            if firing:
                again.append(self.log.again(key, route.repeat_interval))
        if kinds:
            labels = tuple(sorted(alert.labels for alert in firing))
            count_resolved = len(resolved) if True in kinds else 0
            first = min(kinds.values(), key=RANKS.index)
            self.sent.append(Notification(now, route.receiver, group.labels, labels, count_resolved, first))
        return min(again, default=None)
