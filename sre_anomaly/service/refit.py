"""A job whose model is fitted beforehand: at its start, and again each day, without holding up a step."""

import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from sre_anomaly.clock import HOUR, nanoseconds
from sre_anomaly.errors import DataError, UserError
from sre_anomaly.frame import Array
from sre_anomaly.model.model import Model
from sre_anomaly.service.fitting import fit_model
from sre_anomaly.service.job import Job
from sre_anomaly.service.model import config_of
from sre_anomaly.service.settings import JobSettings
from sre_anomaly.service.source.entities import WHOLE, Entities, Share
from sre_anomaly.service.store import Store
from sre_anomaly.service.telling.event import Event

LOW_PRIORITY = 10
"""Of the thread that fits, where the system has such."""


class FittedJob(Job):
    """Fits its model and puts it in its place between two steps; what fails leaves the old one.

    Parameters
    ----------
    settings, clock, share
        As of a job.
    store : Store, optional
        Where models are kept; None: nowhere, and none outlives the process.
    """

    def __init__(
        self,
        settings: JobSettings,
        clock: Callable[[], int] = time.time_ns,
        share: Share = WHOLE,
        store: Store | None = None,
    ) -> None:
        super().__init__(settings, clock, share)
        self.store, self.config = store, config_of(settings)
        self.called = ""
        """What the model is called on disk."""
        self.at = self._tried = 0
        """The newest row that it was fitted on, and that of the last try, ns since 1970."""
        self.thread: threading.Thread | None = None
        self._next: tuple[Job, Model, str] | None = None
        """A job that has gone over the past with the new model, and what that is called on disk."""

    def _first_model(self) -> Model | None:
        return None

    def catch_up(
        self, hear: Callable[[list[Event]], Any], stopped: Callable[[], Any] = lambda: False
    ) -> None:
        """Take in all rows that are due; first fit what is to be asked, or put a new model in its place if it is there.

        Raises
        ------
        DataError
            As of a job, or if there is too little to learn from.
        """
        if self.model is None:
            end = self.due
            self.model, self.called = self._fit(end - self.learned, end)
            self.at = self._tried = end
            self.health.refitted(end)
        self._look()
        super().catch_up(hear, stopped)
        if self._is_due():
            self._tried = self.last
            about = (self.last, list(self.entities.names), stopped)
            name = f"{self.settings.name} refit"
            self.thread = threading.Thread(target=self._again, args=about, name=name, daemon=True)
            self.thread.start()

    def _look(self) -> None:
        """Put a new model in its place if it is there."""
        if self.thread is not None and not self.thread.is_alive():
            self.thread = None
            ready, self._next = self._next, None
            if ready is not None:
                self._swap(*ready)

    def _is_due(self) -> bool:
        """Return whether it is time to fit again; after a failure it is tried sooner."""
        every = self.settings.refit
        if every is None or self.thread is not None or self.health.learning:
            return False
        wait = nanoseconds(every)
        return self.last >= max(self.at + wait, self._tried + min(wait, HOUR))

    def _fit(self, first: int, last: int, names: list[tuple[str, ...]] | None = None) -> tuple[Model, str]:
        """Return a model that is fitted on some rows, and what it is called on disk."""
        entities = Entities(self.settings.by, self.settings.strip, list(names or ()), self.share)
        past = self.source_for(entities).between(first, last)
        model = fit_model(self.settings, self.config, past)
        return model, "" if self.store is None else self.store.write_model(self.settings.name, model, last)

    def _at(self, last: int) -> int:
        """Return the time at which a row is the newest that is due."""
        return last + nanoseconds(self.settings.wait)

    def _again(self, last: int, names: list[tuple[str, ...]], stopped: Callable[[], Any]) -> None:
        """Fit, and go over the past with the new model, beside the job that goes on with the old one."""
        with suppress(OSError, AttributeError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LOW_PRIORITY)
        try:
            model, called = self._fit(last - self.learned, last, names)
            beside = Job(self.settings, lambda: self._at(last), self.share, model)
            beside.catch_up(lambda _: None, stopped)
        except Exception as error:  # noqa: BLE001 - whatever it is, the old model goes on
            self.health.refit_failed(error)
            return
        if not stopped():
            self._next = (beside, model, called)

    def _swap(self, beside: Job, model: Model, called: str) -> None:
        """Take the new model and what it knows of each entity; alerts that are open go on."""
        fitted, last = beside.last, self.last
        beside.clock = lambda: self._at(last)
        try:
            # What has come since the past was gone over: a few rows.
            beside.catch_up(lambda _: None)
        except DataError as error:
            self.health.refit_failed(error)
            return
        with self.lock:
            if self.monitor is not None and beside.monitor is not None:
                names = beside.entities.names[: beside.monitor.series]
                there = {name: place for place, name in enumerate(names)}
                places = [there.get(name) for name in self.entities.names[: self.monitor.series]]
                quiet: dict[str, Any] = {"policies": {}, "tellers": {}, "watchful": []}
                arrays, kept = beside.monitor.state()
                self.model = model
                known = self.monitor_of(len(places))
                known.resume(arrays, kept | quiet, places)
                arrays, kept = known.state()
                alerts = {key: value for key, value in self.monitor.state()[1].items() if key in quiet}
                self.monitor = self.monitor_of(len(places))
                self.monitor.resume(arrays, kept | alerts)
            self.model, self.called, self.at = model, called, fitted
        self.health.refitted(fitted)

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return all that is remembered, and which model it is of."""
        with self.lock:
            arrays, about = super().state()
            return arrays, about | {"fitted": {"called": self.called, "at": self.at}}

    def resume(self, arrays: Mapping[str, Array], kept: Mapping[str, Any]) -> bool:
        """Go on from what `state` returned; False where it is of something else, or the model is not there."""
        try:
            called, at = kept["fitted"]["called"], int(kept["fitted"]["at"])
            if self.store is None or not called:
                return False
            self.model = self.store.read_model(called)
        except (UserError, KeyError, TypeError, ValueError):
            return False
        self.called, self.at = called, at
        if not super().resume(arrays, kept):
            self.model = None
            return False
        self.health.last_refit = at
        return True


def job_of(settings: JobSettings, share: Share = WHOLE, store: Store | None = None) -> Job:
    """Return a job, whatever its model is."""
    job = Job(settings, share=share)
    return job if job.model is not None else FittedJob(settings, share=share, store=store)
