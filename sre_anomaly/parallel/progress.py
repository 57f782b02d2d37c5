"""What a run is doing now, for the person who waits, and how long each part took, for the record."""

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from sre_anomaly.errors import printable
from sre_anomaly.sources import shown_by

EXPECTED = 10
"""Stages of a full run; the bar is a promise of order, not of time."""
QUIET_S = 10.0
"""Where no bar can be drawn, such as in a log of a job, a line says how far it is after so many seconds."""


class Stages:
    """Names the stages of a run one after the other and keeps their seconds.

    Examples
    --------
    >>> with Stages() as stages, stages.stage("features"):
    ...     pass
    >>> list(stages.seconds)
    ['features']
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        self._task = self._progress.add_task("starting", total=EXPECTED)
        self._told = time.monotonic()
        self._shown = ExitStack()

    def __enter__(self) -> Self:
        self._progress.start()
        self._shown.enter_context(shown_by(self._show))
        return self

    def __exit__(self, *_: object) -> None:
        self._shown.close()
        self._progress.stop()

    def _show(self, text: str) -> None:
        self._progress.update(self._task, description=text)

    def tell(self, text: str) -> None:
        """Say more of the part that is going on."""
        text = printable(text)
        self._progress.update(self._task, description=text)
        if self._progress.disable and time.monotonic() - self._told >= QUIET_S:
            sys.stderr.write(f"{text}\n")
            self._told = time.monotonic()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Run a part of the work under a name."""
        self._progress.update(self._task, description=name)
        started = time.perf_counter()
        try:
            yield
        finally:
            elapsed = time.perf_counter() - started
            self.seconds[name] = round(self.seconds.get(name, 0.0) + elapsed, 4)
            self._progress.advance(self._task)
