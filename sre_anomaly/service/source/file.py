"""What a job reads from a file that others append to: no line twice, none left out, also over a restart."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sre_anomaly.errors import DataError
from sre_anomaly.frame import Times
from sre_anomaly.live.points import BrokenLineError
from sre_anomaly.service.source.answers import Answers, spans
from sre_anomaly.service.source.cloudwatch import CloudWatchOfEntities
from sre_anomaly.service.source.entities import ELSEWHERE, Entities, clean
from sre_anomaly.service.source.lines import GrowingLines
from sre_anomaly.service.source.rows import Row, RowReader
from sre_anomaly.service.source.server import MetricsOfEntities
from sre_anomaly.service.source.settings import GrowingFile, InCloudWatch, Server

Cells = dict[tuple[tuple[str, ...], int], list[float]]
"""Sum and count of the values of an entity's metric within a step."""
BROKEN, LATE = "a line that cannot be read", "a line of a time that was gone over before"
SLACK = 2
"""Lines need not be in order of time within so many steps."""


class FileOfEntities:
    """Reads all metrics of all entities of a job; a line counts at the first step that is not before it.

    Parameters
    ----------
    source : GrowingFile
    metrics : mapping of str to str
    step : int
        Nanoseconds.
    entities : Entities
    columns : sequence of str
        Those that name an entity; none: the file is one.
    timezone : str
    """

    def __init__(
        self, source: GrowingFile, metrics: Mapping[str, str], step: int, entities: Entities, timezone: str,
        *, whole: bool = False,
    ) -> None:  # fmt: skip
        path = Path(source.file)
        self.step, self.entities = step, entities
        self._own = (path.stem,) if whole else ()
        self._width = len(metrics)
        self.lines = GrowingLines(path, self._begin_again)
        self.rows = RowReader(source, metrics, () if whole else entities.by, timezone)
        self.newest = 0
        """The newest time that was read, ns since 1970."""
        self._waiting: dict[int, Cells] = {}
        self._starts: dict[int, tuple[int, int]] = {}
        """Of each step that waits, where its first line begins in the file, and the number of the line before it."""
        self._former: dict[int, Cells] = {}
        """What waits and is of a file that is no more."""
        self._since: int | None = None
        self._fresh, self._told = True, False
        self._odd: Counter[str] = Counter()
        self._said: list[str] = []

    def between(self, first: int, last: int) -> Iterator[Answers]:
        """Yield the steps from ``first`` to ``last``, ns since 1970, in their order, some at a time.

        Raises
        ------
        DataError
            If the file cannot be read, or lacks a column.
        """
        self._since = first if self._since is None else self._since
        for times in spans(first, last, self.step, self.entities):
            for kept in (self._waiting, self._starts, self._former):
                for step in [step for step in kept if step < times[0]]:
                    del kept[step]
            self._read(int(times[0]), int(times[-1]))
            yield self._answers(times)

    def _read(self, first: int, last: int) -> None:
        """Read until what is needed up to a step is there, or the file has no more."""
        for begin, number, line in self.lines.read():
            try:
                if self._fresh and self.rows.take_header(line):
                    self._fresh = False
                    continue
                row = self.rows.read(line)
                self._fresh = False
            except BrokenLineError as error:
                self._left_out(number, f"{error}")
                continue
            except DataError:
                self.lines.back_to(begin, number - 1)
                raise
            if row is not None and self._keep(row, first, (begin, number - 1)) > last + SLACK * self.step:
                return

    def _keep(self, row: Row, first: int, place: tuple[int, int]) -> int:
        """Keep what a line holds until its step is answered, and return that step."""
        time, entity, values = row
        step = -(-time // self.step) * self.step
        self.newest = max(self.newest, time)
        if step < first:
            # What lies before all that was asked for is no matter.
            self._odd[LATE] += step >= (self._since or 0)
            return step
        self._starts.setdefault(step, place)
        cells = self._waiting.setdefault(step, {})
        for metric, value in values.items():
            if not math.isnan(value):
                both = cells.setdefault((entity or self._own, metric), [0.0, 0.0])
                both[0] += value
                both[1] += 1.0
        return step

    def _left_out(self, number: int, error: str) -> None:
        self._odd[BROKEN] += 1
        if not self._told:
            self._told = True
            where = f"{self.lines.path}, line {number}: {error}"
            self._said.append(clean(f"{where}; left out, and more of that kind are only counted"))

    def _begin_again(self, what: str) -> None:
        self._said.append(what)
        self._fresh = True
        for step, cells in self._waiting.items():
            self._former.setdefault(step, {}).update(cells)
        self._waiting, self._starts = {}, {}

    def _answers(self, times: Times) -> Answers:
        found: list[tuple[int, int, int, float]] = []
        for row, step in enumerate(times.tolist()):
            for cells in (self._former.get(step, {}), self._waiting.get(step, {})):
                for (name, metric), (total, count) in cells.items():
                    place = self.entities.place(dict(zip(self.entities.by, name, strict=True)))
                    if place is not None and place != ELSEWHERE:
                        found.append((row, place, metric, total / count))
        values = np.full((len(times), len(self.entities), self._width), np.nan)
        for row, place, metric, value in found:
            values[row, place, metric] = value
        odd, said = self._odd, self._said
        self._odd, self._said = Counter(), []
        return Answers(times, values, odd, said)

    def state(self, last: int) -> dict[str, Any]:
        """Return where to read on when all steps up to one were taken in, as JSON can hold it."""
        where = self.lines.state()
        ahead = [place for step, place in self._starts.items() if step > last]
        if ahead:
            where["offset"], where["number"] = min(ahead)
        former = [
            [step, list(name), metric, *both]
            for step, cells in self._former.items()
            if step > last
            for (name, metric), both in cells.items()
        ]
        return {"lines": where, "header": self.rows.header, "units": dict(self.rows.units), "former": former}

    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned.

        Raises
        ------
        DataError
            If other columns are wanted by now than the file had.
        """
        if not state.get("header"):
            return
        self.rows.take_header(state["header"].encode())
        self.rows.units = dict(state["units"])
        self.lines.resume(state["lines"])
        self._fresh = self.lines.offset == 0
        for step, name, metric, total, count in state["former"]:
            self._former.setdefault(step, {})[tuple(name), metric] = [total, count]


SourceOfEntities = MetricsOfEntities | FileOfEntities | CloudWatchOfEntities


def source_of(
    job: str, source: Server | GrowingFile | InCloudWatch, metrics: Mapping[str, str], step: int, entities: Entities,
    timezone: str, *, whole: bool = False,
) -> SourceOfEntities:  # fmt: skip
    """Return what answers for a source."""
    if isinstance(source, GrowingFile):
        return FileOfEntities(source, metrics, step, entities, timezone, whole=whole)
    if isinstance(source, InCloudWatch):
        return CloudWatchOfEntities(job, source.cloudwatch, metrics, step, entities)
    return MetricsOfEntities(job, source, metrics, step, entities)
