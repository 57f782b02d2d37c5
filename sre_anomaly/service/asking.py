"""What a job asks its source: one question for each metric and span of time, whatever the number of entities."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from sre_anomaly.clock import nanoseconds
from sre_anomaly.errors import DataError
from sre_anomaly.frame import LARGEST, Array, Times
from sre_anomaly.io.prometheus import Prometheus, RefusedError
from sre_anomaly.service.entities import Entities
from sre_anomaly.service.settings import JobSettings

AT_ONCE = 240
"""Steps in one question while the past is gone over: with ten thousand entities some 20 MB for each metric."""


@dataclass
class Answers:
    """The values of some steps, and what was odd about them."""

    times: Times
    """(k,) ns since 1970."""
    values: Array
    """(k, n, m) NaN where there is none; n grows as entities come."""
    odd: dict[str, int] = field(default_factory=dict)
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
        for begin in range(first, last + 1, AT_ONCE * self.step):
            times = np.arange(
                begin, min(begin + AT_ONCE * self.step, last + self.step), self.step, dtype=np.int64
            )
            yield self._answers(times[times <= last])

    def _answers(self, times: Times) -> Answers:
        odd: dict[str, int] = {}
        columns: list[dict[int, Array]] = []
        for metric, expression in self.job.metrics.items():
            try:
                series, _ = self.server.samples(expression, int(times[0]), int(times[-1]), self.step)
            except RefusedError as error:
                raise DataError(
                    f"job {self.job.name}: metric {metric}: {expression!r} is refused: {error}"
                ) from None
            found: dict[int, list[Array]] = {}
            for labels, at, values in series:
                place = self.entities.place(labels)
                if place is None:
                    _count(odd, f"{metric}: a series without {', '.join(self.job.entity)}")
                    continue
                column = np.full(len(times), np.nan)
                row, rest = np.divmod(at - times[0], self.step)
                fits = (
                    (rest == 0)
                    & (row >= 0)
                    & (row < len(times))
                    & np.isfinite(values)
                    & (np.abs(values) <= LARGEST)
                )
                column[row[fits]] = values[fits]
                found.setdefault(place, []).append(column)
            several = sum(len(some) > 1 for some in found.values())
            if several and not self.job.strip:
                _count(odd, f"{metric}: several series of one entity", several)
            columns.append({place: _mean(some) for place, some in found.items()})
        values = np.full((len(times), len(self.entities), len(columns)), np.nan)
        for number, column_of in enumerate(columns):
            for place, column in column_of.items():
                values[:, place, number] = column
        return Answers(times, values, odd)


def _mean(columns: list[Array]) -> Array:
    """Return the mean of several series of one entity at each step, of those that have a value."""
    if len(columns) == 1:
        return columns[0]
    together = np.stack(columns)
    known = np.isfinite(together)
    count = known.sum(axis=0)
    total = np.where(known, together, 0.0).sum(axis=0)
    return np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)


def _count(odd: dict[str, int], why: str, number: int = 1) -> None:
    odd[why] = odd.get(why, 0) + number
