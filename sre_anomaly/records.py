"""What a run says: alerts, and the record that others read."""

import csv
import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from math import inf, isfinite
from pathlib import Path
from typing import Any

import numpy as np

from sre_anomaly.numbers import measured

LEAST_SHARE = 0.01
"""A distance that is a smaller share of what was expected is told in the metric's unit: "0% above" says nothing."""
CANNOT_ALERT = -1e9
"""Below every excess of a row over what opens an alert, and finite, so that rows can be sorted by it."""


@dataclass(frozen=True)
class InUse:
    """What answers are worth where they are used, beside what is done without them."""

    in_short: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | float]]


@dataclass
class Alert:
    """What an alert policy made of neighbouring flags.

    ``start`` is the first flagged row, ``fired`` the row at which the policy would have paged someone, and
    ``end`` (half-open) one step after the last flagged row. All times are nanoseconds since 1970, UTC.
    """

    id: int
    start: int
    fired: int
    end: int
    peak: int
    peak_score: float
    peak_level: float
    flags: int
    closed: bool = False
    metric: str = ""
    """The metric that the reason names."""
    reason: str = ""
    metrics: list[dict[str, Any]] = field(default_factory=list)
    """The metrics with most surprise of their own: metric, share, value, expected; filled where a detector has bands."""

    def extend(self, time: int, step: int, score: float, level: float) -> None:
        """Take in a flagged row; the peak is the one furthest above its level."""
        self.end = time + step
        self.flags += 1
        if score - level > self.peak_score - self.peak_level:
            self.peak, self.peak_score, self.peak_level = time, score, level

    def closing(self) -> "Alert":
        """Close it."""
        self.closed = True
        return self


@dataclass
class Reason:
    """Why a data point is anomalous, in the metrics' own units."""

    metric: str
    seen: float
    expected: float
    """NaN where the history gives no expectation."""
    usual_low: float
    usual_high: float
    basis: str
    """What the expectation was drawn from, in words; empty for the bounds of the detector itself."""
    otherwise: str = ""
    """What else was unusual, in words, where the value is missing or within its band."""
    unit: str = ""
    """The base unit of the numbers, as `MetricFrame.units` has it."""

    @property
    def distance(self) -> float:
        """How far outside of the usual it is, in spreads; where one side alone matters, below 0 on the other; a missing value is furthest of all."""
        if not isfinite(self.seen):
            return inf
        above, below = self.usual_high - self.expected, self.expected - self.usual_low
        if isfinite(above) != isfinite(below):
            far, width = (
                (self.seen - self.expected, above) if isfinite(above) else (self.expected - self.seen, below)
            )
            return far / width if width > 0 else 0.0
        spread = self.usual_high - self.usual_low
        return abs(self.seen - self.expected) / spread if spread > 0 else 0.0

    @property
    def inside(self) -> bool:
        """Whether it lies within the usual; a missing value does not."""
        return self.usual_low <= self.seen <= self.usual_high

    def __str__(self) -> str:
        """Say it as a sentence."""
        numbers = (self.seen, self.expected, self.usual_low, self.usual_high)
        (seen, expected, low, high), unit = measured(self.unit, *numbers)
        seen = f"{seen}{unit}"
        band = f"({low} to {high})"
        if not isfinite(self.usual_low):
            band = f"(up to {high})"
        elif not isfinite(self.usual_high):
            band = f"(from {low})"
        if not isfinite(self.seen):
            known = not self.basis and not self.otherwise and isfinite(self.expected)
            return f"{self.metric}: {self.otherwise or 'no data'}{f', expected {expected}' if known else ''}"
        if not isfinite(self.expected):
            return f"{self.metric} = {seen}"
        text = f"{self.metric} = {seen}, expected "
        text += f"about {expected} {band} {self.basis}" if self.basis else f"{expected} {band}"
        if self.inside or self.otherwise:
            return f"{text}: {self.otherwise or 'value normal, pattern unusual'}"
        return text if self.basis else f"{text}: {_how_far(self.seen, self.expected, self.unit)}"


