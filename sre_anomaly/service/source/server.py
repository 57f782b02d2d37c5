"""What a job asks a Prometheus: one question for each metric and span of time, whatever the number of entities."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from sre_anomaly.errors import DataError
from sre_anomaly.frame import LARGEST, Times
from sre_anomaly.io.prometheus import MILLISECOND, Prometheus, RefusedError
from sre_anomaly.service.source.answers import Answers, spans
from sre_anomaly.service.source.entities import ELSEWHERE, Entities
from sre_anomaly.service.source.settings import Server


class MetricsOfEntities:
    """Asks for all metrics of all entities of a job."""

    def __init__(
        self, job: str, source: Server, metrics: Mapping[str, str], step: int, entities: Entities
    ) -> None:
        self.server = Prometheus(
            source.url, source.user, source.secret_env, source.headers, source.timeout.total_seconds()
        )
        self.job, self.metrics, self.step, self.entities = job, metrics, step, entities

    def between(self, first: int, last: int) -> Iterator[Answers]:
        """Yield the steps from ``first`` to ``last``, ns since 1970, in their order, some at a time.

        Raises
        ------
        DataError
            If the source does not answer, or refuses an expression.
        """
        for times in spans(first, last, self.step, self.entities):
            yield self._answers(times)

    def state(self, last: int) -> dict[str, Any]:
        """Return what is to be kept: nothing, because a server can be asked for the past."""
        del last
        return {}

    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned."""

    def _answers(self, times: Times) -> Answers:
        odd: Counter[str] = Counter()
        columns = []
        for metric, expression in self.metrics.items():
            try:
                result = self.server.result(expression, int(times[0]), int(times[-1]), self.step)
            except RefusedError as error:
                raise DataError(
                    f"job {self.job}: metric {metric}: {expression!r} is refused: {error}"
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
                odd[f"{metric}: a series without {', '.join(self.entities.by)}"] += 1
            elif place in found:
                more.setdefault(place, [found[place]]).append(column)
            else:
                found[place] = column
        if more and not self.entities.strip:
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
