"""What a Prometheus has measured since, asked for as time goes on, as the lines that a monitor reads."""

import json
import time
from collections.abc import Callable, Iterator
from math import isfinite
from typing import TYPE_CHECKING, Any

from sre_anomaly.clock import iso
from sre_anomaly.errors import DataError

if TYPE_CHECKING:
    from sre_anomaly.monitor import Monitor

PROMETHEUS = "prometheus"
SETTLED = 30_000_000_000
"""Nanoseconds after which a value has arrived: scrapes take a moment, and writing to a server elsewhere another."""
LOOK_SECONDS = 0.2


def poll(
    monitor: "Monitor",
    stopped: Callable[[], object],
    tell: Callable[[str], Any],
    now: Callable[[], int] = time.time_ns,
) -> Iterator[bytes]:
    """Yield the rows that the monitor has not seen, those of the past at once and each new one half a minute after it.

    The server is asked for what the model's run asked it for. A monitor that has no memory gets the rows that it needs
    to warm up. A server that was there once and does not answer is told of, once, and asked again.

    Raises
    ------
    DataError
        If the model has learned from something else, or the server does not answer the first time.
    """
    from sre_anomaly.build import build

    node = monitor.model.about["config"]["data"]
    if node["name"] != PROMETHEUS:
        raise DataError(
            f"input=prometheus: this model learned from data={node['name']}, so there is nothing to ask a Prometheus for"
        )
    source = build("data", node)
    step = monitor.model.step
    latest = _tick(monitor, now() - SETTLED)
    due = monitor.due or latest - monitor.model.features.lookback * step
    due = max(due, latest - source.last // source.step * step)
    answered = silent = False
    while not stopped():
        latest = _tick(monitor, now() - SETTLED)
        if latest < due:
            time.sleep(LOOK_SECONDS)
            continue
        try:
            values, _ = source.values(source.expressions, due, latest)
        except DataError as error:
            if not answered:
                raise
            if not silent:
                tell(f"{error}; asking again every {source.step.total_seconds():g} s")
            silent = True
            _wait(source.step.total_seconds(), stopped)
            continue
        if silent:
            tell(f"{source.url} answers again")
        answered, silent = True, False
        for row, moment in zip(values.tolist(), range(due, latest + 1, step), strict=True):
            known = {
                name: value if isfinite(value) else None
                for name, value in zip(source.expressions, row, strict=True)
            }
            yield json.dumps({"time": iso(moment), **known}).encode() + b"\n"
        due = latest + step


def _tick(monitor: "Monitor", time: int) -> int:
    """Return the tick of the monitor's clock at or before a time."""
    return time - (time - monitor.model.origin) % monitor.model.step


def _wait(seconds: float, stopped: Callable[[], object]) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and not stopped():
        time.sleep(LOOK_SECONDS)
