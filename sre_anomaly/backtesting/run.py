"""A backtest: rules, static thresholds and models over one history, as what would have paged somebody."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from sre_anomaly.backtesting.card import Card, card
from sre_anomaly.backtesting.changes import changes_of_rule
from sre_anomaly.backtesting.outcome import MINUTE, AlertSource, Change, Page, Scope, Truth, in_time
from sre_anomaly.backtesting.pages import pages_of
from sre_anomaly.backtesting.rules.asking import Asking, span_with_data
from sre_anomaly.backtesting.rules.replay import replay_rule
from sre_anomaly.backtesting.series import SeriesFound, SeriesWork, replay_all
from sre_anomaly.backtesting.verdict import Verdict, verdict
from sre_anomaly.errors import UserError
from sre_anomaly.promql.recorded import by_name, needs
from sre_anomaly.promql.rule_file import Rule
from sre_anomaly.promql.tokens import comparison, selectors
from sre_anomaly.sources import DataSource


@dataclass(frozen=True)
class History:
    """What is replayed over which time."""

    rules: Sequence[Rule] = ()
    """Of a rule file, those that record too."""
    asking: Asking | None = None
    """The server that evaluates their expressions."""
    span: tuple[int, int] = (0, 0)
    """First and last evaluation of the rules."""
    work: SeriesWork | None = None
    source: DataSource | None = None
    routing: Any = None
    """How an Alertmanager groups; None: as one does that has only defaults."""
    truth: Sequence[Truth] | None = None
    """Known incidents; None: those that the series bring."""
    timezone: str = "UTC"
    jobs: int = 1


@dataclass
class Judged:
    """An alert source with its card and what is to be said of it."""

    source: AlertSource
    card: Card
    verdict: Verdict
    changes: list[tuple[Change, Card]]
    """What other settings would have given, from mild to strong."""
    scope: Scope


@dataclass
class Team:
    """What pages together: all rules, or one threshold or model by itself."""

    name: str
    pages: list[Page]
    """One that tells of two rules is one page."""
    card: Card
    scope: Scope
    members: list[Judged]
    """What pages most first."""


@dataclass
class Backtest:
    """What would have paged whom."""

    teams: list[Team]
    """The rules first, then thresholds and models: these are choices, of which one would be taken."""
    truth: list[Truth] | None
    span: tuple[int, int]
    series: list[SeriesFound] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def judged(self) -> list[Judged]:
        """Each alert source."""
        return [one for team in self.teams for one in team.members]


def backtest(history: History, tell: Callable[[str], Any]) -> Backtest:
    """Replay everything that is asked for.

    Raises
    ------
    UserError
        If a rule or a model cannot be used, or the data cannot be read.
    """
    notes, truth, span = list[str](), history.truth, history.span
    series: list[SeriesFound] = []
    choices: list[AlertSource] = []
    if history.work is not None and history.source is not None:
        series = replay_all(history.work, history.source, history.jobs, tell)
        choices = _of_series(history.work, series)
        usable = [one for one in series if not one.error]
        span = (min(one.first for one in usable), max(one.last for one in usable))
        if truth is None and any(one.truth is not None for one in usable):
            truth = [incident for one in usable for incident in one.truth or ()]
        if broken := [one for one in series if one.error]:
            notes.append(
                f"{len(broken)} of {len(series)} series could not be read; the first: {broken[0].error}"
            )
    rules: list[AlertSource] = []
    if history.asking is not None and history.rules:
        first = max(span[0], history.span[0]) if series else history.span[0]
        rules, said, first = rules_over(history.rules, history.asking, first, history.span[1], tell)
        notes += said
        step = min(rule.interval for rule in history.rules)
        span = (first, history.span[1] // step * step + step)
    truth = None if truth is None else [one for one in truth if one.end > span[0] and one.start < span[1]]
    whole = Scope(span, span[1] - span[0], timezone=history.timezone)
    times = [one.last - one.first for one in series if not one.error]
    each = Scope(span, sum(times), len(times), history.timezone) if times else whole
    judge = partial(_team, truth=truth, routing=history.routing)
    teams = [judge(f"your {count_of(rules, 'rule')}", rules, whole)] if rules else []
    teams += [judge(source.name, [source], each) for source in choices]
    return Backtest(teams, truth, span, series, notes)


def _team(
    name: str, sources: list[AlertSource], scope: Scope, *, truth: list[Truth] | None, routing: Any
) -> Team:
    def pages_and_card(some: Sequence[AlertSource]) -> tuple[list[Page], Card]:
        pages = pages_of(some, routing=routing, span=scope.span)
        return pages, card(pages, [firing for one in some for firing in one.firings], truth, scope)

    members = []
    for source in sources:
        source.pages, own = pages_and_card([source])
        changes = [
            (change, pages_and_card([replace(source, firings=change.firings)])[1])
            for change in source.changes
            if source.firings or change.firings
        ]
        members.append(Judged(source, own, verdict(source, own, changes, scope), changes, scope))
    members.sort(key=lambda one: (-one.card.pages, one.source.name))
    return Team(name, *pages_and_card(sources), scope, members)


def count_of(things: Sequence[Any], word: str) -> str:
    """Return how many things there are."""
    return f"{len(things):,} {word}" + ("" if len(things) == 1 else "s")


def rules_over(
    rules: Sequence[Rule], asking: Asking, first: int, last: int, tell: Callable[[str], Any]
) -> tuple[list[AlertSource], list[str], int]:
    """Return the alerting rules with what would have fired, sentences for people, and from when on there are data.

    Raises
    ------
    UserError
        A line for each rule that the server refuses; or it does not answer, or has no data.
    """
    recorded = by_name(rules)
    asked = [one.name for rule in rules for one in selectors(rule.expression)]
    wanted = [name for name in dict.fromkeys(asked) if name and name not in recorded and name != "ALERTS"]
    step = min(rule.interval for rule in rules)
    known = asking.known(wanted, first, last, step)
    since, said = span_with_data(known, first, last, step) if wanted else (first, None)
    notes = [said] if said else []
    found, mistakes = [], []
    alerting = [rule for rule in rules if not rule.records]
    names = titles(alerting)
    for number, rule in enumerate(alerting, start=1):
        tell(f"rule {number} of {len(alerting)}: {rule.name}")
        source = AlertSource(names[number - 1], "rule", rule.expression, rule.where, interval=rule.interval)
        found.append(source)
        try:
            replay = replay_rule(rule, recorded, asking, since, last)
        except UserError as error:
            mistakes.append(str(error))
            continue
        source.firings = in_time(replay.firings(), since)
        source.changes = changes_of_rule(replay, comparison(rule.expression), since)
        if source.firings:
            continue
        needed, all_of_them = needs(rule, recorded)
        lacking = [name for name in needed if name in wanted and name not in known]
        lacking = [name for name in lacking if asking.lacks(name, since, last)]
        source.lacking = ", ".join(lacking)
        source.cannot = bool(lacking) and (all_of_them or lacking == needed)
    if mistakes:
        raise UserError("\n".join(mistakes))
    return found, notes, since


def titles(rules: Sequence[Rule]) -> list[str]:
    """Return the names of rules, and where several have the same the fewest labels that tell them apart, or else their line.

    Examples
    --------
    >>> each = ({"severity": "page", "long": "1h"}, {"severity": "page", "long": "6h"}, {"severity": "ticket"})
    >>> titles([Rule("Burn", False, "up", 1, labels=labels) for labels in each])
    ['Burn (page, 1h)', 'Burn (page, 6h)', 'Burn (ticket)']
    """
    found = []
    for rule in rules:
        alike = [one for one in rules if one.name == rule.name and one is not rule]
        apart = []
        for key in sorted(rule.labels, key=lambda key: key != "severity"):
            differ = [one for one in alike if one.labels.get(key) != rule.labels[key]]
            if differ:
                apart.append(rule.labels[key])
                alike = [one for one in alike if one not in differ]
        if alike:
            apart = [f"line {rule.where.rpartition(':')[2]}"]
        found.append(f"{rule.name} ({', '.join(apart)})" if apart else rule.name)
    return found


def _of_series(work: SeriesWork, series: Sequence[SeriesFound]) -> list[AlertSource]:
    """Return the thresholds and models, each with what it reported of all series."""
    kinds = {rule.name: "limit" for rule in work.limits} | dict.fromkeys(work.models, "model")
    sources = []
    for name, kind in kinds.items():
        step = max((one.step for one in series), default=0) or MINUTE
        source = AlertSource(name, kind, name, interval=step)  # type: ignore[arg-type]
        for one in series:
            source.firings += one.firings.get(name, [])
            for place, change in enumerate(one.changes.get(name, ())):
                if place == len(source.changes):
                    source.changes.append(replace(change, firings=[]))
                source.changes[place].firings.extend(change.firings)
        sources.append(source)
    return sources
