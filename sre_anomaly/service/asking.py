"""What a job asks its source: one question for each metric and span of time, whatever the number of entities."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sre_anomaly.clock import nanoseconds
from sre_anomaly.errors import DataError
from sre_anomaly.frame import LARGEST, Array, Times
from sre_anomaly.io.prometheus import MILLISECOND, Prometheus, RefusedError
from sre_anomaly.service.entities import ELSEWHERE, Entities
from sre_anomaly.service.settings import JobSettings

MOST_VALUES, MOST_STEPS, UNKNOWN = 500_000, 240, 10_000
"""Of one question while the past is gone over, so that an answer has some 15 MB; as long as nobody has come, so many may."""


@dataclass
class Answers:
    """The values of some steps, and what was odd about them."""

    times: Times
    """(k,) ns since 1970."""
    values: Array
    """(k, n, m) NaN where there is none; n grows as entities come."""
    odd: Counter[str] = field(default_factory=Counter)
    """How many series were left out, by why."""


class MetricsOfEntities:
    """Asks for all metrics of all entities of a job."""

    def __init__(self, job: JobSettings, entities: Entities) -> None:
        source = job.source
        self.server = Prometheus(
            source.url, source.user, source.secret_env, source.headers, source.timeout.total_seconds()
        )
        self.job, self.entities = job, entities
        self.step = nanoseconds(job.step)

    def between(self, first: int, last: int) -> Iterator[Answers]:
        """Yield the steps from ``first`` to ``last``, ns since 1970, in their order, some at a time.

        Raises
        ------
        DataError
            If the source does not answer, or refuses an expression.
        """
        while first <= last:
            # Those of other processes are in each answer too.
            series = len(self.entities) * self.entities.share.of // self.entities.share.replicas or UNKNOWN
            most = min(MOST_STEPS, max(1, MOST_VALUES // series))
            times = np.arange(
                first, min(first + most * self.step, last + self.step), self.step, dtype=np.int64
            )
            yield self._answers(times)
            first += most * self.step

    def _answers(self, times: Times) -> Answers:
        odd: Counter[str] = Counter()
        columns = []
        for metric, expression in self.job.metrics.items():
            try:
                result = self.server.result(expression, int(times[0]), int(times[-1]), self.step)
            except RefusedError as error:
                raise DataError(
                    f"job {self.job.name}: metric {metric}: {expression!r} is refused: {error}"
                ) from None
            columns.append(self._columns(metric, result, times, odd))
        values = np.full((len(times), len(self.entities), len(columns)), np.nan)
        for number, found in enumerate(columns):
            if found:
                values[:, list(found), number] = np.array(list(found.values())).T
        return Answers(times, values, odd)

    def _columns(
        self, metric: str, result: list[Any], times: Times, odd: Counter[str]
    ) -> dict[int, list[float]]:
        """Return the values of each entity, a list of k each; in plain numbers, because most questions are of one step."""
        first, step, rows = int(times[0]) // MILLISECOND, self.step // MILLISECOND, len(times)
        nothing = [float("nan")] * rows
        found: dict[int, list[float]] = {}
        more: dict[int, list[list[float]]] = {}
        for series in result:
            column, huge = nothing.copy(), 0
            try:
                place = self.entities.place(series["metric"])
                if place == ELSEWHERE:
                    continue
                for at, text in series["values"]:
                    row, rest = divmod(round(float(at) * 1000) - first, step)
                    value = float(text)
                    if rest == 0 and 0 <= row < rows and abs(value) <= LARGEST:
                        column[row] = value
                    huge += LARGEST < abs(value) < float("inf")
            except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
                odd[f"{metric}: not a series"] += 1
                continue
            if huge:
                odd[f"{metric}: a value too large to be a measurement"] += huge
            if place is None:
                odd[f"{metric}: a series without {', '.join(self.job.entity)}"] += 1
            elif place in found:
                more.setdefault(place, [found[place]]).append(column)
            else:
                found[place] = column
        if more and not self.job.strip:
            odd[f"{metric}: several series of one entity"] += len(more)
        return found | {place: _mean(some) for place, some in more.items()}


def _mean(columns: list[list[float]]) -> list[float]:
    """Return the mean of several series of one entity at each step, of those that have a value."""
    together = np.array(columns)
    known = np.isfinite(together)
    count = known.sum(axis=0)
    total = np.where(known, together, 0.0).sum(axis=0)
    mean: list[float] = np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0).tolist()
    return mean
