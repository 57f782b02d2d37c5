"""The service: a thread for each job, one that tells the Alertmanager, and what is on disk."""

import contextlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import Any, Self

from sre_anomaly.errors import ConfigError, DataError
from sre_anomaly.io.prometheus import AwayError
from sre_anomaly.remediation.actions import post
from sre_anomaly.service.alerts_file import AlertsFile
from sre_anomaly.service.job import Event, Job
from sre_anomaly.service.outbox import Outbox
from sre_anomaly.service.settings import Settings, read_settings
from sre_anomaly.service.store import Store

SAVE_SECONDS = 60.0
RESEND_SECONDS = 60.0
RETRY_SECONDS = 5.0
SEND_TIMEOUT = 10.0
LOOK_SECONDS = 0.2


class Service:
    """Watches all jobs of a file until it is stopped.

    Parameters
    ----------
    path : Path
        ``watch.yaml``.
    say : callable
        Writes a line for people.
    """

    def __init__(self, path: Path, say: Callable[[str], Any]) -> None:
        self.path, self.say = path, say
        self.settings = read_settings(path)
        self.lock = threading.RLock()
        self.sent: Counter[str] = Counter()
        self.stopping = threading.Event()
        self._news = threading.Event()
        self.threads: list[threading.Thread] = []
        self._lost: dict[str, bool] = {}
        self._begin(self.settings)

    def _begin(self, settings: Settings) -> None:
        jobs = [Job(one) for one in settings.jobs]
        store = Store(Path(settings.state))
        outbox = Outbox(
            {one.name: one.most_alerts for one in settings.jobs},
            {one.name: one.labels for one in settings.jobs},
            page=f"{'https' if settings.web.tls_key else 'http'}://{settings.web.listen}/",
        )
        if known := store.read_alerts():
            outbox.resume(known["outbox"])
        for job in jobs:
            kept = store.read_job(job.settings.name)
            if kept is not None and not job.resume(*kept):
                self.say(
                    f"job {job.settings.name}: has other metrics, another step or model than its state; it learns anew"
                )
        file = None if settings.alerts_file is None else AlertsFile(Path(settings.alerts_file))
        self.settings, self.jobs, self.store, self.outbox, self.file = settings, jobs, store, outbox, file

    def start(self) -> None:
        """Start watching."""
        self.stopping = stopping = threading.Event()
        self.threads = [
            threading.Thread(target=self._watch, args=(job, stopping), name=job.settings.name, daemon=True)
            for job in self.jobs
        ]
        if self.settings.alertmanager is not None:
            self.threads.append(
                threading.Thread(target=self._tell, args=(stopping,), name="alertmanager", daemon=True)
            )
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        """Stop between two rows, tell what has not been told, and leave all on disk."""
        self.stopping.set()
        self._news.set()
        for thread in self.threads:
            thread.join(4.0)
        for job in self.jobs:
            self._save(job)

    def reload(self) -> None:
        """Read the file again and go on with it; where it is broken, the old settings go on.

        Raises
        ------
        ConfigError
            What is wrong with it.
        """
        settings = read_settings(self.path)
        if settings.web != self.settings.web:
            raise ConfigError(f"{self.path}: web: cannot be changed by a reload; restart the service")
        for one in settings.jobs:
            Job(one)  # Whatever is wrong is found before anything is stopped.
        self.stop()
        self._begin(settings)
        self.start()

    @property
    def ready(self) -> bool:
        """Whether each job has gone over its past."""
        return not any(job.health.learning for job in self.jobs)

    def _watch(self, job: Job, stopping: threading.Event) -> None:
        name, saved = job.settings.name, time.monotonic()
        while not stopping.is_set():
            again = LOOK_SECONDS
            try:
                for event in job.catch_up(stopping.is_set):
                    self._heard(job, event)
                if job.health.away_since is not None:
                    self.say(
                        f"job {name}: its source answers again after {time.monotonic() - job.health.away_since:.0f} s"
                    )
                job.health.away_since = None
            except DataError as error:
                again = RETRY_SECONDS
                self._failed(job, error)
            except Exception as error:  # noqa: BLE001 - one broken job must not stop the others
                again = RETRY_SECONDS
                self._failed(job, error)
            if time.monotonic() - saved > SAVE_SECONDS:
                self._save(job)
                saved = time.monotonic()
            stopping.wait(again)

    def _failed(self, job: Job, error: Exception) -> None:
        job.health.errors += 1
        text = str(error) if isinstance(error, DataError) else f"{type(error).__name__}: {error}"
        # The same trouble is told once.
        if job.health.away_since is None or (
            text != job.health.last_error and not isinstance(error, AwayError)
        ):
            self.say(f"job {job.settings.name}: {text}; trying again every {RETRY_SECONDS:g} s")
        if job.health.away_since is None:
            job.health.away_since = time.monotonic()
        job.health.last_error = text

    def _heard(self, job: Job, event: Event) -> None:
        with self.lock:
            what = self.outbox.hear(event, time.time_ns())
        if what is None:
            return
        if job.health.learning:
            # Of the past only what is still open at its end is news.
            key = (event.entity, event.alert.id)
            if what == "closed":
                job.open_in_past.pop(key, None)
            else:
                job.open_in_past[key] = event
            return
        self._write(event, what)
        if what != "changed":
            self._news.set()

    def _write(self, event: Event, what: str) -> None:
        if self.file is None:
            return
        try:
            with self.lock:
                self.file.write(event, what)
        except OSError as error:
            self.say(f"alerts_file: {error.filename} cannot be written ({error.strerror})")

    def _save(self, job: Job) -> None:
        try:
            with self.lock:
                self.store.write_alerts({"outbox": self.outbox.state()})
            self.store.write_job(job.settings.name, *job.state())
            self._lost["state"] = False
        except OSError as error:
            if not self._lost.get("state"):
                self.say(
                    f"state: {self.store.folder} cannot be written ({error.strerror}); trying again every {SAVE_SECONDS:g} s"
                )
            self._lost["state"] = True

    def _tell(self, stopping: threading.Event) -> None:
        while not stopping.is_set():
            self._news.wait(RETRY_SECONDS if self._lost.get("alertmanager") else RESEND_SECONDS)
            self._news.clear()
            self.send()
        self.send()

    def send(self) -> None:
        """Tell the Alertmanager what fires and what is over."""
        assert self.settings.alertmanager is not None
        with self.lock:
            current = {job.settings.name for job in self.jobs if job.current}
            alerts = self.outbox.due(time.time_ns(), current)
        if not alerts:
            return
        address = f"{self.settings.alertmanager.rstrip('/')}/api/v2/alerts"
        try:
            answer = post(address, SEND_TIMEOUT, json.dumps(alerts).encode(), "")
        except (OSError, HTTPException, ValueError, AttributeError) as error:
            answer = f"{type(error).__name__}: {error}"
        lost = not answer.startswith("HTTP 2")
        self.sent["failed" if lost else "ok"] += 1
        if lost and not self._lost.get("alertmanager"):
            self.say(
                f"alertmanager: {self.settings.alertmanager}: {answer}; trying again every {RETRY_SECONDS:g} s"
            )
        if self._lost.get("alertmanager") and not lost:
            self.say("alertmanager: reached again")
        self._lost["alertmanager"] = lost

    def __enter__(self) -> Self:
        """Start, and stop at the end."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self.stop()
