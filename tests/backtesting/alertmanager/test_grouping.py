"""Grouping, beside an Alertmanager and a Prometheus written out tick by tick as dispatch.go, notify.go and inhibit.go have it."""

import time as clock
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from sre_anomaly.backtesting.alertmanager.grouping import Notification, notifications
from sre_anomaly.backtesting.alertmanager.routing import Inhibition, Route, Routing
from sre_anomaly.backtesting.alertmanager.time_intervals import TimeInterval
from sre_anomaly.promql.firing import Firing
from sre_anomaly.promql.matchers import parse_matchers

SECOND = 10**9
MINUTE = 60 * SECOND
TICK = 5 * SECOND
TICKS = 700


class Prometheus:
    """One rule group: which alerts it sends at an evaluation."""

    def __init__(self, firings, resend):
        self.firings, self.resend = firings, resend
        self.states = {}

    def sends(self, now):
        for labels in sorted({firing.labels for firing in self.firings}):
            mine = [firing for firing in self.firings if firing.labels == labels]
            state = self.states.get(labels)
            if state and state["resolved"] is not None and now - state["resolved"] > 15 * MINUTE:
                self.states.pop(labels)
                state = None
            held = [one for one in mine if one.active <= now and (now < one.end or not one.resolved)]
            if held:
                if not state or state["resolved"] is not None:
                    state = self.states[labels] = {"fired": None, "resolved": None, "sent": -(10**20)}
                if now >= held[0].fired and state["fired"] is None:
                    state["fired"] = now
            elif state and state["fired"] is not None and state["resolved"] is None:
                state["resolved"] = now
            if not state or state["fired"] is None:
                continue
            over = state["resolved"]
            if (over is not None and over > state["sent"]) or state["sent"] + self.resend < now:
                state["sent"] = now
                yield labels, state["fired"], over


class Server:
    """An Alertmanager that looks at everything at every tick."""

    def __init__(self, routing, start):
        self.routing, self.start = routing, start
        self.groups, self.log, self.forgotten, self.sent = {}, {}, {}, []
        self.caches = [{} for _ in routing.inhibitions]

    def tick(self, now, arrivals):
        self.forget(now)
        for labels, fired, over in arrivals:
            for rule, cache in zip(self.routing.inhibitions, self.caches, strict=True):
                if matches(rule.source, labels):
                    cache[labels] = over
            for route in self.routing.root.for_labels(dict(labels)):
                self.insert(route, labels, fired, over, now)
        for (_, group_labels), group in list(self.groups.items()):
            if group["next"] == now:
                group["next"] += group["route"].group_interval
                group["flushed"] = True
                self.flush(group, group_labels, now)

    def forget(self, now):
        if (now - self.start) % (15 * MINUTE) == 0:
            for key, entry in list(self.log.items()):
                if entry["expires"] <= now:
                    self.forgotten[key] = self.log.pop(key)
        if (now - self.start) % (30 * SECOND) == 0:
            self.groups = {key: group for key, group in self.groups.items() if group["alerts"]}

    def insert(self, route, labels, fired, over, now):
        names = {name for name, _ in labels} if route.group_by is None else route.group_by
        group_labels = tuple(pair for pair in labels if pair[0] in names)
        group = self.groups.setdefault(
            (id(route), group_labels),
            {"route": route, "alerts": {}, "next": now + route.group_wait, "flushed": False},
        )
        group["alerts"][labels] = over
        if not group["flushed"] and fired + route.group_wait <= now:
            group["next"] = now

    def muted(self, labels):
        for rule, cache in zip(self.routing.inhibitions, self.caches, strict=True):
            if not matches(rule.target, labels):
                continue
            two_sided = matches(rule.source, labels)
            for source, over in cache.items():
                equal = all(dict(source).get(name, "") == dict(labels).get(name, "") for name in rule.equal)
                if over is None and equal and not (two_sided and matches(rule.target, source)):
                    return True
        return False

    def flush(self, group, group_labels, now):
        route, alerts = group["route"], group["alerts"]
        told = {labels: over for labels, over in alerts.items() if not self.muted(labels)}
        if told and not self.routing.quiet(route, now):
            self.notify(route, group_labels, told, now)
        group["alerts"] = {labels: over for labels, over in alerts.items() if over is None}

    def notify(self, route, group_labels, told, now):
        firing = {labels for labels, over in told.items() if over is None}
        resolved = set(told) - firing
        kinds = {}
        for tells in self.routing.receivers[route.receiver]:
            key = (route.key, group_labels, route.receiver, tells)
            entry = self.log.get(key)
            if not self.needs_update(entry, firing, resolved, tells, route.repeat_interval, now):
                if entry is None:
                    self.forgotten.pop(key, None)
                continue
            told_before = entry or self.forgotten.pop(key, {"firing": set()})
            if firing - told_before["firing"]:
                kinds[tells] = "new"
            elif not firing:
                kinds[tells] = "resolved"
            else:
                due = entry is None or entry["time"] < now - route.repeat_interval
                kinds[tells] = "repeat" if due else "fewer"
            expires = now + min(120 * 60 * MINUTE, 2 * route.repeat_interval)
            self.log[key] = {"time": now, "firing": firing, "resolved": resolved, "expires": expires}
            if not firing and not tells:
                del kinds[tells]
        if kinds:
            kind = min(kinds.values(), key=["new", "fewer", "repeat", "resolved"].index)
            over = len(resolved) if True in kinds else 0
            self.sent.append(
                Notification(now, route.receiver, group_labels, tuple(sorted(firing)), over, kind)
            )

    @staticmethod
    def needs_update(entry, firing, resolved, tells, repeat, now):
        if entry is None:
            return len(firing) > 0
        if not firing <= entry["firing"]:
            return True
        if not firing:
            return len(entry["firing"]) > 0
        if tells and not resolved <= entry["resolved"]:
            return True
        return entry["time"] < now - repeat


