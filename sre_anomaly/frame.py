"""One entity's metrics on a regular clock, the truth about them, and which rows may be learned from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from sre_anomaly.errors import printable
from sre_anomaly.known import Known, Windows, inside

if TYPE_CHECKING:
    # A saved model answers one point without pandas; who has frames has loaded it already.
    import pandas as pd

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Times = npt.NDArray[np.int64]
"""Nanoseconds since 1970, UTC."""

NANOSECONDS: Literal["ns"] = "ns"
LARGEST = 1e100
"""A larger number, such as the largest that a float can hold, stands for something else than a measurement; its
square has no number any more, and what was learned from it would be lost."""
WEEK = timedelta(days=7)
MINUTE = timedelta(minutes=1)
"""The step of a frame of one row, which has none of its own."""


@dataclass(frozen=True)
class Incident:
    """A stretch of time in which something was wrong: the half-open window ``[start, end)``."""

    start: pd.Timestamp
    end: pd.Timestamp
    id: int = 0
    type: str = "incident"
    severity: str = ""
    metric: str = ""
    """The metric in which the incident began, where that is known."""


@dataclass(frozen=True)
class Split:
    """Which rows are learned from, which choose the level, and which are judged.

    Each span is a slice of rows. ``validation`` is None where there is none. ``test`` may be the training
    span itself, as when a history is searched for its own anomalies; the run then says so.
    """

    train: slice
    validation: slice | None
    test: slice

    @property
    def in_sample(self) -> bool:
        """Whether rows that are judged were also learned from."""
        return self.test.start < self.train.stop and self.train.start < self.test.stop


NO_ROWS = Split(slice(0, 0), None, slice(0, 0))


@dataclass(frozen=True)
class MetricFrame:
    """Metrics of one entity, one row per tick of a regular clock.

    Parameters
    ----------
    name : str
        What the entity is called on screen and in the run folder.
    time : DatetimeIndex, (n,)
        UTC, strictly increasing by one fixed step.
    values : float64, (n, m)
        One column per metric. NaN is a gap: nothing was measured.
    metrics : tuple of str, (m,)
    incidents : tuple of Incident or None
        None: nobody knows. Empty: known to be healthy.
    labels : float64 (n,) or None
        1 anomalous, 0 normal, NaN not known. Drawn from the incidents where it is not given.
    split : Split or None
        The source's own split, if it has one.
    has_clock : bool
        False where the rows carry no time and the clock is only a row counter.
    timezone : str
        Where the people who read about it are: alerts are told in its time. The clock itself is UTC.
    notes : tuple of str
        What reading did to the data, for the person who reads the report.
    stamps : int64 (n,) or None
        When the rows were really measured, ns since 1970, where that is not the clock: some series repeat times or
        run backwards, and the order of their rows is all that counts.
    known : mapping of metric to Known
        What the owner of the metrics knows of them.
    by_name : str
        What of this is known by the names of the metrics alone, in words.
    windows : Windows
        Stretches of time that are not learned from, or in which nobody is paged; some lie ahead of the rows.
    units : mapping of metric to str
        The base unit that values were written in, where they were: B, s, %.
    counters : tuple of str
        The metrics of which only a count was measured; their values are rates a second.
    """

    name: str
    time: pd.DatetimeIndex
    values: Array
    metrics: tuple[str, ...]
    incidents: tuple[Incident, ...] | None = None
    labels: Array | None = None
    split: Split | None = None
    has_clock: bool = True
    timezone: str = "UTC"
    notes: tuple[str, ...] = ()
    stamps: Times | None = None
    known: Mapping[str, Known] = field(default_factory=dict)
    by_name: str = ""
    windows: Windows = field(default_factory=Windows)
    units: Mapping[str, str] = field(default_factory=dict)
    counters: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if str(self.time.tz) != "UTC":
            raise ValueError(f"time must be UTC, not {self.time.tz}")
        object.__setattr__(self, "time", self.time.as_unit(NANOSECONDS))
        if self.values.shape != (len(self.time), len(self.metrics)):
            raise ValueError(f"values are {self.values.shape}, not ({len(self.time)}, {len(self.metrics)})")
        if not all(name.isprintable() for name in (self.name, *self.metrics)):
            self._show_names()
        gaps = np.diff(self.time.asi8)
        if len(gaps) and (gaps[0] <= 0 or (gaps != gaps[0]).any()):
            raise ValueError("time must be a regular clock")
        if self.labels is None and self.incidents is not None:
            object.__setattr__(self, "labels", rows_inside(self.time, self.incidents).astype(np.float64))
        if self.incidents is None and self.labels is not None and self.has_clock:
            object.__setattr__(self, "incidents", runs_of_labels(self.time, self.labels))

    def _show_names(self) -> None:
        """Names are text of somebody else's, and end up on screens, in logs and in pages."""
        for part in ("metrics", "counters"):
            object.__setattr__(self, part, tuple(printable(name) for name in getattr(self, part)))
        for part in ("known", "units"):
            shown = {printable(name): one for name, one in getattr(self, part).items()}
            object.__setattr__(self, part, shown)
        object.__setattr__(self, "name", printable(self.name))

    def __len__(self) -> int:
        return len(self.time)

    @property
    def step(self) -> timedelta:
        """The time between two rows."""
        return self.time[1] - self.time[0] if len(self) > 1 else MINUTE

    @property
    def measured_at(self) -> Times:
        """When each row was measured, (n,) ns since 1970; 0 where rows carry no time."""
        if self.stamps is not None:
            return self.stamps
        return self.time.asi8 if self.has_clock else np.zeros(len(self), dtype=np.int64)

    @property
    def apart(self) -> Mask:
        """Which rows lie in a window that is not learned from, (n,)."""
        return inside(self.windows.apart, self.measured_at)

    def to_learn(self, span: slice) -> MetricFrame:
        """Return the rows of a span, those that are not to be learned from as gaps."""
        rows = self.rows(span)
        apart = rows.apart
        if not apart.any():
            return rows
        return replace(rows, values=np.where(apart[:, np.newaxis], np.nan, rows.values))

    @property
    def fingerprint(self) -> str:
        """A SHA-256 over times, names and values: equal data, equal fingerprint."""
        digest = hashlib.sha256("\0".join(self.metrics).encode())
        digest.update(self.time.asi8.tobytes())
        digest.update(np.ascontiguousarray(self.values).tobytes())
        return digest.hexdigest()

    def rows(self, span: slice) -> MetricFrame:
        """Return the rows of a span as a frame of its own; incidents outside it are dropped."""
        time = self.time[span]
        kept = None
        if self.incidents is not None and len(time):
            end = time[-1] + self.step
            kept = tuple(i for i in self.incidents if i.start < end and i.end > time[0])
        labels = None if self.labels is None else self.labels[span]
        stamps = None if self.stamps is None else self.stamps[span]
        return replace(
            self,
            time=time,
            values=self.values[span],
            incidents=kept,
            labels=labels,
            split=None,
            notes=(),
            stamps=stamps,
        )


