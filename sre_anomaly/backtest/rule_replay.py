"""One alerting rule over a history: the server says when its expression held, and what follows is decided here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from sre_anomaly.backtest.asking import Asking
from sre_anomaly.backtest.firing import Firing, Run, firing_intervals, runs_at
from sre_anomaly.errors import DataError
from sre_anomaly.frame import Array, Times
from sre_anomaly.io.prometheus import Labels, RefusedError
from sre_anomaly.promql.recorded import resolved
from sre_anomaly.promql.rule_file import Rule
from sre_anomaly.promql.templates import filled

MOST_SERIES = 5000
"""A rule that gives more alerts than these is told how to be narrower."""
NAME = "__name__"


@dataclass
class Held:
    """When a rule's expression held, for one set of labels of its alert."""

    runs: list[Run] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    """What the expression gave at the evaluation at which each run would fire; NaN where it never got there."""

    def take_in(self, at: Times, values: Array, step: int, hold: int) -> None:
        """Take in the evaluations of one more piece."""
        for first, stop in runs_at(at, step):
            if self.runs and self.runs[-1][1] == first:
                self.runs[-1] = (self.runs[-1][0], stop)
            else:
                self.runs.append((first, stop))
                self.values.append(float("nan"))
            fires = self.runs[-1][0] + -(-hold // step) * step
            if first <= fires < stop:
                self.values[-1] = float(values[np.searchsorted(at, fires)])


@dataclass
class Replay:
    """What became of one alerting rule."""

    rule: Rule
    held: dict[Labels, Held] = field(default_factory=dict)
    end: int = 0
    """The first evaluation that is not known any more."""

    def firings(self, hold: int | None = None, keep: int | None = None) -> list[Firing]:
        """Return the alerts in the order in which they fired, with another `for` or `keep_firing_for` where given."""
        rule, found = self.rule, []
        hold, keep = rule.hold if hold is None else hold, rule.keep if keep is None else keep
        for labels, held in self.held.items():
            value_at = dict(zip((first for first, _ in held.runs), held.values, strict=True))
            for active, fired, end, resolved_ in firing_intervals(
                held.runs, rule.interval, self.end, hold, keep
            ):
                value = value_at.get(active, float("nan"))
                found.append(
                    Firing(labels, active, fired, end, resolved_, value, _summary(rule, labels, value))
                )
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
    begin = -(-(first - rule.hold - rule.keep) // step) * step
    final = last // step * step
    found = Replay(rule, end=final + step)
    expression = resolved(rule, recorded)
    try:
        for series in asking.pieces(expression, begin, final, step):
            for labels, at, values in series:
                for own, some in _alerts(rule, labels, values):
                    held = found.held.setdefault(own, Held())
                    held.take_in(at[some], values[some], step, rule.hold)
            if len(found.held) > MOST_SERIES:
                raise DataError(
                    f"{rule.where}: alert {rule.name} gives more than {MOST_SERIES:,} alerts; narrow its selectors, "
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
    for key in ("summary", "message", "description"):
        if key in rule.annotations:
            return filled(rule.annotations[key], dict(labels), value)
    return ""