def matches(matchers, labels):
    return all(matcher.matches(dict(labels)) for matcher in matchers)


def tick_by_tick(firings, routing, end, interval, resend, start):
    server, prometheus = Server(routing, start), Prometheus(firings, resend)
    for now in range(0, end, TICK):
        server.tick(now, list(prometheus.sends(now)) if now % interval == 0 else [])
    return sorted(server.sent, key=lambda one: (one.time, one.receiver, one.group))


def in_ticks(low, high):
    return st.integers(low, high).map(lambda number: number * TICK)


@st.composite
def routings(draw):
    def route(receiver, matchers="", routes=(), key="{}"):
        return Route(
            receiver,
            draw(st.sampled_from([None, frozenset(), frozenset(["alertname"]), frozenset(["job", "page"])])),
            draw(in_ticks(0, 12)),
            draw(in_ticks(1, 24)),
            draw(in_ticks(1, 60)),
            parse_matchers(matchers),
            go_on=draw(st.booleans()),
            muted=draw(st.sampled_from([(), (), ("first",), ("first", "second")])) if matchers else (),
            active=draw(st.sampled_from([(), (), (), ("second",)])) if matchers else (),
            routes=routes,
            key=key,
        )

    children = (
        route("mail", "page=yes", key="{}/1"),
        route("both", "alertname=~A|B", key="{}/2"),
        route("mail", "page=yes", key="{}/1"),
    )
    rules = [
        Inhibition(parse_matchers("page=yes"), parse_matchers("page="), ("job",)),
        Inhibition(parse_matchers("alertname=A"), parse_matchers("alertname!=A"), ()),
        Inhibition(parse_matchers("alertname=~A|B"), parse_matchers("alertname=~B|C"), ("job",)),
    ]
    intervals = {
        "first": (TimeInterval(minutes=((2, 5),)), TimeInterval(minutes=((15, 16),))),
        "second": (TimeInterval(minutes=((7, 20), (30, 31))),),
    }
    receivers = {
        "hook": frozenset([True]),
        "mail": draw(st.sampled_from([frozenset([False]), frozenset([True])])),
        "both": draw(st.sampled_from([frozenset([False, True]), frozenset()])),
    }
    return Routing(
        route("hook", routes=children[: draw(st.integers(0, 3))]),
        receivers,
        tuple(draw(st.lists(st.sampled_from(rules), max_size=2, unique=True))),
        intervals,
    )


