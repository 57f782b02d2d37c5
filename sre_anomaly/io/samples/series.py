"""A series: samples of one metric of one entity, with the labels that say which."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from sre_anomaly.frame import Array, Times
from sre_anomaly.io.samples.source import Source

Kind = Literal["gauge", "counter"]
SECOND = 1_000_000_000
LATEST = 2**62
"""No time in a file lies so many ns after 1970."""


@dataclass(frozen=True)
class Series:
    """Samples in any order.

    Parameters
    ----------
    metric : str
    labels : mapping of name to value
    time : int64 (n,), ns since 1970
    values : int64, uint64 or float64 (n,)
        NaN is no sample.
    unit : str
        As the file has it; empty where it says none.
    kind : gauge or counter
        A counter only counts up, and begins again at zero.
    """

    metric: str
    labels: Mapping[str, str]
    time: Times
    values: Any
    unit: str = ""
    kind: Kind = "gauge"

    def in_order(self) -> "Series":
        """Return the same by time, of samples at one time the last alone, without those that hold no number."""
        values = np.asarray(self.values)
        there = np.isfinite(values) if values.dtype.kind == "f" else np.ones(len(values), dtype=bool)
        time, values = self.time[there], values[there]
        order = np.argsort(time, kind="stable")
        time, values = time[order], values[order]
        last = np.append(np.diff(time) != 0, True)[: len(time)]
        return replace(self, time=time[last], values=values[last])


@dataclass
class Gathered:
    """Samples on their way to series: told one by one, in the order of the file."""

    rows: dict[tuple[str, tuple[tuple[str, str], ...]], tuple[list[Any], list[Any]]] = field(
        default_factory=dict
    )
    units: dict[str, str] = field(default_factory=dict)
    """By metric."""
    counters: set[str] = field(default_factory=set)
    """The metrics that are counters."""

    def add(self, metric: str, labels: Mapping[str, str], time: int | str, value: Any) -> None:
        """Add a sample; its time is in ns since 1970, or as ISO 8601 writes it."""
        times, values = self.rows.setdefault((metric, tuple(sorted(labels.items()))), ([], []))
        times.append(time)
        values.append(value)

    def count_by_name(self) -> None:
        """Take for counters what Prometheus' names make counters: totals, buckets, and sums and counts of what has buckets."""
        names = {metric for metric, _ in self.rows}
        for name in names:
            base = name.removesuffix("_count").removesuffix("_sum")
            if name.endswith(("_total", "_bucket")) or (base != name and f"{base}_bucket" in names):
                self.counters.add(name)

    def series(self) -> list[Series]:
        """Return a series for each metric and labels, in the order in which they were first told."""
        return [
            Series(
                metric,
                dict(labels),
                from_iso(times) if isinstance(times[0], str) else np.array(times, dtype=np.int64),
                numbers(values),
                self.units.get(metric, ""),
                "counter" if metric in self.counters else "gauge",
            )
            for (metric, labels), (times, values) in self.rows.items()
        ]


def number(text: Any) -> Any:
    """Return a number as tools write it, a whole one as int.

    Raises
    ------
    ValueError
        If it is none.

    Examples
    --------
    >>> number("9007199254740993"), number(1.5), number("+Inf"), number(None)
    (9007199254740993, 1.5, inf, nan)
    """
    if text is None:
        return math.nan
    if isinstance(text, bool) or not isinstance(text, int | float | str):
        raise ValueError(f"{text!r} is not a number")  # noqa: TRY004 - of the file, not of the code
    if isinstance(text, str):
        try:
            return int(text) if text.strip().lstrip("+-").isdecimal() else float(text)
        except ValueError:
            raise ValueError(f"{text!r} is not a number") from None
    return text


def numbers(values: Iterable[Any]) -> Any:
    """Return numbers as an array: whole ones that fit stay whole.

    Examples
    --------
    >>> numbers([1, 2**63]).dtype, numbers([1, 2.5]).dtype, numbers([1, 10**30]).dtype
    (dtype('uint64'), dtype('float64'), dtype('float64'))
    """
    given = list(values)
    if given and all(isinstance(value, int) for value in given):
        low, high = min(given), max(given)
        if low >= -(2**63) and high < 2**63:
            return np.array(given, dtype=np.int64)
        if low >= 0 and high < 2**64:
            return np.array(given, dtype=np.uint64)
    return np.array(given, dtype=np.float64)


def from_epoch(value: Any, unit: int = SECOND) -> int:
    """Return a time since 1970, given in so many ns, as ns.

    Raises
    ------
    ValueError
        If it is no such time.

    Examples
    --------
    >>> from_epoch("1700000000.5"), from_epoch(1700000000000, 10**6)
    (1700000000500000000, 1700000000000000000)
    """
    given = number(value)
    if isinstance(given, float):
        if not math.isfinite(given):
            raise ValueError(f"{value!r} is not a time since 1970")
        given_ns = int(given // 1) * unit + round(given % 1 * unit)
    else:
        given_ns = given * unit
    if not 0 < given_ns < LATEST:
        raise ValueError(f"{value!r} is not a time since 1970")
    return given_ns


def from_iso(texts: Iterable[Any]) -> Times:
    """Return times as ISO 8601 writes them, without an offset in UTC, (n,) ns since 1970.

    Raises
    ------
    ValueError
        If one is no such time.

    Examples
    --------
    >>> from_iso(["2024-01-31T14:00:00Z", "2024-01-31T15:00:00+01:00"]).tolist()
    [1706709600000000000, 1706709600000000000]
    """
    given = list(texts)
    for text in given:
        if not isinstance(text, str) or not text[:4].isdecimal():
            raise ValueError(f"{text!r} is not a time such as 2024-01-31T14:05:00Z")
    try:
        found = pd.DatetimeIndex(pd.to_datetime(given, format="ISO8601", utc=True))
    except (ValueError, OverflowError):
        bad = next((text for text in given if not _is_iso(text)), given[0])
        raise ValueError(f"{bad!r} is not a time such as 2024-01-31T14:05:00Z") from None
    return np.asarray(found.as_unit("ns").asi8, dtype=np.int64)


def _is_iso(text: str) -> bool:
    try:
        pd.to_datetime([text], format="ISO8601", utc=True).as_unit("ns")
    except (ValueError, OverflowError):
        return False
    return True


def floats(values: Any) -> Array:
    """Return values as float64."""
    return np.asarray(values, dtype=np.float64)


@dataclass
class Export:
    """What a file holds, and in words what of it was left out."""

    series: list[Series]
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Format:
    """How one kind of file is known and read.

    Parameters
    ----------
    name : str
        What it is called: said on screen and listed.
    made_by : str
        How people come by it.
    claims : callable
        Whether a file is one: of a document of JSON, or of the text at its beginning.
    read : callable
        (source, its documents of JSON or None) -> what it holds. A ValueError says what is wrong in it.
    json : bool
        Whether its documents are read as JSON before.
    """

    name: str
    made_by: str
    claims: Callable[[Any], bool]
    read: Callable[[Source, Any], Export]
    json: bool = True
