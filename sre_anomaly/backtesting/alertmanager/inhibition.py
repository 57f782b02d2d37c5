"""Which alerts nobody is told of because others fire."""

from collections.abc import Sequence
from typing import NamedTuple

from sre_anomaly.backtesting.alertmanager.routing import Inhibition
from sre_anomaly.io.prometheus import Labels
from sre_anomaly.promql.matchers import all_match


class _Side(NamedTuple):
    rule: int
    equal: tuple[str, ...]
    """The values of the rule's equal labels; of one that is not there, the empty one."""
    source: bool
    target: bool


class Inhibitor:
    """The sources that fire now, and what they inhibit.

    Examples
    --------
    >>> from sre_anomaly.promql.matchers import parse_matchers
    >>> rule = Inhibition(parse_matchers("severity=critical"), parse_matchers("severity=warning"), ("job",))
    >>> inhibitor = Inhibitor([rule])
    >>> inhibitor.put((("job", "db"), ("severity", "critical")), firing=True)
    >>> [inhibitor.mutes((("job", job), ("severity", "warning"))) for job in ("db", "web")]
    [True, False]
    """

    def __init__(self, rules: Sequence[Inhibition]) -> None:
        self.rules = rules
        self.firing: dict[tuple[int, tuple[str, ...]], dict[Labels, bool]] = {}
        """For each rule and set of equal values the sources that fire, and whether they are targets of it too."""
        self.known: dict[Labels, list[_Side]] = {}

    def sides(self, labels: Labels) -> list[_Side]:
        """Return what an alert is to each rule that knows it."""
        if labels not in self.known:
            named = dict(labels)
            sides = [
                _Side(
                    number,
                    tuple(named.get(name, "") for name in rule.equal),
                    all_match(rule.source, named),
                    all_match(rule.target, named),
                )
                for number, rule in enumerate(self.rules)
            ]
            self.known[labels] = [side for side in sides if side.source or side.target]
        return self.known[labels]

    def put(self, labels: Labels, firing: bool) -> None:
        """Note that an alert fires, or no longer does."""
        for side in self.sides(labels):
            if side.source and firing:
                self.firing.setdefault((side.rule, side.equal), {})[labels] = side.target
            elif side.source:
                self.firing.get((side.rule, side.equal), {}).pop(labels, None)

    def mutes(self, labels: Labels) -> bool:
        """Say whether an alert is inhibited; what is a source itself is not by those that are targets as well."""
        return any(
            not side.source or not all(sources.values())
            for side in self.sides(labels)
            if side.target and (sources := self.firing.get((side.rule, side.equal)))
        )