def _how_far(seen: float, expected: float, unit: str = "") -> str:
    """Return by how much a value misses what was expected, as a person would say it.

    Examples
    --------
    >>> _how_far(288.0, 400.0), _how_far(95.0, 5.0), _how_far(66777.0, 66572.0)
    ('28% below', '19 times as much', '205 above')
    """
    side = "above" if seen > expected else "below"
    if expected > 0 and seen >= 2 * expected:
        return f"{seen / expected:.2g} times as much"
    if expected > 0 and seen >= 0 and (share := abs(seen / expected - 1)) >= LEAST_SHARE:
        return f"{share:.0%} {side}"
    (far,), unit = measured(unit, abs(seen - expected))
    return f"{far}{unit} {side}"


def short(value: float) -> str:
    """Return a number with four significant digits and no exponent where it is readable without.

    Examples
    --------
    >>> short(0.04490516), short(1234567.0), short(41.0)
    ('0.04491', '1,234,567', '41')
    """
    if not isfinite(value):
        return "n/a"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if value != 0 and abs(value) < 1e-4:
        return f"{value:.3g}"
    return f"{value:.4g}"


@dataclass
class RunRecord:
    """Everything about one run that a program would want to read; written as ``record.json``."""

    status: str = "running"
    experiment: str = ""
    detector: str = ""
    """The option as it was chosen: several YAML files may name one class."""
    command: str = ""
    seed: int = 0
    config_hash: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    rows: int = 0
    detection: dict[str, Any] | None = None
    hindsight: dict[str, Any] | None = None
    """What a look back found; nothing of it is in ``detection``."""
    forecast: dict[str, Any] | None = None
    classification: dict[str, Any] | None = None
    regression: dict[str, Any] | None = None
    timings: dict[str, float] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    started: str = ""
    notes: list[str] = field(default_factory=list)
    error: str | None = None

    def write(self, folder: Path) -> None:
        """Write ``record.json`` whole or not at all."""
        write_json(folder / "record.json", asdict(self))


def plain(value: Any) -> Any:
    """Return a value that JSON can hold: numpy numbers become Python's, NaN and infinity become null.

    Examples
    --------
    >>> plain({"f1": np.float64("nan"), "rows": np.int64(3)})
    {'f1': None, 'rows': 3}
    """
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not isfinite(value):
        return None
    if isinstance(value, datetime):
        return value.isoformat()
    return value


def write_json(path: Path, content: Any) -> None:
    """Write JSON under a temporary name, then rename it; NaN becomes null."""
    write_text(path, json.dumps(plain(content), indent=2, allow_nan=False) + "\n")


def write_csv(path: Path, columns: Mapping[str, Sequence[Any]]) -> None:
    """Write columns as a CSV file with a header, in the same way; None and NaN are empty cells."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(columns)
    for row in zip(*columns.values(), strict=True):
        rows.writerow(["" if cell != cell else cell for cell in row])  # noqa: PLR0124 - NaN alone differs from itself
    write_text(path, text.getvalue())


def write_text(path: Path, text: str) -> None:
    """Write a text file under a temporary name, then rename it: a reader never sees half of it."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)  # noqa: PTH105 - Path.replace is the same call with a vaguer name


WHOLE_NUMBERS = ("edges_", "chosen_", "windows_")
"""Learned arrays of whole numbers; all others are float64."""


def refuse_misfits(learned: Mapping[str, Any], dimensions: Sequence[tuple[str, int]]) -> None:
    """Refuse learned arrays that do not have one of their numbers of dimensions, or hold another kind of numbers.

    Raises
    ------
    ValueError
        If one does not.
    """
    for name in {name for name, _ in dimensions} & learned.keys():
        value = learned[name]
        if not isinstance(value, np.ndarray) or (name, value.ndim) not in dimensions:
            raise ValueError(f"{name}: does not have the right number of dimensions")
        if value.dtype != (np.int64 if name in WHOLE_NUMBERS else np.float64):
            raise ValueError(f"{name}: is of {value.dtype}")