def rows_inside(time: pd.DatetimeIndex, incidents: tuple[Incident, ...]) -> Mask:
    """Return which rows lie inside an incident.

    Examples
    --------
    >>> import pandas as pd
    >>> clock = pd.date_range("2024-01-01", periods=4, freq="1h", tz="UTC")
    >>> rows_inside(clock, (Incident(clock[1], clock[3]),))
    array([False,  True,  True, False])
    """
    inside = np.zeros(len(time), dtype=bool)
    for incident in incidents:
        inside[time.searchsorted(incident.start) : time.searchsorted(incident.end)] = True
    return inside


def runs_of_labels(time: pd.DatetimeIndex, labels: Array) -> tuple[Incident, ...]:
    """Return each unbroken run of rows labelled 1 as one incident."""
    step = time[1] - time[0] if len(time) > 1 else MINUTE
    edges = np.diff(np.concatenate([[False], labels == 1, [False]]).astype(np.int8))
    starts, ends = np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist()
    return tuple(
        Incident(time[start], time[end - 1] + step, id=number)
        for number, (start, end) in enumerate(zip(starts, ends, strict=True), start=1)
    )


def no_metrics() -> MetricFrame:
    """Return the frame of a run that reads no metrics, but a table.

    Examples
    --------
    >>> len(no_metrics())
    0
    """
    import pandas as pd

    return MetricFrame("no metrics", pd.DatetimeIndex([], tz="UTC"), np.empty((0, 0)), ())