@st.composite
def histories(draw, interval):
    firings = []
    for name in draw(st.lists(st.sampled_from("ABC"), min_size=1, max_size=3, unique=True)):
        for job in draw(st.lists(st.sampled_from("xyz"), min_size=1, max_size=2, unique=True)):
            page = (("page", "yes"),) if draw(st.booleans()) else ()
            now = 0
            for _ in range(draw(st.integers(1, 5))):
                gap, hold, length = (
                    interval * draw(st.integers(low, high)) for low, high in ((1, 40), (0, 3), (1, 60))
                )
                active, fired = now + gap, now + gap + hold
                now = fired + length
                labels = (("alertname", name), ("job", job), *page)
                firings.append(Firing(labels, active, fired, now))
            if draw(st.booleans()):
                last = firings.pop()
                firings.append(Firing(last.labels, last.active, last.fired, last.end, resolved=False))
    return firings


@settings(max_examples=300, deadline=None)
@given(st.data(), routings(), in_ticks(1, 4), in_ticks(1, 12), in_ticks(-40, 3))
def test_as_an_alertmanager_does(data, routing, interval, resend, start):
    """Routes, waits, repeats, inhibition, time intervals, resolved alerts and what is sent again: all as tick by tick."""
    firings = data.draw(histories(interval))
    end = TICKS * TICK
    expected = tick_by_tick(firings, routing, end, interval, resend, start)
    found = notifications(
        data.draw(st.permutations(firings)),
        routing,
        end,
        interval_ns=interval,
        resend_ns=resend,
        start_ns=start,
    )
    assert found == expected


def test_a_month_of_thousands():
    """A month of thousands of alerts takes a moment; one that always fires repeats at the first chance after 4 h."""
    month = 30 * 24 * 60
    always = Firing((("alertname", "Watchdog"),), 0, 0, month * MINUTE, resolved=False)
    others = [
        Firing(
            (("alertname", f"A{number % 40}"), ("pod", str(number))),
            at * MINUTE,
            at * MINUTE,
            (at + 45) * MINUTE,
        )
        for number, at in enumerate(range(7, month - 60, 13))
    ]
    begun = clock.process_time()
    found = notifications([always, *others], Routing.default(), month * MINUTE)
    assert clock.process_time() - begun < 3
    assert len(others) > 3000
    watchdog = [one.time for one in found if one.group == always.labels]
    assert {later - sooner for sooner, later in pairwise(watchdog)} == {245 * MINUTE}
    assert (watchdog[0], len(watchdog)) == (30 * SECOND, 177)
    new = {labels for one in found if one.kind == "new" for labels in one.firing}
    assert new == {one.labels for one in [always, *others]}


def test_what_ends_in_a_silent_time_is_thought_to_go_on():
    """An alert that ends while its route is mute comes back unheard until its repeat is due: so does Alertmanager's log."""
    route = Route("a", muted=("night",), key="{}/{}")
    routing = Routing(
        Route("a", routes=(route,)),
        {"a": frozenset([True])},
        time_intervals={"night": (TimeInterval(((60, 120),)),)},
    )
    labels = (("alertname", "Disk"),)
    times = [(10, 70), (130, 140), (200, 300)]
    firings = [Firing(labels, first * MINUTE, first * MINUTE, last * MINUTE) for first, last in times]
    found = notifications(firings, routing, 400 * MINUTE)
    assert [(one.kind, one.time // MINUTE) for one in found] == [
        ("new", 10),
        ("resolved", 140),
        ("new", 200),
        ("resolved", 300),
    ]
