"""Volumes that fill up, and how many days each has left."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from sre_anomaly.dataset import Table
from sre_anomaly.errors import DataError
from sre_anomaly.frame import Array
from sre_anomaly.io.timestamps import DAY_NS, dates_within, days_after
from sre_anomaly.records import InUse
from sre_anomaly.registry import register
from sre_anomaly.table.recipes import _made_up as made
from sre_anomaly.table.recipes.servers._usage import UsageSeries, usage_series
from sre_anomaly.table_contracts import Answers, TableSource

LOOKED_AT = 7
"""Days between two rows of a volume."""
HISTORY = 56
FURTHEST = 120
"""Days that are looked ahead; nobody plans for a volume that will be full later than that."""
MOST_DAYS = 500
NEXT = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
"""Few volumes of a real history ever were full, but all have reached the first of these shares above where they were.

Without the last ones, which hardly any reaches, a volume with much left would be told like one with a fifth left.
"""
FULL, TOO_SHORT = "full already", f"cannot say: {HISTORY + 1} days are needed"
TIDIED = 0.03
"""A fall by so much from one day to the next is somebody who tidied up."""
NAMES = (
    "growth_a_day_last_week", "growth_a_day_last_4_weeks", "growth_a_day_last_8_weeks",
    "largest_jump_in_8_weeks", "days_since_tidied", "days_left_by_straight_line",
)  # fmt: skip
TEMPLATE = """\
  path: {path}   # <-- your metrics, CSV or Parquet: a row a moment and volume, a year of them
  volume: volume   # <-- the column that names the volume; null: there is one only
  used: used_percent   # <-- the column that says how much of it is used
  time: time   # <-- the column of times
  full: 100   # the number that means full: 100 for percent, or the size
