"""How metrics are asked of CloudWatch: a statistic of each over periods of one length, or metric math on the others."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Any, Self

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from sre_anomaly.clock import Duration, nanoseconds
from sre_anomaly.errors import ConfigError, DataError
from sre_anomaly.frame import MetricFrame
from sre_anomaly.io.asked.cloudwatch import CloudWatch, Query
from sre_anomaly.io.asked.span import LookBack

ID = re.compile(r"[a-z]\w*", re.ASCII)
FINE = (1, 5, 10, 30)
"""Seconds; every other period is a number of minutes."""


class Asked(BaseModel):
    """One metric: a statistic of it, or an expression of metric math."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    namespace: Annotated[str | None, Field(min_length=1)] = None
    metric: Annotated[str | None, Field(min_length=1)] = None
    dimensions: dict[str, str] = {}
    stat: str = "Average"
    expression: Annotated[str | None, Field(min_length=1)] = None
    watch: bool = True
    """False: only for expressions of others."""

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.expression is None) == (self.namespace is None and self.metric is None):
            raise ValueError("give namespace and metric, or an expression of metric math")
        if self.expression is None and (self.namespace is None or self.metric is None):
            raise ValueError("namespace and metric: give both, such as AWS/EC2 and CPUUtilization")
        return self


def _metric(given: Any) -> Any:
    return {"expression": given} if isinstance(given, str) else given


Metric = Annotated[Asked, BeforeValidator(_metric)]
"""A text is an expression."""


@dataclass(kw_only=True)
class CloudWatchReading(LookBack):
    """What is asked, and for which time."""

    metrics: Annotated[dict[str, Metric], Field(min_length=1)]
    region: str | None = None
    profile: str | None = None
    endpoint: str | None = None
    step: Duration = timedelta(minutes=5)

    def __post_init__(self) -> None:
        super().__post_init__()
        seconds = self.step.total_seconds()
        if seconds not in FINE and (seconds < 60 or seconds % 60):
            raise ConfigError(
                f"data.step: CloudWatch has periods of 1, 5, 10 and 30 seconds and of minutes, none of {seconds:g} s"
            )
        if not any(one.watch for one in self.metrics.values()):
            raise ConfigError("data.metrics: each has watch: false; leave it out of one at least")
        for name in self.metrics:
            if not ID.fullmatch(name):
                raise ConfigError(
                    f"data.metrics.{name}: CloudWatch takes names of a small letter, then letters, digits and _"
                )

    @property
    def span(self) -> tuple[int, int]:
        """First and last tick, ns since 1970: a value is of the period that begins at its tick, so the newest period that is over is the last."""
        return self.until - nanoseconds(self.last) // self.step_ns * self.step_ns, self.until - self.step_ns

    @cached_property
    def server(self) -> CloudWatch:
        """Who is asked."""
        return CloudWatch(self.region, self.profile, self.endpoint)

    def frame(self, name: str, beside: Mapping[str, str]) -> MetricFrame:
        """Return a frame of all metrics that are watched.

        Parameters
        ----------
        name : str
        beside : mapping of str to str
            Dimensions that each metric has too; in expressions the value of one stands for its name behind a $.

        Raises
        ------
        DataError
            If CloudWatch does not answer or refuses, or a metric has no value, or several series.
        """
        queries = queries_of(self.metrics, round(self.step.total_seconds()), beside)
        first, last = self.span
        found, notes = self.server.values(queries, first, last, self.step_ns)
        columns = []
        for metric, series in found.items():
            if len(series) > 1:
                raise DataError(
                    f"data.metrics.{metric}: gives {len(series)} series, such as {', '.join(list(series)[:3])}: make them one, "
                    "as with AVG(...), SUM(...) or MAX(...)"
                )
            column = next(iter(series.values()), None)
            if column is None or not np.isfinite(column).any():
                raise DataError(self._nothing(metric, beside))
            columns.append(column)
        return self.on_the_clock(
            name, list(found), np.column_stack(columns), [f"CloudWatch: {note}" for note in notes]
        )

    def _nothing(self, metric: str, beside: Mapping[str, str]) -> str:
        """Return the line on a metric without a value, with the dimensions that it has."""
        one = self.metrics[metric]
        said = f"data.metrics.{metric}: CloudWatch has no value {self.in_words}"
        if one.namespace is None or one.metric is None:
            return said
        given = {**one.dimensions, **beside}
        try:
            known = self.server.dimensions(one.namespace, one.metric, {})
        except DataError:
            return said
        if not known:
            return f"{said}; there is no metric {one.metric} in {one.namespace}"
        if given in known:
            return f"{said}; below 1m it keeps 3 hours, below 5m 15 days, below 1h 63 days"
        return f"{said}; {one.metric} has dimensions such as {_shown(known[0])}, and asked was {_shown(given) or 'none'}"


def queries_of(asked: Mapping[str, Asked], period: int, beside: Mapping[str, str]) -> list[Query]:
    """Return metrics as CloudWatch takes them.

    Examples
    --------
    >>> asked = {"cpu": Asked(namespace="AWS/EC2", metric="CPUUtilization"), "idle": Asked(expression="100 - cpu")}
    >>> queries_of(asked, 300, {"InstanceId": "i-1"})[1]
    {'Id': 'idle', 'ReturnData': True, 'Expression': '100 - cpu', 'Period': 300}
    """
    queries: list[Query] = []
    for name, one in asked.items():
        query: Query = {"Id": name, "ReturnData": one.watch}
        if one.expression is not None:
            text = one.expression
            for dimension, value in beside.items():
                text = text.replace(f"${dimension}", value)
            query |= {"Expression": text, "Period": period}
        else:
            dimensions = [
                {"Name": key, "Value": value} for key, value in {**one.dimensions, **beside}.items()
            ]
            metric = {"Namespace": one.namespace, "MetricName": one.metric, "Dimensions": dimensions}
            query["MetricStat"] = {"Metric": metric, "Period": period, "Stat": one.stat}
        queries.append(query)
    return queries


def _shown(dimensions: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in dimensions.items())
