"""A job: the past of its entities gone over once, then step after step, and what is alerted."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sre_anomaly.clock import nanoseconds
from sre_anomaly.frame import Array
from sre_anomaly.live.fleet_monitor import FleetMonitor, FleetResult
from sre_anomaly.records import Alert
from sre_anomaly.service.asking import Answers, MetricsOfEntities
from sre_anomaly.service.entities import Entities
from sre_anomaly.service.model import model_for
from sre_anomaly.service.settings import JobSettings


@dataclass(frozen=True)
class Event:
    """An alert of an entity opened, changed or closed."""

    job: str
    entity: str
    labels: dict[str, str]
    """Those that name the entity."""
    alert: Alert
    time: int
    """The row that brought it, ns since 1970."""


@dataclass
class Health:
    """What a job says of itself."""

    last_step: int = 0
    """The newest row, ns since 1970."""
    step_seconds: float = 0.0
    steps: int = 0
    errors: int = 0
    last_error: str = ""
    away_since: float | None = None
    odd: dict[str, int] = field(default_factory=dict)
    alerts: int = 0
    learning: bool = True


class Job:
    """Watches the entities of one source.

    Parameters
    ----------
    settings : JobSettings
    clock : callable
        Returns ns since 1970.
    """

    def __init__(self, settings: JobSettings, clock: Callable[[], int] = time.time_ns) -> None:
        self.settings, self.clock = settings, clock
        self.model = model_for(settings)
        self.entities = Entities(settings.entity, settings.strip)
        self.source = MetricsOfEntities(settings, self.entities)
        self.step = nanoseconds(settings.step)
        self.monitor: FleetMonitor | None = None
        self.last = 0
        """The newest row that was taken in, ns since 1970; 0: none yet."""
        self.heard: Array = np.zeros(0)
        """(n,) when each entity last had a value, ns since 1970."""
        self.result: FleetResult | None = None
        self.values: Array = np.zeros((0, len(settings.metrics)))
        self.bands: Array | None = None
        self.health = Health()
        self.open_in_past: dict[tuple[str, int], Event] = {}
        """Alerts of the past that were not over when they were last heard of, while it is gone over."""

    @property
    def due(self) -> int:
        """The newest row whose values are there by now."""
        return (self.clock() - nanoseconds(self.settings.wait)) // self.step * self.step

    @property
    def current(self) -> bool:
        """Whether it is not busy with the past."""
        return not self.health.learning and self.last >= self.due - 2 * self.step

    def catch_up(self, stopped: Callable[[], Any] = lambda: False) -> Iterator[Event]:
        """Take in all rows that are due, those of the past at the first time, and yield what is alerted; stop between rows when asked.

        Raises
        ------
        DataError
            If the source does not answer, or refuses an expression; the next call goes on where this one stopped.
        """
        end = self.due
        learned = nanoseconds(self.settings.learn) // self.step * self.step
        first = self.last + self.step if self.last else end - learned
        if first > end:
            return
        # Longer ago than what would be learned anew, nothing is worth catching up on.
        first = max(first, end - learned)
        for answers in self.source.between(first, end):
            self._count(answers)
            self._widen()
            for row, now in enumerate(answers.times.tolist()):
                yield from self._take_in(now, self._padded(answers.values[row]), newest=now == end)
                if stopped():
                    return
        self.health.learning = False
        self._forget()

    def _take_in(self, now: int, values: Array, *, newest: bool) -> Iterator[Event]:
        begun = time.perf_counter()
        self.last = now
        if self.monitor is None:
            return
        known = np.isfinite(values).any(axis=1)
        self.heard[known] = now
        if newest:
            self.bands = self._bands_at(now, values)
        result = self.monitor.update_many(now, values)
        self.health.steps += 1
        self.health.last_step = now
        if result is not None:
            self.result, self.values = result, values
            for place, alert in result.alerts:
                self.health.alerts += alert.start == alert.end - self.step
                yield Event(
                    self.settings.name, self.entities.title(place), self.entities.labels(place), alert, now
                )
        self.health.step_seconds = time.perf_counter() - begun

    def _bands_at(self, now: int, values: Array) -> Array | None:
        """Return (n, m, 3) what is expected at a row that is to be taken in, and the bounds at the level now in force."""
        monitor, model = self.monitor, self.model
        if monitor is None or self.result is None or not model.detector.bounded:
            return None
        levels = self.result.levels
        if len(levels) < len(values):
            levels = np.concatenate([levels, np.full(len(values) - len(levels), np.nan)])
        return monitor.bands_before(now, values, levels)

    def _count(self, answers: Answers) -> None:
        for why, number in answers.odd.items():
            self.health.odd[why] = self.health.odd.get(why, 0) + number

    def _padded(self, values: Array) -> Array:
        missing = len(self.entities) - len(values)
        return np.vstack([values, np.full((missing, values.shape[1]), np.nan)]) if missing else values

    def _widen(self) -> None:
        """Make room for entities that have come."""
        before = 0 if self.monitor is None else self.monitor.series
        if len(self.entities) > before:
            self._rearrange([*range(before), *[None] * (len(self.entities) - before)])

    def _rearrange(self, places: list[int | None]) -> None:
        old = self.monitor
        self.monitor = FleetMonitor(self.model, len(places)) if places else None
        if old is not None and self.monitor is not None:
            self.monitor.resume(*old.state(), places)
        heard = np.full(len(places), float(self.last or self.due))
        for place, row in enumerate(places):
            if row is not None:
                heard[place] = self.heard[row]
        self.heard = heard

    def _forget(self) -> None:
        """Stop watching entities that have been silent for long, unless an alert of theirs is open."""
        if self.monitor is None or not len(self.heard):
            return
        gone = self.heard < self.last - nanoseconds(self.settings.forget)
        gone[list(self.monitor.watchful)] = False
        if gone.any():
            kept = np.flatnonzero(~gone).tolist()
            self._rearrange(list(kept))
            self.entities.keep(kept)
            self.result, self.bands = None, None

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return all that is remembered, as arrays and as JSON can hold it."""
        arrays, kept = ({}, {}) if self.monitor is None else self.monitor.state()
        about = {
            "metrics": list(self.settings.metrics),
            "step": self.step,
            "model": self.settings.model,
            "entity": list(self.settings.entity),
        }
        return arrays | {"heard": self.heard}, {
            "about": about, "entities": [list(name) for name in self.entities.names], "last": self.last, "monitor": kept,
        }  # fmt: skip

    def resume(self, arrays: dict[str, Array], kept: dict[str, Any]) -> bool:
        """Go on from what `state` returned; False, and nothing is changed, where it is of other metrics or another model."""
        _, own = self.state()
        if kept.get("about") != own["about"]:
            return False
        names = [tuple(map(str, name)) for name in kept["entities"]]
        self.entities = Entities(self.settings.entity, self.settings.strip, names)
        self.source.entities = self.entities
        self.last, self.heard = int(kept["last"]), arrays.pop("heard")
        if names:
            self.monitor = FleetMonitor(self.model, len(names))
            self.monitor.resume(arrays, kept["monitor"])
        self.health.learning = False
        self.health.last_step = self.last
        return True

    def entity_state(self, place: int) -> dict[str, Any]:
        """Return what is known of an entity at the newest row, for the page and the metrics."""
        result = self.result
        here = result is not None and place < len(result.scores)
        score, level = (
            (float(result.scores[place]), float(result.levels[place]))
            if here and result
            else (math.nan, math.nan)
        )
        return {"score": score, "level": level, "share": score / level if level > 0 else math.nan}
