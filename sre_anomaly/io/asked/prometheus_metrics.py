"""How metrics are asked of a Prometheus: an expression for each, over the same span of time."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from sre_anomaly.clock import in_words, nanoseconds
from sre_anomaly.errors import ConfigError, DataError, did_you_mean
from sre_anomaly.frame import Array, MetricFrame
from sre_anomaly.io.asked.span import LookBack
from sre_anomaly.io.prometheus import MILLISECOND, Labels, Prometheus, RefusedError

MOST_ALIKE = 0.6
"""A larger share of rows like the one before is not what was measured, but what was measured before."""
NOT_NAMES = re.compile(
    r"""("(\\.|[^"\\])*"|'(\\.|[^'\\])*'|`[^`]*`|\{[^}]*\}|\[[^]]*\]|
    \b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\))""",
    re.VERBOSE,
)
NAME = re.compile(r"(?<![\w:.])[a-zA-Z_:][\w:]*(?!\s*\(|[\w:])")
WORDS = {
    "and", "or", "unless", "offset", "bool", "inf", "nan", "by", "without", "on", "ignoring", "atan2",
    "group_left", "group_right",
}  # fmt: skip
"""What stands where a metric's name could, and is none."""


@dataclass(kw_only=True)
class PrometheusReading(LookBack):
    """What is asked, of whom, and for which time."""

    url: str
    metrics: dict[str, str] | list[str] | str
    user: str | None = None
    secret_env: str | None = None
    headers: dict[str, str] | None = None

    def __post_init__(self) -> None:
        if not self.metrics:
            raise ConfigError(
                "data.metrics: name at least one: data.metrics=[node_load1], or {name: expression}"
            )
        self.expressions = expressions_of(self.metrics)
        if nanoseconds(self.step) < MILLISECOND or nanoseconds(self.step) % MILLISECOND:
            raise ConfigError(f"data.step: {self.step} is not a number of milliseconds; write one such as 1m")
        super().__post_init__()
        self.server = Prometheus(self.url, self.user, self.secret_env, self.headers or {})

    def frame(self, name: str, expressions: dict[str, str]) -> MetricFrame:
        """Return a metric for each expression.

        Raises
        ------
        DataError
            If the server does not answer, an expression is wrong, or gives no series or several.
        """
        first, last = self.span
        values, notes = self.values(expressions, first, last)
        for metric, column in zip(expressions, values.T, strict=True):
            if not np.isfinite(column).any():
                raise DataError(self._nothing(metric, expressions[metric]))
        if (np.diff(values, axis=0) == 0).all(axis=1).mean() > MOST_ALIKE:
            notes.append(
                f"Careful: most data points repeat the one before; is data.step ({in_words(self.step)}) shorter than the time "
                "between two scrapes?"
            )
        return self.on_the_clock(name, list(expressions), values, notes)

    def values(self, expressions: dict[str, str], first: int, last: int) -> tuple[Array, list[str]]:
        """Return (n, m) values at each tick, NaN where there is none, and what the server warns of.

        Raises
        ------
        DataError
            If the server does not answer, or an expression is wrong or gives several series.
        """
        columns = []
        notes: dict[str, None] = {}
        for metric, expression in expressions.items():
            try:
                found, warned = self.server.values(expression, first, last, self.step_ns)
            except RefusedError as error:
                raise DataError(f"data.metrics.{metric}: {expression!r} is refused: {error}") from None
            if len(found) > 1:
                raise DataError(f"data.metrics.{metric}: {expression!r} gives {_several(found)}")
            columns.append(next(iter(found.values()), np.full((last - first) // self.step_ns + 1, np.nan)))
            notes |= {f"data.metrics.{metric}: {warning}": None for warning in warned}
        return np.column_stack(columns), list(notes)

    def _nothing(self, metric: str, expression: str) -> str:
        said = f"data.metrics.{metric}: {expression!r} has no value {self.in_words}"
        try:
            known = self.server.label_values("__name__", None, *self.span)
        except (DataError, RefusedError):
            return said
        strange = [
            name for name in NAME.findall(NOT_NAMES.sub(" ", expression)) if name not in WORDS | set(known)
        ]
        return (
            f"{said}; no metric is called {strange[0]!r}: {did_you_mean(strange[0], known)}"
            if strange
            else said
        )


def expressions_of(metrics: dict[str, str] | list[str] | str) -> dict[str, str]:
    """Return the expression of each metric, by its name, as ``data.metrics`` says it.

    Examples
    --------
    >>> expressions_of(["node_load1"])
    {'node_load1': 'node_load1'}
    """
    names = [metrics] if isinstance(metrics, str) else metrics
    return dict(names) if isinstance(names, dict) else {name: name for name in names}


def _several(found: dict[Labels, Any]) -> str:
    """Return how many series there are, by which labels they differ, and what to do about it."""
    values: dict[str, set[str]] = {}
    for labels in found:
        for label, value in labels:
            values.setdefault(label, set()).add(value)
    counts = {label: sum(label in dict(labels) for labels in found) for label in values}
    differ = [label for label, seen in values.items() if len(seen) > 1 or counts[label] < len(found)]
    return (
        f'{len(found)} series, which differ by {", ".join(differ)}: choose one, as with {{{differ[0]}="..."}}, or make '
        "them one, as with sum(...) or avg(...); for one model a host there is data=prometheus_fleet"
    )
