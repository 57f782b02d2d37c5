"""How far ahead: as a number of data points, or as people say it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sre_anomaly.clock import in_words, parse_duration, rows_in
from sre_anomaly.errors import ConfigError, DataError
from sre_anomaly.frame import MetricFrame


@dataclass(frozen=True)
class Horizon:
    """How far ahead something is forecast."""

    asked: str
    """As it was asked for, such as ``1d`` or ``6``."""
    rows: int
    words: str
    """Such as ``1 d ahead`` or ``6 data points ahead``."""


def horizons(frame: MetricFrame, asked: Any, evaluated: int) -> list[Horizon]:
    """Return how far ahead to forecast, nearest first.

    Parameters
    ----------
    asked : int, str or sequence of them
        Data points, or durations such as ``1d``.
    evaluated : int
        Rows of the evaluation period: nothing further ahead can be compared with what came.

    Raises
    ------
    UserError
        If a duration is no whole data point, or is longer than the evaluation period.
    """
    several = list(asked) if isinstance(asked, Sequence) and not isinstance(asked, str) else [asked]
    found = sorted({_horizon(frame, one) for one in several}, key=lambda one: one.rows)
    farthest = found[-1]
    if farthest.rows > evaluated:
        raise DataError(
            f"forecast.horizon={farthest.asked}: {frame.name} has {_long(frame, evaluated)} to evaluate forecasts on: ask for no more "
            "than that, or use more data"
        )
    return found


def _horizon(frame: MetricFrame, asked: Any) -> Horizon:
    if isinstance(asked, int) or str(asked).isdecimal():
        rows = int(asked)
        return Horizon(str(asked), rows, f"{rows:,} data point{'s' if rows > 1 else ''} ahead")
    ahead: timedelta = parse_duration(asked)
    rows = rows_in(ahead, frame.step)
    if rows < 1:
        raise ConfigError(
            f"forecast.horizon={asked}: is less than one data point of {frame.name}, which has one every {in_words(frame.step)}"
        )
    return Horizon(str(asked), rows, f"{in_words(ahead)} ahead")


def _long(frame: MetricFrame, rows: int) -> str:
    return (
        f"{in_words(frame.step * rows)} ({rows:,} data points)"
        if frame.has_clock
        else f"{rows:,} data points"
    )
