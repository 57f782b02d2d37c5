"""What a job asks Amazon CloudWatch: all metrics of as many entities at once as it takes in one question."""

import json
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
from pydantic import ValidationError

from sre_anomaly.errors import UserError
from sre_anomaly.frame import LARGEST, Array, Times
from sre_anomaly.io.asked.cloudwatch import MOST_QUERIES, CloudWatch, Query
from sre_anomaly.io.asked.cloudwatch_metrics import FINE, ID, Asked, queries_of
from sre_anomaly.service.source.answers import Answers, spans
from sre_anomaly.service.source.entities import Entities
from sre_anomaly.service.source.settings import Amazon

LISTED_SECONDS = 600.0
"""So long what entities there are is not asked anew."""
QUOTED = re.compile(r"""('[^']*'|"[^"]*")""")
Labels = dict[str, str]


class CloudWatchOfEntities:
    """Asks for all metrics of all entities of a job; a row has the period that ends at it.

    Parameters
    ----------
    job : str
    source : Amazon
    metrics : mapping of str to str
        Each an expression, or what `Asked` has, as JSON.
    step : int
        Nanoseconds.
    entities : Entities
    """

    def __init__(
        self, job: str, source: Amazon, metrics: Mapping[str, str], step: int, entities: Entities
    ) -> None:
        self.server = CloudWatch(source.region, source.profile, source.endpoint)
        self.job, self.step, self.entities = job, step, entities
        self.asked = {name: asked_of(text) for name, text in metrics.items()}
        self._listed: tuple[float, list[Labels]] | None = None

    def between(self, first: int, last: int) -> Iterator[Answers]:
        """Yield the steps from ``first`` to ``last``, ns since 1970, in their order, some at a time.

        Raises
        ------
        DataError
            If CloudWatch does not answer, or refuses.
        """
        for times in spans(first, last, self.step, self.entities):
            try:
                yield self._answers(times)
            except UserError as error:
                said = str(error).replace("data.", "source.cloudwatch.")
                raise type(error)(f"job {self.job}: {said}") from None

    def state(self, last: int) -> dict[str, Any]:
        """Return what is to be kept: nothing, because it can be asked for the past."""
        del last
        return {}

    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned."""

    def _answers(self, times: Times) -> Answers:
        found: dict[int, Array] = {}
        odd: Counter[str] = Counter()
        entities = self._entities()
        at_once = max(1, MOST_QUERIES // len(self.asked))
        for begin in range(0, len(entities), at_once):
            some = entities[begin : begin + at_once]
            for labels, columns in zip(some, self._columns(some, times, odd), strict=True):
                place = self.entities.place(labels) if np.isfinite(columns).any() else None
                if place is not None and place >= 0:
                    # Of several that are one by `strip`, each value counts where there is no other.
                    before = found.get(place, columns)
                    found[place] = np.where(np.isfinite(before), before, columns)
        values = np.full((len(times), len(self.entities), len(self.asked)), np.nan)
        for place, columns in found.items():
            values[:, place] = columns
        return Answers(times, values, odd)

    def _columns(self, entities: Sequence[Labels], times: Times, odd: Counter[str]) -> list[Array]:
        """Return (k, m) values of each entity."""
        period = round(self.step / 1e9)
        queries: list[Query] = []
        for number, labels in enumerate(entities):
            queries += [
                _numbered(query, number, self.asked) for query in queries_of(self.asked, period, labels)
            ]
        first, last = int(times[0]) - self.step, int(times[-1]) - self.step
        found, _ = self.server.values(queries, first, last, self.step)
        columns = []
        for number in range(len(entities)):
            each = []
            for name in self.asked:
                series = list(found.get(f"{name}_{number}", {}).values())
                if len(series) > 1:
                    odd[f"{name}: several series of one entity"] += 1
                each.append(series[0] if len(series) == 1 else np.full(len(times), np.nan))
            column = np.column_stack(each)
            huge = np.abs(column) > LARGEST
            column[huge] = np.nan
            if huge.any():
                odd["a value too large to be a measurement"] += int(huge.sum())
            columns.append(column)
        return columns

    def _entities(self) -> list[Labels]:
        """Return the dimensions of each entity that is its own: those of the first metric that is no expression."""
        if self._listed is not None and time.monotonic() - self._listed[0] < LISTED_SECONDS:
            return self._listed[1]
        one = next(one for one in self.asked.values() if one.namespace is not None)
        by = list(self.entities.by)
        known = self.server.dimensions(str(one.namespace), str(one.metric), one.dimensions, by[0])
        wanted = {*one.dimensions, *by}
        names = sorted({tuple(each[label] for label in by) for each in known if set(each) == wanted})
        listed = [dict(zip(by, name, strict=True)) for name in names]
        own = [labels for labels in listed if self.entities.own(labels)]
        self._listed = (time.monotonic(), own)
        return own


def asked_of(text: str) -> Asked:
    """Return what a metric of a job's settings asks for: JSON, or an expression."""
    return Asked.model_validate(json.loads(text) if text.startswith("{") else {"expression": text})


def refuse_unasked(metrics: Mapping[str, str], step: timedelta) -> None:
    """Refuse, as `ValueError`, what CloudWatch cannot be asked."""
    for name, text in metrics.items():
        try:
            asked = asked_of(text)
        except ValidationError as error:
            detail = error.errors()[0]
            said = detail["msg"].removeprefix("Value error, ")
            said = "no such key" if detail["type"] == "extra_forbidden" else said
            where = ".".join(map(str, ("metrics", name, *detail["loc"])))
            raise ValueError(f"{where}: {said}") from None
        if not ID.fullmatch(name):
            raise ValueError(
                f"metrics.{name}: CloudWatch takes names of a small letter, then letters, digits and _"
            )
        if not asked.watch:
            raise ValueError(
                f"metrics.{name}: a service watches each; with weight: 0 under known one pages nobody"
            )
    if all(asked_of(text).namespace is None for text in metrics.values()):
        raise ValueError("metrics: one at least has to be a statistic: it says which entities there are")
    if step.total_seconds() not in FINE and step.total_seconds() % 60:
        raise ValueError("step: CloudWatch has periods of minutes, or of 1, 5, 10 and 30 seconds")


def _numbered(query: Query, number: int, names: Mapping[str, Any]) -> Query:
    """Return a query under a name of one entity's own, and the metrics that its expression refers to.

    Examples
    --------
    >>> _numbered({"Id": "share", "Expression": "SUM([errors]) / MAX(SEARCH('errors', 'Sum', 60))"}, 3, ["errors", "share"])
    {'Id': 'share_3', 'Expression': "SUM([errors_3]) / MAX(SEARCH('errors', 'Sum', 60))"}
    """
    query = query | {"Id": f"{query['Id']}_{number}"}
    if "Expression" in query:
        parts = QUOTED.split(query["Expression"])
        words = re.compile(rf"\b({'|'.join(map(re.escape, names))})\b")
        parts[::2] = [words.sub(rf"\1_{number}", part) for part in parts[::2]]
        query["Expression"] = "".join(parts)
    return query
