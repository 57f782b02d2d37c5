"""How metrics are asked of a Prometheus: an expression for each, over the same span of time."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sre_anomaly.clock import Duration, in_words, iso, nanoseconds
from sre_anomaly.errors import ConfigError, DataError, did_you_mean
from sre_anomaly.frame import Array, Incident, MetricFrame
from sre_anomaly.io.incident_windows import read_windows, utc
from sre_anomaly.io.owner_knows import OwnerKnows
from sre_anomaly.io.prometheus import MILLISECOND, Labels, Prometheus, RefusedError
from sre_anomaly.io.regular_clock import regularise

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
class PrometheusReading(OwnerKnows):
    """What is asked, of whom, and for which time."""

    url: str
    metrics: dict[str, str] | list[str] | str
    last: Duration = timedelta(days=14)
    end: str | None = None
    step: Duration = timedelta(minutes=1)
    interpolate: Duration = timedelta(minutes=15)
    incidents: str | None = None
    user: str | None = None
    secret_env: str | None = None
    headers: dict[str, str] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.metrics:
            raise ConfigError(
                "data.metrics: name at least one: data.metrics=[node_load1], or {name: expression}"
            )
        self.expressions = expressions_of(self.metrics)
        self.step_ns = nanoseconds(self.step)
        if self.step_ns < MILLISECOND or self.step_ns % MILLISECOND:
            raise ConfigError(f"data.step: {self.step} is not a number of milliseconds; write one such as 1m")
        if self.last < 2 * self.step:
            raise ConfigError(
                f"data.last: {in_words(self.last)} is shorter than two steps of {in_words(self.step)}"
            )
        if self.end is not None and self.span[1] > time.time_ns():
            raise ConfigError(f"data.end: {self.end!r} lies ahead; leave it out to look until now")
        self.server = Prometheus(self.url, self.user, self.secret_env, self.headers or {})

    def settled(self, node: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings with an end: now, where it had none."""
        return dict(node) | ({"end": iso(self.span[1])} if self.end is None else {})

    @cached_property
    def span(self) -> tuple[int, int]:
        """First and last tick in ns since 1970: whole steps, so that asking again for the same time gives the same."""
        end = time.time_ns()
        if self.end is not None:
            try:
                end = utc(self.end, self.timezone).value
            except (ValueError, TypeError):
                raise ConfigError(
                    f"data.end: {self.end!r} is no time; write one such as '2024-01-31 14:00'"
                ) from None
        last = end // self.step_ns * self.step_ns
        return last - nanoseconds(self.last) // self.step_ns * self.step_ns + self.step_ns, last

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
        clock = pd.DatetimeIndex(np.arange(first, last + 1, self.step_ns), tz="UTC")
        if (np.diff(values, axis=0) == 0).all(axis=1).mean() > MOST_ALIKE:
            notes.append(
                f"Careful: most data points repeat the one before; is data.step ({in_words(self.step)}) shorter than the time "
                "between two scrapes?"
            )
        measured = np.flatnonzero(np.isfinite(values).any(axis=1))
        kept = slice(measured[0], measured[-1] + 1)
        if len(clock[kept]) < len(clock):
            begin, end = (f"{clock[kept][edge]:%Y-%m-%d %H:%M}" for edge in (0, -1))
            notes.append(f"there are values from {begin} to {end} UTC only")
        regular = regularise(
            name, clock[kept], values[kept], resample=self.step, interpolate=self.interpolate
        )
        incidents = self._incidents(name, regular.time, notes)
        frame = MetricFrame(
            name, regular.time, regular.values, tuple(expressions),
            incidents=incidents, timezone=self.timezone, notes=(*notes, *regular.notes),
        )  # fmt: skip
        return self.told(frame)

    def _incidents(self, name: str, clock: pd.DatetimeIndex, notes: list[str]) -> tuple[Incident, ...] | None:
        if self.incidents is None:
            return None
        known = read_windows(Path(self.incidents).expanduser(), self.timezone, name)
        inside = tuple(one for one in known if one.end > clock[0] and one.start < clock[-1] + self.step)
        if len(inside) < len(known):
            # The span moves on from day to day, and the file need not.
            notes.append(
                f"{len(known) - len(inside)} of {len(known)} windows in {self.incidents} lie outside this time"
            )
        return inside

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
        first, last = (f"{pd.Timestamp(edge, tz='UTC'):%Y-%m-%d %H:%M}" for edge in self.span)
        said = f"data.metrics.{metric}: {expression!r} has no value from {first} to {last} UTC"
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
