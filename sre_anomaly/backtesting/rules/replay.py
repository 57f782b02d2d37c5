"""One alerting rule over a history: the server says when its expression held, and what follows is decided here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from sre_anomaly.backtesting.rules.asking import Asking
from sre_anomaly.errors import DataError
from sre_anomaly.frame import Array, Mask, Times
from sre_anomaly.io.prometheus import Labels, RefusedError
from sre_anomaly.promql.firing import Firing, Run, firing_intervals, runs_at
from sre_anomaly.promql.recorded import resolved
from sre_anomaly.promql.rule_file import Rule
from sre_anomaly.promql.templates import filled

MOST_SERIES = 5000
"""A rule that gives more alerts than these is told how to be narrower."""
MOST_VALUES = 2_000_000
"""So many values of a rule are kept."""
NAME = "__name__"
BEYOND: dict[str, Callable[[Array, float], Mask]] = {
    ">": np.greater, ">=": np.greater_equal, "<": np.less, "<=": np.less_equal,
}  # fmt: skip


@dataclass
class Held:
    """When a rule's expression held, for one set of labels of its alert."""

    runs: list[Run] = field(default_factory=list)
    fired_with: list[float] = field(default_factory=list)
    """What the expression gave at the evaluation at which each run would fire; NaN where it never got there."""
    at: list[Times] = field(default_factory=list)
    values: list[Array] = field(default_factory=list)
    """What it gave at all of its evaluations, piece by piece; for what another limit would have given."""

    def take_in(self, at: Times, values: Array, step: int, hold: int) -> None:
        """Take in the evaluations of one more piece."""
        self.at.append(at)
        self.values.append(values)
        for first, stop in runs_at(at, step):
            if self.runs and self.runs[-1][1] == first:
                self.runs[-1] = (self.runs[-1][0], stop)
            else:
                self.runs.append((first, stop))
                self.fired_with.append(float("nan"))
            fires = self.runs[-1][0] + -(-hold // step) * step
            if first <= fires < stop:
                self.fired_with[-1] = float(values[np.searchsorted(at, fires)])

    def forget_values(self) -> None:
        """Keep the runs alone."""
        self.at, self.values = [], []

    def beyond(self, sign: str, limit: float, step: int) -> list[Run]:
        """Return the runs at which the values are beyond a limit that is stricter than the rule's own."""
        at, values = np.concatenate(self.at), np.concatenate(self.values)
        return runs_at(at[BEYOND[sign](values, limit)], step)


@dataclass
class Replay:
    """What became of one alerting rule."""

    rule: Rule
    held: dict[Labels, Held] = field(default_factory=dict)
    end: int = 0
    """The first evaluation that is not known any more."""
    kept: int = 0
    """How many values are kept."""

    def take_in(self, labels: Labels, at: Times, values: Array) -> None:
        """Take in evaluations at which the expression held, for the labels of an alert."""
        self.held.setdefault(labels, Held()).take_in(at, values, self.rule.interval, self.rule.hold)
        self.kept += len(at)
        if self.kept > MOST_VALUES:
            for held in self.held.values():
                held.forget_values()

    @property
    def has_values(self) -> bool:
        """Whether it can be said what another limit would have given: not of a rule that holds most of the time."""
        return self.kept <= MOST_VALUES

    def firings(
        self, *, hold: int | None = None, keep: int | None = None, limit: tuple[str, float] | None = None
    ) -> list[Firing]:
        """Return the alerts in the order in which they fired, with another `for`, `keep_firing_for` or limit where given."""
        rule, found = self.rule, []
        hold, keep = rule.hold if hold is None else hold, rule.keep if keep is None else keep
        for labels, held in self.held.items():
            runs = held.runs if limit is None else held.beyond(*limit, rule.interval)
            value_at = dict(zip((first for first, _ in held.runs), held.fired_with, strict=True))
            for active, fired, end, over in firing_intervals(runs, rule.interval, self.end, hold, keep):
                value = value_at.get(active, float("nan"))
                found.append(Firing(labels, active, fired, end, over, value, _summary(rule, labels, value)))
        return sorted(found, key=lambda one: (one.fired, one.labels))


def replay_rule(
    rule: Rule, recorded: Mapping[str, Sequence[Rule]], asking: Asking, first: int, last: int
) -> Replay:
    """Return when the expression of a rule held at its evaluations from ``first`` to ``last``, ns since 1970.

    Evaluations begin so much earlier that an alert that was pending or firing at ``first`` is one.

    Raises
    ------
    DataError
        If the server refuses the expression, does not answer, or gives too many alerts.
    """
    step = rule.interval
    before = sum(-(-span // step) for span in (rule.hold, rule.keep))
    begin = (-(-first // step) - before) * step
    final = last // step * step
    found = Replay(rule, end=final + step)
    expression = resolved(rule, recorded)
    try:
        for series in asking.pieces(expression, begin, final, step):
            for labels, at, values in series:
                for own, some in _alerts(rule, labels, values):
                    found.take_in(own, at[some], values[some])
            if len(found.held) > MOST_SERIES:
                raise DataError(
                    f"{rule.where}: alert {rule.name} gives {len(found.held):,} alerts so far, too many to be of use; narrow its selectors, "
                    'as with {job="..."}, or make it one alert with sum by (...) or max by (...)'
                )
    except RefusedError as error:
        raise DataError(
            f"{rule.where}: alert {rule.name}: the server refuses its expression: {error}"
        ) from None
    return found


def _alerts(rule: Rule, labels: Labels, values: Array) -> list[tuple[Labels, slice | Array]]:
    """Return the labels of the alerts that a series gives, and which of its evaluations are each one's."""
    given = {name: value for name, value in labels if name != NAME}
    if not any("$value" in text or ".Value" in text for text in rule.labels.values()):
        return [(_labels(rule, given, float("nan")), slice(None))]
    # A label with the value in it: whenever it changes, that is another alert.
    found: dict[Labels, Array] = {}
    for value in np.unique(values):
        own = _labels(rule, given, float(value))
        here = (values == value) if np.isfinite(value) else ~np.isfinite(values)
        found[own] = found[own] | here if own in found else here
    return list(found.items())


def _labels(rule: Rule, given: Mapping[str, str], value: float) -> Labels:
    own = {name: filled(text, given, value) for name, text in rule.labels.items()}
    whole = {**given, **own, "alertname": rule.name}
    return tuple(sorted((name, text) for name, text in whole.items() if text))


def _summary(rule: Rule, labels: Labels, value: float) -> str:
    # A template sees the labels that the expression gave, not those of the rule.
    given = {name: text for name, text in labels if name != "alertname" and name not in rule.labels}
    for key in ("summary", "message", "description"):
        if key in rule.annotations:
            return filled(rule.annotations[key], given, value)
    return ""
