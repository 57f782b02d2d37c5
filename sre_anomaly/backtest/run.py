"""A backtest: rules, static thresholds and models over one history, as what would have paged somebody."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any

from sre_anomaly.backtest.asking import Asking, span_with_data
from sre_anomaly.backtest.card import Card, card
from sre_anomaly.backtest.changes import changes_of_rule
from sre_anomaly.backtest.outcome import AlertSource, Change, Page, Truth, in_time
from sre_anomaly.backtest.pages import pages_of
from sre_anomaly.backtest.rule_replay import replay_rule
from sre_anomaly.backtest.series import SeriesFound, SeriesWork, replay_all
from sre_anomaly.backtest.verdict import Verdict, verdict
from sre_anomaly.errors import UserError
from sre_anomaly.frame import WEEK
from sre_anomaly.promql.recorded import by_name
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


@dataclass
class Backtest:
    """What would have paged whom."""

    judged: list[Judged]
    """Each alert source, what pages most first."""
    pages: list[Page]
    """Of the rules together: one that tells of two rules is one page. Without rules, of each source by itself."""
    total: Card
    truth: list[Truth] | None
    span: tuple[int, int]
    timezone: str
    series: list[SeriesFound] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def weeks(self) -> float:
        """The evaluated time in weeks."""
        return timedelta(microseconds=(self.span[1] - self.span[0]) / 1000) / WEEK

    @property
    def weeks_of_series(self) -> float:
        """The evaluated time of all series together, in weeks; that of the whole where there are no series."""
        known = [one.last - one.first for one in self.series if not one.error]
        return timedelta(microseconds=sum(known) / 1000) / WEEK if known else self.weeks


def backtest(history: History, tell: Callable[[str], Any]) -> Backtest:
    """Replay everything that is asked for.

    Raises
    ------
    UserError
        If a rule or a model cannot be used, or the data cannot be read.
    """
    sources, notes, truth, span = [], list[str](), history.truth, history.span
    series: list[SeriesFound] = []
    if history.work is not None and history.source is not None:
        series = replay_all(history.work, history.source, history.jobs, tell)
        sources += _of_series(history.work, series)
        usable = [one for one in series if not one.error]
        span = (min(one.first for one in usable), max(one.last for one in usable))
        if truth is None and any(one.truth is not None for one in usable):
            truth = [incident for one in usable for incident in one.truth or ()]
        if broken := [one for one in series if one.error]:
            notes.append(
                f"{len(broken)} of {len(series)} series could not be read; the first: {broken[0].error}"
            )
    if history.asking is not None and history.rules:
        first, last = history.span if not series else (max(span[0], history.span[0]), history.span[1])
        alerts, said, since = rules_over(history.rules, history.asking, first, last, tell)
        sources += alerts
        notes += said
        step = min(rule.interval for rule in history.rules)
        span = (since, last // step * step + step)
    truth = None if truth is None else [one for one in truth if one.end > span[0] and one.start < span[1]]
    pages_for = partial(pages_of, routing=history.routing, span=span)
    for source in sources:
        source.pages = pages_for([source])
    measure = partial(_card, truth=truth, span=span, timezone=history.timezone)
    together = pages_for(sources)
    weeks = timedelta(microseconds=(span[1] - span[0]) / 1000) / WEEK
    judged = [_judged(source, pages_for, measure, weeks) for source in sources]
    judged.sort(key=lambda one: (-one.card.pages, one.source.name))
    firings = [firing for source in sources for firing in source.firings]
    total = measure(together, firings)
    return Backtest(judged, together, total, truth, span, history.timezone, series, notes)


def _card(pages: list[Page], firings: Any, *, truth: Any, span: tuple[int, int], timezone: str) -> Card:
    return card(pages, firings, truth, span, timezone)


def _judged(
    source: AlertSource, pages_for: Callable[..., list[Page]], measure: Callable[..., Card], weeks: float
) -> Judged:
    def after(change: Change) -> Card:
        changed = replace(source, firings=change.firings)
        return measure(pages_for([changed]), change.firings)

    found = measure(source.pages, source.firings)
    return Judged(source, found, verdict(source, found, weeks, after))


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
    for number, rule in enumerate(alerting, start=1):
        tell(f"rule {number} of {len(alerting)}: {rule.name}")
        source = AlertSource(rule.name, "rule", rule.expression, rule.where)
        found.append(source)
        try:
            replay = replay_rule(rule, recorded, asking, since, last)
        except UserError as error:
            mistakes.append(str(error))
            continue
        source.firings = in_time(replay.firings(), since)
        source.changes = changes_of_rule(replay, comparison(rule.expression), since)
        lacking = [name for name in _needs(rule, recorded) if name in wanted and name not in known]
        if not source.firings and lacking:
            source.cannot = f"can never fire: the server has no metric {', '.join(lacking)}"
    if mistakes:
        raise UserError("\n".join(mistakes))
    return found, notes, since


def _needs(rule: Rule, recorded: Mapping[str, Sequence[Rule]]) -> list[str]:
    """Return the metrics that a rule asks the server for, through its recording rules too."""
    found: dict[str, None] = {}
    waiting, seen = [rule], set()
    while waiting:
        for one in selectors(waiting.pop().expression):
            if one.name in recorded and one.name not in seen:
                seen.add(one.name)
                waiting += recorded[one.name]
            elif one.name not in recorded:
                found[one.name] = None
    return list(found)


def _of_series(work: SeriesWork, series: Sequence[SeriesFound]) -> list[AlertSource]:
    """Return the thresholds and models, each with what it reported of all series."""
    kinds = {rule.name: "limit" for rule in work.limits} | dict.fromkeys(work.models, "model")
    sources = []
    for name, kind in kinds.items():
        source = AlertSource(name, kind, name)  # type: ignore[arg-type]
        for one in series:
            source.firings += one.firings.get(name, [])
            for place, change in enumerate(one.changes.get(name, ())):
                if place == len(source.changes):
                    source.changes.append(replace(change, firings=[]))
                source.changes[place].firings.extend(change.firings)
        sources.append(source)
    return sources
