"""A span of the past that a server is asked for, and what its values become on the clock of a frame."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sre_anomaly.clock import Duration, in_words, iso, nanoseconds
from sre_anomaly.errors import ConfigError
from sre_anomaly.frame import Array, Incident, MetricFrame
from sre_anomaly.io.incident_windows import read_windows, utc
from sre_anomaly.io.owner_knows import OwnerKnows
from sre_anomaly.io.regular_clock import regularise


@dataclass(kw_only=True)
class LookBack(OwnerKnows):
    """Which time is asked for, in steps of which length."""

    last: Duration = timedelta(days=14)
    end: str | None = None
    step: Duration = timedelta(minutes=1)
    interpolate: Duration = timedelta(minutes=15)
    incidents: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.step_ns = nanoseconds(self.step)
        if self.last < 2 * self.step:
            raise ConfigError(
                f"data.last: {in_words(self.last)} is shorter than two steps of {in_words(self.step)}"
            )
        if self.end is not None and self.until > time.time_ns():
            raise ConfigError(f"data.end: {self.end!r} lies ahead; leave it out to look until now")

    def settled(self, node: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings with an end: now, where it had none."""
        return dict(node) | ({"end": iso(self.until)} if self.end is None else {})

    @cached_property
    def until(self) -> int:
        """The newest time that is looked at, ns since 1970, a whole step: so that asking again for the same time gives the same."""
        end = time.time_ns()
        if self.end is not None:
            try:
                end = utc(self.end, self.timezone).value
            except (ValueError, TypeError):
                raise ConfigError(
                    f"data.end: {self.end!r} is no time; write one such as '2024-01-31 14:00'"
                ) from None
        return int(end // self.step_ns * self.step_ns)

    @property
    def span(self) -> tuple[int, int]:
        """First and last tick in ns since 1970."""
        last = self.until
        return last - nanoseconds(self.last) // self.step_ns * self.step_ns + self.step_ns, last

    @property
    def in_words(self) -> str:
        """The first and the last tick, as people read them."""
        first, last = (f"{pd.Timestamp(edge, tz='UTC'):%Y-%m-%d %H:%M}" for edge in self.span)
        return f"from {first} to {last} UTC"

    def on_the_clock(
        self, name: str, metrics: Sequence[str], values: Array, notes: Sequence[str]
    ) -> MetricFrame:
        """Return the frame of values (n, m) at each tick of the span, of which some row has one."""
        first, last = self.span
        notes = list(notes)
        clock = pd.DatetimeIndex(np.arange(first, last + 1, self.step_ns), tz="UTC")
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
            name, regular.time, regular.values, tuple(metrics),
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
