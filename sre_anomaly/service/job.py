"""A job: the past of its entities gone over once, then step after step, and what is alerted."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from sre_anomaly.clock import HOUR, nanoseconds
from sre_anomaly.errors import DataError
from sre_anomaly.frame import Array, Mask
from sre_anomaly.live.fleet_monitor import FleetMonitor, FleetResult
from sre_anomaly.live.siblings import Siblings
from sre_anomaly.model.model import Model
from sre_anomaly.records import Alert
from sre_anomaly.service.health import Health
from sre_anomaly.service.model import model_for
from sre_anomaly.service.settings import JobSettings
from sre_anomaly.service.source.entities import WHOLE, Entities, Share
from sre_anomaly.service.source.file import SourceOfEntities, source_of
from sre_anomaly.service.source.presence import Presence, longer
from sre_anomaly.service.telling.event import Event

SECOND = 10**9


class Job:
    """Watches the entities of one source.

    Parameters
    ----------
    settings : JobSettings
    clock : callable
        Returns ns since 1970.
    share : Share
        The entities that are its own, where several processes share them.
    model : Model, optional
        None: what the settings say, which learns while it runs.
    """

    def __init__(
        self,
        settings: JobSettings,
        clock: Callable[[], int] = time.time_ns,
        share: Share = WHOLE,
        model: Model | None = None,
    ) -> None:
        self.settings, self.clock, self.share = settings, clock, share
        self.model = model if model is not None else self._first_model()
        self.step, self.forget = nanoseconds(settings.step), nanoseconds(settings.forget)
        self.lock = threading.RLock()
        """Held while a row is taken in and heard of, so that what is kept is that of whole rows."""
        self.health = Health()
        self._begin()

    def _begin(self, names: Sequence[tuple[str, ...]] = ()) -> None:
        own = self.settings
        self.entities = Entities(own.by, own.strip, list(names), self.share)
        self.source = self.source_for(self.entities)
        self.monitor: FleetMonitor | None = None
        self.last = 0
        """The newest row that was taken in, ns since 1970; 0: none yet."""
        self.presence = Presence()
        self.siblings = Siblings(len(names), own.metrics, own.known)
        self.result: FleetResult | None = None
        self.values: Array = np.zeros((0, len(self.settings.metrics)))
        self.bands: Array | None = None
        self.health.learning = True

    def monitor_of(self, series: int) -> FleetMonitor:
        """Return what watches so many entities, before it has seen anything."""
        assert self.model is not None
        return FleetMonitor(self.model, series, absence=self.settings.vanished != "page")

    def _first_model(self) -> Model | None:
        return model_for(self.settings)

    def source_for(self, entities: Entities) -> SourceOfEntities:
        """Return what answers for the source of the job, from its beginning."""
        own = self.settings
        return source_of(
            own.name, own.source, own.metrics, self.step, entities, own.timezone, whole=not own.entity
        )

    @property
    def due(self) -> int:
        """The newest row whose values are there by now."""
        return (self.clock() - nanoseconds(self.settings.wait)) // self.step * self.step

    @property
    def learned(self) -> int:
        """So much of the past is gone over at the first start, ns."""
        return nanoseconds(self.settings.learn) // self.step * self.step

    @property
    def wait(self) -> float:
        """The seconds until the next row is due."""
        following = self.last + self.step + nanoseconds(self.settings.wait)
        return max(0.0, (following - self.clock()) / SECOND)

    @property
    def current(self) -> bool:
        """Whether it is not busy with the past."""
        return not self.health.learning and self.last >= self.due - 2 * self.step

    def catch_up(
        self, hear: Callable[[list[Event]], Any], stopped: Callable[[], Any] = lambda: False
    ) -> None:
        """Take in all rows that are due, those of the past at the first time; ``hear`` is called for each; stop between rows when asked.

        Raises
        ------
        DataError
            If the source does not answer, or refuses an expression, or the clock went back; the next call goes on where this one stopped.
        """
        end = self.due
        learned = self.learned
        if self.last:
            self._look_at_clock(end)
        first = self.last + self.step if self.last else end - learned
        # Longer ago than what would be learned anew, nothing is worth catching up on.
        for answers in self.source.between(max(first, end - learned), end):
            self.health.take(answers)
            for row, now in enumerate(answers.times.tolist()):
                if stopped():
                    return
                with self.lock:
                    hear(self._take_in(now, answers.values[row], newest=now == end))
        with self.lock:
            self.health.learning = False
            self._forget()

    def _look_at_clock(self, end: int) -> None:
        """Say that the clock went back; where it went far, what is remembered is of a time that was wrong."""
        back = self.last - end
        if back > max(HOUR, 10 * self.step):
            with self.lock:
                self._begin()
            raise DataError(f"the clock went back by {back / SECOND:.0f} s; it learns anew")
        if back > 2 * self.step:
            raise DataError(
                f"the clock went back by {back / SECOND:.0f} s; it goes on when that time has passed"
            )

    def _take_in(self, now: int, values: Array, *, newest: bool) -> list[Event]:
        begun = time.perf_counter()
        self.last = self.health.last_step = now
        values = self._with_room(now, values)
        events = self._leave(now)
        if self.monitor is None:
            return events
        bands = self._bands_at(now, values) if newest else None
        strangers = self.siblings.look(values) if self.settings.siblings else {}
        result = self.monitor.update_many(now, values, strangers)
        self.health.steps += 1
        if result is not None:
            self.result, self.values, self.bands = result, values, bands
            events += [self._event(now, *told) for told in result.alerts if not self.presence.gone[told[0]]]
        self.health.step_seconds = time.perf_counter() - begun
        return events

    def _event(self, now: int, place: int, alert: Alert) -> Event:
        return Event(self.settings.name, self.entities.title(place), self.entities.labels(place), alert, now)

    def _bands_at(self, now: int, values: Array) -> Array | None:
        """Return (n, m, 3) what is expected at a row that is to be taken in, and the bounds at the level now in force."""
        monitor, model = self.monitor, self.model
        if model is None or monitor is None or self.result is None or not model.detector.bounded:
            return None
        return monitor.bands_before(now, values, longer(self.result.levels, len(values), np.nan))

    def _with_room(self, now: int, values: Array) -> Array:
        """Return the values with a row for each entity, and begin afresh with those that are new, or come back after long.

        An entity begins at its first value, however many rows one answer held.
        """
        count = len(self.entities)
        if len(values) < count:
            values = np.vstack([values, np.full((count - len(values), values.shape[1]), np.nan)])
        before = 0 if self.monitor is None else self.monitor.series
        known: Mask = np.asarray(np.isfinite(values).any(axis=1))
        afresh = self.presence.note(now, known)
        if count > before or afresh.any():
            self._rearrange([None if afresh[row] or row >= before else row for row in range(count)])
        return values

    def _leave(self, now: int) -> list[Event]:
        """Close the alerts of who has been silent for long, or has vanished where that makes an end of them."""
        leaving = self.presence.leaving(now - self.forget)
        if self.monitor is None:
            return []
        voices = self.monitor.voices
        if self.settings.vanished == "resolve":
            leaving += self.presence.vanished(voices.watchful - set(leaving), now, self.step)
        return [self._event(now, place, alert) for place in leaving for alert in voices.finish(place)]

    def _rearrange(self, places: Sequence[int | None]) -> None:
        old = self.monitor
        self.monitor = self.monitor_of(len(places)) if places else None
        self.siblings = self.siblings.moved(places)
        if old is not None and self.monitor is not None:
            self.monitor.resume(*old.state(), places)

    def _forget(self) -> None:
        """Leave no place to those that are gone."""
        gone = self.presence.gone & (self.presence.heard < self.last - self.forget)
        if gone.any():
            kept = np.flatnonzero(~gone)
            self._rearrange(kept.tolist())
            self.entities.keep(kept.tolist())
            self.presence.keep(~gone)
            if (old := self.result) is not None and len(old.scores) == len(gone):
                self.result = FleetResult(
                    old.time, old.scores[kept], old.levels[kept], old.flags[kept], [], warming_up=False
                )
                self.values, self.bands = self.values[kept], None if self.bands is None else self.bands[kept]

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return all that is remembered, as arrays and as JSON can hold it."""
        with self.lock:
            arrays, kept = ({}, {}) if self.monitor is None else self.monitor.state()
            arrays |= {**self.presence.state(), "usual": self.siblings.usual.copy()}
            about = {
                "about": self._about(), "entities": [list(name) for name in self.entities.names],
                "last": self.last, "learning": self.health.learning, "monitor": kept,
                "source": self.source.state(self.last),
            }  # fmt: skip
        if "columns" in arrays:
            arrays["columns"] = arrays["columns"].copy()
        return arrays, about

    def _about(self) -> dict[str, Any]:
        """Return what a state is of: with anything else of it, what was learned is of something else."""
        own = self.settings
        return {
            "metrics": dict(own.metrics), "step": self.step, "model": own.model, "entity": own.by,
            "overrides": list(own.overrides),
        }  # fmt: skip

    def resume(self, arrays: Mapping[str, Array], kept: Mapping[str, Any]) -> bool:
        """Go on from what `state` returned; False, and it begins afresh, where it is of other metrics or another model, or broken."""
        if kept.get("about") != self._about():
            return False
        try:
            names = [tuple(map(str, name)) for name in kept["entities"]]
            self._begin(names)
            self.presence = Presence.of(arrays)
            self.siblings.resume(arrays.get("usual"))
            if names and self.model is not None:
                self.monitor = self.monitor_of(len(names))
                self.monitor.resume(dict(arrays), kept["monitor"])
            self.last = self.health.last_step = int(kept["last"])
            self.source.resume(kept.get("source") or {})
            self.health.learning = bool(kept["learning"])
        except (KeyError, ValueError, TypeError, IndexError, DataError):
            self._begin()
            return False
        return True
