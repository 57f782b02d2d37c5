"""Volumes that fill up, and how many days each has left."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from sre_anomaly.dataset import Table, TableSource
from sre_anomaly.registry import register
from sre_anomaly.table import _made_up as made

LOOKED_AT = 7
"""Days between two rows of a volume."""
HISTORY = 56
FURTHEST = 120
"""Days that are looked ahead; nobody plans for a volume that will be full later than that."""
MOST_DAYS = 500


@register("table", "capacity")
@dataclass
class Capacity(TableSource):
    """A row a volume and week; growth bends, jumps when a customer comes, and falls back when somebody tidies up."""

    rows: Annotated[int, Field(ge=100)] = 4000
    noise: Annotated[float, Field(ge=0)] = 1.0
    seed: int = 0

    def table(self) -> Table:
        """Draw volumes until there are rows enough; a row knows its own day and earlier ones."""
        draw = np.random.default_rng(self.seed)
        rows: list[tuple[float, ...]] = []
        volume = 0
        while len(rows) < self.rows:
            used, tidied = self._course(draw)
            full = int(np.argmax(used >= 1)) if (used >= 1).any() else 0
            first = max(HISTORY, full - FURTHEST)
            rows += [(*_seen(used, tidied, day), full - day, volume) for day in range(first, full, LOOKED_AT)]
            volume += 1
        values = np.array(rows[: self.rows], dtype=np.float64)
        names = (
            "share_used", "growth_a_day_last_week", "growth_a_day_last_4_weeks", "growth_a_day_last_8_weeks",
            "largest_jump_in_8_weeks", "days_since_tidied", "days_left_by_straight_line",
        )  # fmt: skip
        return Table(
            "volumes",
            {name: values[:, number] for number, name in enumerate(names)},
            target=values[:, -2],
            target_name="days_left",
            group=made.names("volume", values[:, -1].astype(np.int64)),
        )

    def _course(self, draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return the share used day by day and the days since somebody tidied up, each (500,)."""
        daily = draw.lognormal(-5.6, 0.5) * np.exp(0.004 * self.noise * draw.normal() * np.arange(MOST_DAYS))
        weekly = 1 + 0.5 * np.sin(2 * np.pi * np.arange(MOST_DAYS) / 7)
        steps = daily * weekly + 0.001 * self.noise * draw.normal(size=MOST_DAYS)
        comes = draw.random(MOST_DAYS) < 0.006
        steps += comes * draw.uniform(0.02, 0.1, MOST_DAYS) * self.noise
        used, since = np.empty(MOST_DAYS), np.empty(MOST_DAYS)
        level, last = draw.uniform(0.2, 0.6), 365
        for day in range(MOST_DAYS):
            level, last = max(level + steps[day], 0.05), last + 1
            # The fuller, the sooner somebody tidies up.
            if level < 1 and draw.random() < 0.012 * max(level - 0.6, 0) / 0.4:
                level, last = level * draw.uniform(0.8, 0.95), 0
            used[day], since[day] = level, min(last, 365)
        return used, since


def _seen(used: np.ndarray, tidied: np.ndarray, day: int) -> tuple[float, ...]:
    """Return what is known of a volume on a day."""
    week, month, two = ((used[day] - used[day - back]) / back for back in (7, 28, 56))
    jump = float(np.diff(used[day - HISTORY : day + 1]).max())
    line = (1 - used[day]) / month if month > 0 else np.inf
    numbers = (used[day], week, month, two, jump)
    return *(round(float(number), 5) for number in numbers), float(tidied[day]), round(min(line, 365.0), 1)