"""
TEMPLATE_DAYS, TEMPLATE_VOLUMES = 365, 12


@register("table", "capacity")
@dataclass
class Capacity(TableSource):
    """A row a volume and week; growth bends, jumps when a customer comes, and falls back when somebody tidies up.

    With ``path`` the volumes are those of a file of metrics. What is learned then is how long it took to reach the next
    2, 5, 10, 20, 40 or 80 %, which a history shows that was never full; 120 days stand for whatever took longer.
    """

    path: str | None = None
    time: str = "time"
    volume: str | None = "volume"
    used: str = "used"
    full: Annotated[float, Field(gt=0)] = 100.0
    timezone: str = "UTC"
    day_first: bool | None = None
    rows: Annotated[int, Field(ge=100)] = 4000
    noise: Annotated[float, Field(ge=0)] = 1.0
    seed: int = 0

    def table(self) -> Table:
        """Read the file, or draw volumes until there are rows enough; a row knows its own day and earlier ones.

        Raises
        ------
        DataError
            If the file cannot be read, or is too short.
        """
        return self._made_up() if self.path is None else self._measured(self._courses())

    def _courses(self) -> list[UsageSeries]:
        return usage_series(
            Path(str(self.path)).expanduser(), self.time, self.used, self.volume, self.full,
            timezone=self.timezone, day_first=self.day_first,
        )  # fmt: skip

    def _measured(self, courses: list[UsageSeries]) -> Table:
        rows: list[tuple[Any, ...]] = []
        for course in courses:
            since = _since_tidied(course.used)
            # Of later days only what went fast is known by now: with them all would seem to go fast.
            for day in range(HISTORY, len(course.used) - FURTHEST, LOOKED_AT):
                for more in NEXT:
                    later = course.used[day + 1 : day + 1 + FURTHEST] >= course.used[day] + more
                    took = int(np.argmax(later)) + 1 if later.any() else FURTHEST
                    rows.append(
                        (_seen(course.used, since, day, more), took, course.first + day * DAY_NS, course.name)
                    )
        if not rows:
            raise DataError(
                f"{self.path}: {max(len(course.used) for course in courses)} days of a volume are too few: {HISTORY} are looked "
                f"back on and {FURTHEST} ahead"
            )
        seen, days, at, name = zip(*rows, strict=True)
        return _table(
            np.array(seen), "share_left", target=np.array(days, dtype=np.float64), target_name="days_left",
            group=np.array(name, dtype=object), time=np.array(at, dtype=np.int64),
            until=np.array([f"{more:.0%} more" for _ in range(len(seen) // len(NEXT)) for more in NEXT], dtype=object),
            between=(0, FURTHEST),
        )  # fmt: skip

    def in_use(self, answers: Answers) -> InUse | None:
        """Return when each volume of a file will be full, as seen from its last day; made-up ones have no today."""
        if self.path is None:
            return None
        every = self._courses()
        courses = [course for course in every if len(course.used) > HISTORY and course.used[-1] < 1]
        others = [
            [course.name, f"{course.used[-1]:.0%}", FULL if course.used[-1] >= 1 else TOO_SHORT, "", ""]
            for course in every
            if course not in courses
        ]
        rows = self._dated(courses, answers) if courses else []
        full = [row for row in others if row[2] == FULL]
        short = [row for row in others if row[2] == TOO_SHORT]
        return InUse(
            "; ".join(
                [
                    _first(rows),
                    *([f"{len(full)} full already: {full[0][0]}{', ...' * (len(full) > 1)}"] if full else []),
                ]
            ),
            ["volume", "used now", "full at", "at the earliest", "at the latest"],
            [*full, *rows, *short],
        )

    def _dated(self, courses: list[UsageSeries], answers: Answers) -> list[list[str]]:
        """Return a line for each volume that is not full yet, the soonest first."""
        last = [
            _seen(course.used, _since_tidied(course.used), len(course.used) - 1, 1 - course.used[-1])
            for course in courses
        ]
        told = answers.bounds(_table(np.array(last), "share_left"))
        today = np.array(
            [course.first + (len(course.used) - 1) * DAY_NS for course in courses], dtype=np.int64
        )
        dates = [dates_within(today, days, FURTHEST) for days in told]
        order = np.argsort(told[0], kind="stable")
        return [
            [courses[one].name, f"{courses[one].used[-1]:.0%}", *(str(moment[one]) for moment in dates)]
            for one in order
        ]

    def template(self) -> tuple[Mapping[str, Any], str]:
        """Return metrics of some made-up volumes, a row a day, and the lines that name their columns."""
        draw = np.random.default_rng(self.seed)
        courses = [self._course(draw)[0][:TEMPLATE_DAYS] for _ in range(TEMPLATE_VOLUMES)]
        # One that was full has been made twice as large.
        used = np.concatenate(
            [course / np.where(np.cumsum(course >= 1) > 0, 2, 1) for course in courses]
        ).clip(0, 1)
        days = np.tile(np.arange(TEMPLATE_DAYS), TEMPLATE_VOLUMES)
        columns = {
            "time": days_after(np.full(len(days), made.START), days.astype(np.float64)),
            "volume": made.names("volume", np.repeat(np.arange(TEMPLATE_VOLUMES), TEMPLATE_DAYS)),
            "used_percent": np.round(100 * used, 2),
        }
        return columns, TEMPLATE

    def _made_up(self) -> Table:
        draw = np.random.default_rng(self.seed)
        rows: list[tuple[float, ...]] = []
        volume = 0
        while len(rows) < self.rows:
            used, tidied = self._course(draw)
            full = int(np.argmax(used >= 1)) if (used >= 1).any() else 0
            first = max(HISTORY, full - FURTHEST)
            for day in range(first, full, LOOKED_AT):
                seen = _seen(used, tidied, day, 1 - used[day])
                rows.append((round(float(used[day]), 5), *seen[1:], day, full - day, volume))
            volume += 1
        values = np.array(rows[: self.rows], dtype=np.float64)
        return _table(
            values[:, :-3], "share_used", target=values[:, -2], target_name="days_left",
            group=made.names("volume", values[:, -1].astype(np.int64)),
            time=made.START + values[:, -3].astype(np.int64) * DAY_NS,
            until=np.full(len(values), "full", dtype=object), between=(0, FURTHEST),
        )  # fmt: skip

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


def _first(rows: list[list[str]]) -> str:
    """Say which volume is full first, and when.

    Examples
    --------
    >>> _first([["/var", "61%", "2025-03-04", "2025-02-01", "2025-04-09"], ["/tmp", "5%", *["not within 120 days"] * 3]])
    'first of 2: /var, full at 2025-03-04 (between 2025-02-01 and 2025-04-09)'
    >>> _first([["/tmp", "5%", *["not within 120 days"] * 3]])
    'none of 1 is in sight of being full: not within 120 days'
    """
    if not rows:
        return "no volume to look ahead for"
    name, _, at, early, late = rows[0]
    if at[0].isdigit():
        between = (
            f"between {early} and {late}" if late[0].isdigit() else f"{early} at the earliest, perhaps {late}"
        )
        return f"first of {len(rows)}: {name}, full at {at} ({between})"
    might = sorted((row[3], row[0]) for row in rows if row[3][0].isdigit())
    perhaps = f"; at the earliest {might[0][1]}, {might[0][0]}" if might else ""
    return f"none of {len(rows)} is in sight of being full: {at}{perhaps}"


def _seen(used: Array, tidied: Array, day: int, left: float) -> tuple[float, ...]:
    """Return what is known of a volume on a day, with so much left to go."""
    week, month, two = ((used[day] - used[day - back]) / back for back in (7, 28, 56))
    jump = float(np.diff(used[day - HISTORY : day + 1]).max())
    line = left / month if month > 0 else np.inf
    numbers = (left, week, month, two, jump)
    return *(round(float(number), 5) for number in numbers), float(tidied[day]), round(min(line, 365.0), 1)


def _since_tidied(used: Array) -> Array:
    """Return the days since the last fall, (d,); 365 where there was none."""
    day = np.arange(len(used))
    fell = np.maximum.accumulate(np.where(np.diff(used, prepend=used[0]) < -TIDIED, day, -365))
    return np.minimum(day - fell, 365).astype(np.float64)


def _table(values: Array, first: str, **others: Any) -> Table:
    columns = dict(zip((first, *NAMES), values.T, strict=True))
    return Table("volumes", columns, **others)
