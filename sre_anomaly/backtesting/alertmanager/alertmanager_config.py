"""Read what an Alertmanager's configuration file says of grouping: routes, receivers, inhibition, time intervals.

Of receivers only their names and ``send_resolved`` are looked at: addresses and keys are neither kept nor repeated.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from sre_anomaly.backtesting.alertmanager.routing import Inhibition, Route, Routing
from sre_anomaly.backtesting.alertmanager.time_intervals import TimeInterval, read_time_intervals
from sre_anomaly.errors import did_you_mean
from sre_anomaly.io.yaml_lines import Part, read_yaml
from sre_anomaly.promql.matchers import Matcher, parse_matchers

KEYS = (
    *("global", "route", "receivers", "inhibit_rules", "templates"),
    *("time_intervals", "mute_time_intervals", "tracing"),
)
TIMES = ("group_wait", "group_interval", "repeat_interval")
INTERVALS = ("mute_time_intervals", "active_time_intervals")
ROUTE_KEYS = (
    *("receiver", "group_by", "match", "match_re", "matchers", "continue", "routes"),
    *TIMES,
    *INTERVALS,
)
TELLS_OF_RESOLVED = {
    **dict.fromkeys(
        ("discord", "incidentio", "jira", "mattermost", "msteams", "msteamsv2", "opsgenie"), True
    ),
    **dict.fromkeys(("pagerduty", "pushover", "sns", "telegram", "victorops", "webex", "webhook"), True),
    **dict.fromkeys(("email", "rocketchat", "slack", "wechat"), False),
}
"""What ``send_resolved`` of each integration is where it is not given."""
NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
DURATION = re.compile(
    r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?", re.ASCII
)
UNITS = (31_536_000_000, 604_800_000, 86_400_000, 3_600_000, 60_000, 1000, 1)
"""Milliseconds of each unit."""


def read_alertmanager(path: Path | str) -> Routing:
    r"""Read an Alertmanager's configuration file.

    Raises
    ------
    ConfigError
        One line with the file, the line in it, what is wrong and what would be right.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile("w") as file:
    ...     written = file.write("route: {receiver: a, group_by: [job]}\nreceivers: [{name: a}]"), file.flush()
    ...     read_alertmanager(file.name).root.group_by
    frozenset({'job'})
    """
    whole = read_yaml(Path(path))
    try:
        return _routing(whole)
    except RecursionError:
        raise whole.wrong("a part of it refers to itself, or is nested too deeply") from None


def _routing(whole: Part) -> Routing:
    top = whole.mapping(KEYS)
    if "route" not in top or top["route"].empty:
        raise whole.wrong("there is no route; write `route:` with a receiver in it")
    receivers = dict(_receivers(top["receivers"])) if "receivers" in top else {}
    intervals: dict[str, tuple[TimeInterval, ...]] = {}
    for key in ("mute_time_intervals", "time_intervals"):
        for part in top[key].items() if key in top else []:
            name, times = read_time_intervals(part)
            if name in intervals:
                raise part.wrong(f"the time interval {name!r} is there twice")
            intervals[name] = times
    rules = top["inhibit_rules"].items() if "inhibit_rules" in top else []
    _root_stands_alone(top["route"])
    return Routing(
        _route(top["route"], None, receivers, intervals),
        receivers,
        tuple(map(_inhibition, rules)),
        intervals,
    )


def _receivers(part: Part) -> dict[str, frozenset[bool]]:
    found: dict[str, frozenset[bool]] = {}
    kinds = {f"{kind}_configs": tells for kind, tells in TELLS_OF_RESOLVED.items()}
    for one in part.items():
        given = one.mapping(("name", *kinds))
        name = given["name"].text() if "name" in given else ""
        if not name:
            raise one.wrong("a receiver has no name")
        if name in found:
            raise one.wrong(f"the receiver {name!r} is there twice")
        tells = set()
        for kind, usual in kinds.items():
            for integration in given[kind].items() if kind in given else []:
                said = integration.mapping().get("send_resolved")
                tells.add(usual if said is None or said.empty else said.flag())
        found[name] = frozenset(tells)
    return found


def _root_stands_alone(part: Part) -> None:
    """Refuse what the top route must not have, since all alerts come to it."""
    given = part.mapping(ROUTE_KEYS)
    for key in ("match", "match_re", "matchers", *INTERVALS):
        if key in given and not given[key].empty and (given[key].node.value):
            raise given[key].wrong(
                f"the top route has {key}, but all alerts go to it; move them to one of its routes"
            )
    if "continue" in given and given["continue"].flag():
        raise given["continue"].wrong("the top route cannot continue: there is none beside it")
    if "receiver" not in given or not given["receiver"].text():
        raise part.wrong("the top route has no receiver; it is the one for all that no other route takes")


def _route(
    part: Part,
    parent: Route | None,
    receivers: Mapping[str, frozenset[bool]],
    intervals: Mapping[str, tuple[TimeInterval, ...]],
) -> Route:
    given = part.mapping(ROUTE_KEYS)
    above = parent or Route("")
    receiver = given["receiver"].text() if "receiver" in given else ""
    if receiver and receiver not in receivers:
        raise given["receiver"].wrong(
            f"no receiver is called {receiver!r}; {did_you_mean(receiver, receivers)}"
        )
    named = {key: _interval_names(given[key], intervals) if key in given else () for key in INTERVALS}
    times = {key: _duration(given[key]) for key in TIMES if key in given and not given[key].empty}
    matchers = _matchers(given, "")
    # As Alertmanager sorts and writes them.
    written = ",".join(map(str, sorted(matchers, key=lambda one: (one.name, one.value, one.sign))))
    route = Route(
        receiver or above.receiver,
        _group_by(given["group_by"], above.group_by) if "group_by" in given else above.group_by,
        **{key: times.get(key, getattr(above, key)) for key in TIMES},
        matchers=matchers,
        go_on="continue" in given and not given["continue"].empty and given["continue"].flag(),
        muted=named["mute_time_intervals"],
        active=named["active_time_intervals"],
        key=f"{above.key}/{{{written}}}" if parent else "{}",
    )
    below = given["routes"].items() if "routes" in given else []
    children = tuple(_route(one, route, receivers, intervals) for one in below)
    return Route(**{**vars(route), "routes": children})


def _group_by(part: Part, above: frozenset[str] | None) -> frozenset[str] | None:
    names: list[str] = []
    for one in part.items():
        name = one.text()
        if name != "..." and not NAME.fullmatch(name):
            raise one.wrong(f"group_by: {name!r} is no label; write a name, or '...' alone for all labels")
        if name in names:
            raise one.wrong(f"group_by: {name!r} is there twice")
        names.append(name)
    if "..." in names:
        if len(names) > 1:
            raise part.wrong("group_by: '...' is all labels, so it cannot stand beside others")
        return None
    # An empty list says nothing.
    return frozenset(names) if names else above


def _interval_names(part: Part, known: Mapping[str, object]) -> tuple[str, ...]:
    for one in part.items():
        if one.text() not in known:
            raise one.wrong(f"no time interval is called {one.text()!r}; {did_you_mean(one.text(), known)}")
    return tuple(one.text() for one in part.items())


def _duration(part: Part) -> int:
    """Return a duration as Prometheus writes them, in ns."""
    text = part.text()
    found = DURATION.fullmatch(text)
    if not found or not text:
        if text != "0":
            raise part.wrong(f"{part.name}: {text!r} is no duration; write one such as 30s, 5m or 1h30m")
        found = DURATION.fullmatch("0s")
    numbers = found.groups() if found else ()
    length = sum(int(number or 0) * unit for number, unit in zip(numbers, UNITS, strict=True)) * 10**6
    if not length and part.name != "group_wait":
        raise part.wrong(f"{part.name} cannot be zero")
    return length


def _inhibition(part: Part) -> Inhibition:
    sides = [f"{side}{kind}" for side in ("source_", "target_") for kind in ("match", "match_re", "matchers")]
    given = part.mapping((*sides, "equal", "name"))
    equal = given["equal"].items() if "equal" in given else []
    return Inhibition(
        _matchers(given, "source_"), _matchers(given, "target_"), tuple(one.text() for one in equal)
    )


def _matchers(given: Mapping[str, Part], side: str) -> tuple[Matcher, ...]:
    """Return the matchers of a route, or of one side of an inhibition: the old forms and the new."""
    found: list[Matcher] = []
    for key, sign in ((f"{side}match", "="), (f"{side}match_re", "=~")):
        for name, value in given[key].mapping().items() if key in given else []:
            if not NAME.fullmatch(name):
                raise value.wrong(f"{key}: {name!r} is no label")
            if value.empty:
                raise value.wrong(f"{key}: {name} has no value; write '' for a label that is not there")
            try:
                found.append(Matcher(name, sign, value.text()))
            except ValueError as error:
                raise value.wrong(f"{key}: the expression of {name}: {error}") from None
    for one in given[f"{side}matchers"].items() if f"{side}matchers" in given else []:
        try:
            found += parse_matchers(one.text())
        except ValueError as error:
            raise one.wrong(f"{side}matchers: {error}") from None
    return tuple(found)
