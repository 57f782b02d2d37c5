"""The service: a thread for each job, one that tells the Alertmanager, and what is on disk."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from sre_anomaly.clock import HOUR, iso, nanoseconds
from sre_anomaly.errors import ConfigError
from sre_anomaly.frame import Array
from sre_anomaly.service.job import Job
from sre_anomaly.service.reading import read_settings
from sre_anomaly.service.refit import job_of
from sre_anomaly.service.settings import Settings
from sre_anomaly.service.store import Store
from sre_anomaly.service.telling.acting import Acting
from sre_anomaly.service.telling.alerts_file import AlertsFile
from sre_anomaly.service.telling.event import Event
from sre_anomaly.service.telling.outbox import Outbox
from sre_anomaly.service.telling.sender import Sender
from sre_anomaly.service.telling.tried import Tried

SAVE_SECONDS = 60.0
RETRY_SECONDS = 5.0
LOOK_SECONDS = 1.0
"""So often at least the clock is looked at, because it may be set."""
Opened = tuple[Settings, list[Job], Store, AlertsFile | None, Acting]
STOP_SECONDS = 2.0
"""So long what is under way is waited for at a stop."""


class Service:
    """Watches all jobs of a file until it is stopped.

    Parameters
    ----------
    path : Path
        ``watch.yaml``.
    say : callable
        Writes a line for people.
    words : mapping of str to str
        What was said of ``shard``, ``replicas`` and ``listen`` beside the file.

    Raises
    ------
    ConfigError
        What is wrong with the file, or with the places where it is to write.
    """

    def __init__(self, path: Path, say: Callable[[str], Any], words: Mapping[str, str] | None = None) -> None:
        self.path, self.say, self.words = path, say, words
        self.lock = threading.RLock()
        """Held while alerts are looked at or changed; whoever holds it takes no job's lock."""
        self.tried = Tried(say)
        self.stopping = threading.Event()
        self.threads: list[threading.Thread] = []
        self._reloading = threading.Lock()
        settings = read_settings(path, words)
        self._take(_opened(settings, say))
        for job in self.jobs:
            if (kept := self.store.read(job.settings.name)) is not None:
                self._resume(job, *kept)

    def _take(self, opened: Opened) -> None:
        self.settings, self.jobs, self.store, self.file, self.acting = opened
        settings = self.settings
        self.outbox = Outbox(
            {one.name: one.most_alerts for one in settings.jobs},
            {one.name: one.labels for one in settings.jobs},
            page=settings.web.page,
        )
        self.sender = Sender(settings.alertmanager or "", self._due, self.tried)

    def _resume(self, job: Job, arrays: Mapping[str, Array], kept: dict[str, Any]) -> None:
        name = job.settings.name
        try:
            self.outbox.resume(name, kept["outbox"])
        except (KeyError, TypeError, AttributeError):
            kept = {}
        if not job.resume(arrays, kept):
            self.outbox.drop(name, time.time_ns())
            self.say(f"job {name}: its state is of other metrics, another step or model; it learns anew")

    def start(self) -> None:
        """Start watching."""
        self.stopping = stopping = threading.Event()
        self.threads = [
            threading.Thread(target=self._watch, args=(job, stopping), name=job.settings.name, daemon=True)
            for job in self.jobs
        ]
        if self.settings.alertmanager is not None:
            self.threads.append(
                threading.Thread(
                    target=self.sender.keep_telling, args=(stopping,), name="alertmanager", daemon=True
                )
            )
        self.sender.news.set()
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        """Stop between two rows, tell what has not been told, and leave all on disk; what hangs is left behind."""
        self.stopping.set()
        self.sender.news.set()
        end = time.monotonic() + STOP_SECONDS
        for thread in self.threads:
            thread.join(max(0.0, end - time.monotonic()))
        for job in self.jobs:
            self._save(job)

    def reload(self) -> None:
        """Read the file again and go on with it; where it is broken, the old settings go on.

        Raises
        ------
        ConfigError
            What is wrong with it.
        """
        with self._reloading:
            try:
                settings = read_settings(self.path, self.words)
                settings.refuse_other_web(self.path, self.settings)
                fresh = _opened(settings, self.say)
            except ConfigError:
                self.tried.counts["reload"]["refused"] += 1
                raise
            self.stop()
            states = {job.settings.name: self._state(job) for job in self.jobs}
            with self.lock:
                self._take(fresh)
                for name, (arrays, kept) in states.items():
                    job = next((job for job in self.jobs if job.settings.name == name), None)
                    if job is not None:
                        self._resume(job, arrays, kept)
                    else:
                        self.outbox.resume(name, kept["outbox"])
                        self.outbox.drop(name, time.time_ns())
            self.tried.counts["reload"]["ok"] += 1
            self.start()

    @property
    def ready(self) -> bool:
        """Whether each job has gone over its past."""
        return not any(job.health.learning for job in self.jobs)

    def _watch(self, job: Job, stopping: threading.Event) -> None:
        name, saved = job.settings.name, time.monotonic()

        def hear(events: list[Event]) -> None:
            nonlocal saved
            self._heard(job, events)
            if time.monotonic() - saved > SAVE_SECONDS:
                self._save(job)
                saved = time.monotonic()

        first = True
        while not stopping.is_set():
            again = min(LOOK_SECONDS, job.wait) if job.last else 0.0
            if again > 0.0:
                stopping.wait(again)
                continue
            try:
                job.catch_up(hear, stopping.is_set)
                self._settle(job, keep=first)
                first, said = False, job.health.works()
            except Exception as error:  # noqa: BLE001 - one broken job must not stop the others
                said = job.health.failed(error)
                if not job.last:
                    with self.lock:
                        self.outbox.drop(name, time.time_ns())
                stopping.wait(min(RETRY_SECONDS, job.step / 1e9))  # no longer than a step
            job.health.news, news = [], [*job.health.news, *([said] if said else [])]
            for line in news:
                self.say(f"job {name}: {line}")

    def _heard(self, job: Job, events: list[Event]) -> None:
        """Take in the events of a row, all before anybody is told of one."""
        if events:
            with self.lock:
                news = not job.health.learning
                heard = [self.outbox.hear(event, time.time_ns(), news=news) for event in events]
            if news:
                self.acting.hear(events, heard)
                job.health.alerts += heard.count("opened")
                if {"opened", "closed"} & set(heard):
                    self.sender.news.set()
        self._write(job)

    def _settle(self, job: Job, *, keep: bool) -> None:
        """Make news of what is open once the past is gone over; what is learned is kept before anybody hears of it."""
        if job.health.learning:
            return
        with self.lock:
            opened = self.outbox.settle(job.settings.name)
        job.health.alerts += opened
        if keep:
            self._save(job)
        if opened:
            self.sender.news.set()
        self._write(job)

    def _write(self, job: Job) -> None:
        """Write the lines that wait; those that cannot be written wait on, in the state too."""
        with self.lock:
            lines = self.outbox.lines.get(job.settings.name)
            if not lines:
                return
            try:
                if self.file is not None:
                    self.file.write(lines)
                lines.clear()
                self.tried.went("alerts_file", None)
            except OSError as error:
                trouble = f"{self.settings.alerts_file} cannot be written ({error.strerror})"
                self.tried.went("alerts_file", trouble)

    def _state(self, job: Job) -> tuple[dict[str, Array], dict[str, Any]]:
        with job.lock:
            arrays, kept = job.state()
            with self.lock:
                # As what is read from a file, nothing that goes on being changed.
                kept["outbox"] = json.loads(json.dumps(self.outbox.state(job.settings.name)))
        return arrays, kept

    def _save(self, job: Job) -> None:
        last = job.last
        try:
            self.store.write(job.settings.name, *self._state(job))
            self.tried.went("state", None)
        except OSError as error:
            self.tried.went("state", f"{self.store.folder} cannot be written ({error.strerror})")
            return
        if self.file is not None:
            with self.lock:
                self.file.forget(job.settings.name, iso(max(0, last - HOUR)))

    def _due(self) -> list[dict[str, Any]]:
        """Return what the Alertmanager is to be told now."""
        with self.lock:
            current = {job.settings.name for job in self.jobs if job.current}
            return self.outbox.due(time.time_ns(), current)

    def __enter__(self) -> Self:
        """Start, and stop at the end."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _opened(settings: Settings, say: Callable[[str], Any]) -> Opened:
    """Return all that settings stand for; whatever is wrong is found here."""
    store = Store(Path(settings.state))
    jobs = [job_of(one, settings.share, store) for one in settings.jobs]
    file = None if settings.alerts_file is None else AlertsFile(Path(settings.alerts_file))
    acting = [(one.name, one.remediation, one.metrics, nanoseconds(one.step)) for one in settings.jobs]
    return settings, jobs, store, file, Acting(acting, say)
