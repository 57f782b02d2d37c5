"""What a Prometheus has measured since, asked for as time goes on, as the lines that a monitor reads."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from sre_anomaly.clock import iso
from sre_anomaly.errors import DataError
from sre_anomaly.frame import Array

if TYPE_CHECKING:
    from sre_anomaly.live.monitor import Monitor

PROMETHEUS = "prometheus"
SETTLED = 30_000_000_000
"""Nanoseconds after which a value has arrived, unless told otherwise."""
LOOK_SECONDS = 0.2
MISSED = 5
"""Rows without a value of a metric after which that is told."""


def poll(
    monitor: "Monitor",
    stopped: Callable[[], object],
    tell: Callable[[str], Any],
    now: Callable[[], int] = time.time_ns,
    *,
    wait: int = SETTLED,
) -> Iterator[bytes]:
    """Yield the rows that the monitor has not seen, those of the past at once and each new one ``wait`` nanoseconds after it.

    A value needs the wait to arrive: scrapes take a moment, and writing to a server elsewhere another. The server is asked for what the model's run asked it for. A monitor that has no memory gets the rows that it needs
    to warm up. A server that does not answer is told of, once, and asked again; so is what its answers lack.

    Raises
    ------
    DataError
        If the model has learned from something else, or the first answer cannot be used.
    """
    from sre_anomaly.config.build import build
    from sre_anomaly.io.prometheus import AwayError

    node = monitor.model.about["config"]["data"]
    if node["name"] != PROMETHEUS:
        raise DataError(
            f"input=prometheus: this model was trained on data={node['name']}, so there is nothing to ask a Prometheus for"
        )
    source = build("data", node)
    step = monitor.model.step
    latest = _tick(monitor, now() - wait)
    due = monitor.due or latest - monitor.model.features.lookback * step
    due = max(due, latest - source.last // source.step * step)
    lacks = Lacks(tell, dict.fromkeys(source.expressions, due - step), MISSED * step)
    answered = away = False
    while not stopped():
        latest = _tick(monitor, now() - wait)
        if latest < due:
            time.sleep(LOOK_SECONDS)
            continue
        try:
            values, warned = source.values(source.expressions, due, latest)
        except DataError as error:
            if not answered and not isinstance(error, AwayError):
                raise
            if not away:
                tell(f"{error}; asking again every {source.step.total_seconds():g} s")
            away = True
            _wait(source.step.total_seconds(), stopped)
            continue
        if away:
            tell(f"{source.url} answers again")
        answered, away = True, False
        moments = range(due, latest + 1, step)
        lacks.look(values, moments, warned)
        for row, moment in zip(values.tolist(), moments, strict=True):
            known = {
                name: value if isfinite(value) else None
                for name, value in zip(source.expressions, row, strict=True)
            }
            yield json.dumps({"time": iso(moment), **known}).encode() + b"\n"
        due = latest + step


@dataclass
class Lacks:
    """Tells once what answers lack: metrics without a value for some time, and what the server warns of."""

    tell: Callable[[str], Any]
    seen: dict[str, int]
    """When each metric had its last value, ns since 1970."""
    patience: int
    told: set[str] = field(default_factory=set)

    def look(self, values: Array, moments: range, warned: list[str]) -> None:
        """Look at the rows (n, m) of so many moments."""
        for warning in warned:
            if warning not in self.told:
                self.tell(f"the server warns: {warning}")
                self.told.add(warning)
        for name, column in zip(self.seen, values.T, strict=True):
            rows = np.flatnonzero(np.isfinite(column))
            if len(rows):
                self.seen[name] = moments[int(rows[-1])]
            lacking = moments[-1] - self.seen[name] >= self.patience
            if lacking and name not in self.told:
                self.tell(f"{name} has had no value since {iso(self.seen[name])}")
                self.told.add(name)
            if not lacking and name in self.told:
                self.tell(f"{name} has values again")
                self.told.remove(name)


def _tick(monitor: "Monitor", time: int) -> int:
    """Return the tick of the monitor's clock at or before a time."""
    return time - (time - monitor.model.origin) % monitor.model.step


def _wait(seconds: float, stopped: Callable[[], object]) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and not stopped():
        time.sleep(LOOK_SECONDS)
