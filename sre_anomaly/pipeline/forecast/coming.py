"""What comes after the data end, with its interval, and how likely a limit is passed, and when."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from sre_anomaly.contracts import Forecaster
from sre_anomaly.frame import Array, MetricFrame
from sre_anomaly.kernels.forecast.margins import Errors
from sre_anomaly.kernels.forecast.paths import first_pass, passes
from sre_anomaly.pipeline.forecast.ahead import Ahead, look_ahead
from sre_anomaly.pipeline.forecast.horizons import Horizon

EARLY, LATE = 0.1, 0.9
"""When a limit is passed at the earliest and latest: by so large a share of courses."""


@dataclass
class Coming:
    """The forecast from the last data point on, h rows of m metrics."""

    time: pd.DatetimeIndex
    metrics: tuple[str, ...]
    ahead: Ahead
    limits: list[dict[str, Any]] = field(default_factory=list)
    """For each metric and horizon: the probability that the limit is passed within it, and when."""

    def table(self) -> pd.DataFrame:
        """Return each forecast as a row; nothing has come of them yet."""
        return self.ahead.table(self.time, self.metrics).drop(columns="actual")


def what_comes(
    frame: MetricFrame,
    forecaster: Forecaster,
    asked: list[Horizon],
    known: list[Errors],
    possible: Array,
    settings: dict[str, Any],
) -> Coming:
    """Return the forecast from the end of the data on, as far as the farthest horizon; ``known`` are each metric's errors so far."""
    farthest, rows = asked[-1], len(frame)
    span = slice(rows, rows + farthest.rows)
    ahead = look_ahead(
        frame.values, forecaster, span, farthest, known, frame.step, settings["coverage"], possible
    )
    first = frame.time[-1] + frame.step
    time = pd.date_range(first, periods=farthest.rows, freq=frame.step)
    coming = Coming(time, frame.metrics, ahead)
    if (limit := settings.get("limit")) is not None:
        for metric, name in enumerate(frame.metrics):
            seen = frame.values[:, metric][np.isfinite(frame.values[:, metric])]
            last = float(seen[-1]) if len(seen) else np.nan
            coming.limits += _passing(
                name, last, ahead.mean[0, :, metric], known[metric].of, limit, asked, time
            )
    return coming


def _passing(
    name: str,
    last: float,
    mean: Array,
    missed: Array,
    limit: Any,
    asked: list[Horizon],
    time: pd.DatetimeIndex,
) -> list[dict[str, Any]]:
    above, value = limit_of(limit)
    passed = passes(mean, missed, value, above=above)
    found = []
    for horizon in asked:
        within = passed[:, : horizon.rows]
        at = {
            when: time[row] if (row := first_pass(within, share)) is not None else None
            for when, share in (("earliest", EARLY), ("likely", 0.5), ("latest", LATE))
        }
        found.append(
            {
                "metric": name,
                "limit": value,
                "side": "above" if above else "below",
                "already": bool(last > value if above else last < value),
                "horizon": horizon.asked,
                "words": horizon.words.removesuffix(" ahead"),
                "courses": len(within),
                "probability": float(within[:, -1].mean()) if len(within) else float("nan"),
                **at,
            }
        )
    return found


def limit_of(limit: Any) -> tuple[bool, float]:
    """Return whether a limit is passed from below, and the limit.

    Raises
    ------
    ValueError
        If it is neither a number nor one behind > or <.

    Examples
    --------
    >>> limit_of(90), limit_of("< 10")
    ((True, 90.0), (False, 10.0))
    """
    text = str(limit).strip()
    return not text.startswith("<"), float(text.lstrip("<>"))
