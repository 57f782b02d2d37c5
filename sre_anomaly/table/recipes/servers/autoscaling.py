"""Requests of a service, tick by tick, and the most that come within the next minutes."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from sre_anomaly.dataset import Table
from sre_anomaly.records import InUse
from sre_anomaly.registry import register
from sre_anomaly.table.recipes import _made_up as made
from sre_anomaly.table_contracts import Answers, TableSource

STEP = 5
DAY = 24 * 60 // STEP
WEEK = 7 * DAY
AHEAD = 3
"""Ticks that a new instance takes to start: so far ahead has to be known how many are needed."""
CAPACITY_OF_ONE = 50.0
"""Requests a second that one instance can answer."""
FEWEST = 2
RESERVES = (1.1, 1.2, 1.5, 2.0)
"""So much more than what is expected is kept ready."""


@register("table", "autoscaling")
@dataclass
class Autoscaling(TableSource):
    """A row a tick: requests a second now and before, and the most in the next fifteen minutes."""

    rows: Annotated[int, Field(ge=100)] = 8000
    noise: Annotated[float, Field(ge=0)] = 1.0
    seed: int = 0

    def table(self) -> Table:
        """Draw the ticks; every column looks at the tick itself and at earlier ones only."""
        draw = np.random.default_rng(self.seed)
        ticks = self.rows + WEEK + AHEAD
        requests = self._course(draw, ticks)
        at = np.arange(WEEK, WEEK + self.rows)
        ahead = np.max([requests[at + step] for step in range(1, AHEAD + 1)], axis=0)
        # A day and a week ago what came next is known already.
        then = {
            f"most_in_15_minutes_{name}": np.max(
                [requests[at - back + step] for step in range(1, AHEAD + 1)], axis=0
            )
            for name, back in (("yesterday", DAY), ("a_week_ago", WEEK))
        }
        last_hour = np.max([requests[at - back] for back in range(12)], axis=0)
        columns = {
            "requests": requests[at],
            "requests_15_minutes_ago": requests[at - AHEAD],
            "requests_an_hour_ago": requests[at - 12],
            "most_in_last_hour": last_hour,
            "requests_yesterday": requests[at - DAY],
            "requests_a_week_ago": requests[at - WEEK],
            **then,
            "hour": (at % DAY) / 12.0,
            "weekday": (at // DAY % 7).astype(np.float64),
        }
        return Table(
            "requests",
            {name: np.round(column, 1) for name, column in columns.items()},
            target=np.round(ahead, 1),
            target_name="most_in_next_15_minutes",
            group=made.names("day", at // DAY),
            time=made.START + at * STEP * made.MINUTE,
        )

    def in_use(self, answers: Answers) -> InUse:
        """Turn requests into instances, by what is expected and by the requests of now: what both cost and risk."""
        now = answers.table.numbers["requests"][answers.rows]
        needed = answers.table.values()[answers.rows] / CAPACITY_OF_ONE
        rows: list[list[str | float]] = []
        for reserve in RESERVES:
            for name, expected in (("requests of now", now), ("expected requests", answers.predicted)):
                instances = np.maximum(FEWEST, np.ceil(expected * reserve / CAPACITY_OF_ONE))
                hours = float(instances.mean() * 24)
                rows.append([name, f"{reserve:g}", round(hours, 1), f"{np.mean(needed > instances):.1%}"])
        (_, _, cost, risk), (_, _, more, less) = rows[:2]
        return InUse(
            f"with a reserve of {RESERVES[0]:g}, {more:.0f} hours of instances a day leave too few of them in {less} of all ticks; "
            f"scaling by the requests of now takes {cost:.0f} hours and leaves too few in {risk}",
            ["scaled by", "reserve", "instance hours a day", "ticks with too few"],
            rows,
        )

    def _course(self, draw: np.random.Generator, ticks: int) -> np.ndarray:
        """Return requests a second, (n,)."""
        tick = np.arange(ticks)
        day = np.exp(1.1 * np.sin(2 * np.pi * (tick / DAY - 0.3)) + 0.4 * np.sin(4 * np.pi * tick / DAY))
        calm = np.where(tick // DAY % 7 >= 5, 0.6, 1.0)
        level, wander = 0.0, np.empty(ticks)
        for number, step in enumerate(draw.normal(0, 0.04 * self.noise, ticks)):
            level = 0.97 * level + step
            wander[number] = level
        # A campaign, a crawler, a retry storm: it comes within minutes and fades within the hour.
        burst = np.convolve(
            (draw.random(ticks) < 0.006) * draw.lognormal(-0.4, 0.6, ticks) * self.noise,
            [0.3, 0.7, 1.0, 0.9, 0.8, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1],
        )[:ticks]
        wild = 1 + 0.05 * self.noise * draw.normal(size=ticks)
        return np.asarray(400 * day * calm * np.exp(wander) * (1 + burst) * wild.clip(0.5))
