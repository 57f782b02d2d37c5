"""A service, tick by tick, and whether an incident starts within the next minutes."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from sre_anomaly.dataset import Table
from sre_anomaly.frame import Array
from sre_anomaly.registry import register
from sre_anomaly.table.recipes import _made_up as made
from sre_anomaly.table_contracts import TableSource

STEP = 5
"""Minutes between two rows."""
DAY = 24 * 60 // STEP
EVERY = 110
"""Ticks from one incident to the next, on average."""
ANNOUNCED = 0.6
"""Share of the incidents that build up; the others come out of nothing, as a pulled cable does."""
COLUMNS = ("queue", "error_rate", "milliseconds")


@register("table", "alert_forecasting")
@dataclass
class AlertForecasting(TableSource):
    """A row a tick outside of incidents: what is seen now, how it has moved, and whether trouble is near."""

    rows: Annotated[int, Field(ge=100)] = 12000
    minutes: Annotated[int, Field(ge=5, le=240)] = 30
    noise: Annotated[float, Field(ge=0)] = 1.0
    seed: int = 0

    def table(self) -> Table:
        """Draw the ticks; every column looks at the tick itself and at earlier ones only."""
        draw = np.random.default_rng(self.seed)
        # A tenth of the ticks are inside of incidents, and one day of history is needed before the first row.
        ticks = int(self.rows * 1.2) + 2 * DAY
        strain, inside, left = self._course(draw, ticks)
        busy = 1 + 0.4 * np.sin(2 * np.pi * np.arange(ticks) / DAY)
        logs = [
            level + gain * strain + 0.6 * np.log(busy) + 0.25 * self.noise * _wander(draw, ticks)
            for level, gain in ((3.0, 0.9), (-4.5, 1.0), (4.5, 0.5))
        ]
        columns: dict[str, Array] = {}
        for name, log in zip(COLUMNS, logs, strict=True):
            digits = 5 if name == "error_rate" else 1
            now = np.exp(log + 0.15 * self.noise * draw.normal(size=ticks))
            columns[name] = now.round(digits)
            columns[f"{name}_to_half_an_hour_ago"] = (now / _ago(now, 6)).round(3)
            columns[f"{name}_to_yesterday"] = (now / _ago(now, DAY)).round(3)
        near = left * STEP <= self.minutes
        kept = np.flatnonzero(~inside & (np.arange(ticks) >= DAY))[: self.rows]
        every = Table(
            "service",
            columns,
            target=np.where(near, "yes", "no").astype(object),
            target_name="incident_soon",
            group=made.names("day", np.arange(ticks) // DAY),
            time=made.START + np.arange(ticks, dtype=np.int64) * STEP * made.MINUTE,
        )
        return every.rows(kept)

    def _course(self, draw: np.random.Generator, ticks: int) -> tuple[Array, np.ndarray, Array]:
        """Return the hidden strain, whether a tick is inside of an incident, and the ticks to the next one, each (n,)."""
        strain, inside, left = np.zeros(ticks), np.zeros(ticks, dtype=bool), np.full(ticks, np.inf)
        at, before = 0, 0
        while (at := at + 20 + int(draw.exponential(EVERY - 20))) < ticks:
            rise = int(draw.integers(4, 14))
            lasts = int(draw.integers(4, 12))
            happens = draw.random() < 0.7
            if not happens or draw.random() < ANNOUNCED:
                # What builds up and goes away by itself looks the same until then.
                start = max(at - rise, 0)
                strain[start:at] += np.linspace(0, draw.uniform(0.6, 1.6), at - start)
            if happens:
                left[before:at] = np.arange(at - before, 0, -1)
                inside[at : at + lasts] = True
                strain[at : at + lasts] += 2.0
                at += lasts
                before = at
        return strain, inside, left


def _ago(values: Array, ticks: int) -> Array:
    """Return (n,) what was there some ticks before; the first value where there was nothing yet."""
    return np.asarray(np.concatenate([np.full(ticks, values[0]), values[:-ticks]]))


def _wander(draw: np.random.Generator, ticks: int) -> Array:
    """Return (n,) a course that wanders and comes back, with a standard deviation of about 1."""
    steps = draw.normal(0, 0.3, ticks)
    out = np.empty(ticks)
    level = 0.0
    for tick, step in enumerate(steps):
        level = 0.95 * level + step
        out[tick] = level
    return out
