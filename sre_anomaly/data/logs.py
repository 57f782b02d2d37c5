"""Log files as metrics: lines of each template and level, and templates never seen before, in every minute."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from gzip import GzipFile
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import Field

from sre_anomaly.clock import Duration, in_words
from sre_anomaly.errors import ConfigError, DataError
from sre_anomaly.frame import NANOSECONDS, MetricFrame
from sre_anomaly.io.incident_windows import read_windows
from sre_anomaly.io.owner_knows import OwnerKnows
from sre_anomaly.io.samples.source import on_disk
from sre_anomaly.known import Known
from sre_anomaly.logs.clock import LogClock
from sre_anomaly.logs.counting import LogCounts
from sre_anomaly.logs.files import AUTO, entries, in_time_order, log_files, name_of
from sre_anomaly.logs.lines import Tally
from sre_anomaly.logs.shapes.routes import MOST, Routes
from sre_anomaly.registry import register
from sre_anomaly.sources import DataSource, Headway

FEWEST, ENOUGH = 5, 50
"""Rows without which nothing is told, and with fewer than which it means little."""
STEPS = (30, 10, 5, 1)
"""Seconds that may be counted together instead of a minute."""
MINUTE = 60
QUIETER = 0.8
"""How much ordinary lines count beside errors, unless ``known`` says otherwise."""
FINE_BELOW, LINES_A_STEP = 100, 2
"""Fewer minutes than these are counted in smaller steps, as long as so many lines fall into each."""


@register("data", "logs")
@dataclass
class Logs(OwnerKnows, DataSource):
    """Counts in every step of a clock, so that each detector of metrics works on logs.

    A burst shows in ``lines``, in its level and in its template; silence is ``lines`` = 0; a message that was
    never seen before shows in ``new_templates`` and, when it is repeated, in ``rare_burst``. Which templates
    have a metric of their own is decided on the first share ``learn`` of the time.
    """

    path: str
    format: str = AUTO
    step: Duration | None = None
    templates: Annotated[int, Field(ge=0, le=1000)] = 20
    routes: Annotated[int, Field(ge=0, le=MOST)] = 0
    learn: Annotated[float, Field(gt=0, le=1)] = 0.5
    year: Annotated[int, Field(ge=1970, le=9998)] | None = None
    incidents: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.step is not None and (self.step < timedelta(seconds=1) or self.step % timedelta(seconds=1)):
            raise ConfigError("data.step: has to be whole seconds, such as 1m")

    def frames(self) -> Iterator[MetricFrame]:
        """Yield the one frame.

        Raises
        ------
        DataError
            If a file cannot be read, its format is not known, or no line has a time.
        """
        path = on_disk(self.path)
        files = in_time_order(log_files(path), self.format, self._clock())
        counts, tally, years = self._counted(
            files, MINUTE if self.step is None else int(self.step.total_seconds())
        )
        if not tally.used:
            raise DataError(f"{path}: not one line could be used; {'; '.join(tally.told()) or 'it is empty'}")
        notes = []
        if self.step is None and (finer := _finer(counts)) is not None:
            counts, tally, years = self._counted(files, finer)
            notes.append(
                f"counted in steps of {in_words(timedelta(seconds=finer))}: the log is too short for minutes (data.step=1m)"
            )
        if years:
            notes.append(
                f"Careful: the times have no year, {' and '.join(map(str, sorted(years)))} is taken, by the date of the file "
                "(data.year=2024 where that is wrong)"
            )
        start, metrics, values = counts.metrics(str(path), self.templates, self.learn, self.routes)
        # Whoever names a step has all of them.
        before, after = counts.cut(len(values)) if self.step is None else (0, 0)
        if before or after:
            notes.append(
                f"{before + after} step{'s' * (before + after > 1)} at the ends of the log, covered in part only, left out"
            )
            start, values = start + before, values[before : len(values) - after]
        if len(values) < FEWEST:
            raise DataError(f"{path}: {_too_few(len(values), counts.step)}")
        time = pd.to_datetime((start + np.arange(len(values))) * counts.step, unit="s", utc=True).as_unit(
            NANOSECONDS
        )
        frame = MetricFrame(
            name=name_of(path),
            time=time,
            values=values,
            metrics=metrics,
            incidents=read_windows(Path(self.incidents).expanduser(), self.timezone, path.name)
            if self.incidents
            else None,
            timezone=self.timezone,
            notes=(
                f"{tally.used} lines of {len(files)} file(s), {len(counts.miner.words_)} templates",
                *tally.told(),
                *notes,
                *([f"Careful: {_too_few(len(values), counts.step)}"] if len(values) < ENOUGH else []),
            ),
        )
        # Where errors rise and ordinary lines fall, the errors are the news.
        quiet = {name: Known(weight=QUIETER) for name in counts.calm} if "level_ERROR" in metrics else {}
        yield replace(self, known={**quiet, **(self.known or {})}).told(frame)

    def _counted(self, files: list[Path], step: int) -> tuple[LogCounts, Tally, set[int]]:
        counts, tally, clock = (
            LogCounts(step, routes=Routes() if self.routes else None),
            Tally(),
            self._clock(),
        )
        headway, before = Headway(name_of(on_disk(self.path)), sum(file.stat().st_size for file in files)), 0
        for file in files:
            tally.watched = partial(_show, headway, before)
            counts.add(entries(file, self.format, clock, tally), clock, tally)
            before += file.stat().st_size
        headway.ends(tally.lines, "lines")
        return counts, tally, clock.taken

    def _clock(self) -> LogClock:
        return LogClock(self.timezone, self.year, by_file=True)


def _show(headway: Headway, before: int, stream: Any) -> None:
    """Say how far a stream of the files is read, in the bytes that lie on disk."""
    packed: Any = stream.fileobj if isinstance(stream, GzipFile) else stream
    headway.at(before + packed.tell())


def _finer(counts: LogCounts) -> int | None:
    """Return the step that a log too short for minutes is counted in; None where minutes are right, or its lines are too few."""
    seconds = counts.span[1] - counts.span[0]
    if not counts.per_template or seconds >= FINE_BELOW * MINUTE:
        return None
    return next(
        (
            step
            for step in STEPS
            if seconds // step >= FINE_BELOW and counts.lines * step >= LINES_A_STEP * seconds
        ),
        None,
    )


def _too_few(rows: int, step: int) -> str:
    """Say that there are too few rows, and which step would give more."""
    seconds = max(rows - 1, 1) * step
    finer = [other for other in STEPS if other < step]
    best = next((other for other in finer if seconds // other >= ENOUGH), finer[-1] if finer else None)
    smaller = f"count in smaller steps, such as data.step={best}s, or " if best else ""
    return (
        f"its lines fill only {rows} step{'s' * (rows > 1)} of {in_words(timedelta(seconds=step))}, too few to know what is usual; "
        f"{smaller}read more of the log"
    )
