"""Measure what a day ahead with its interval costs: 2,016 made-up rows a series, learned, tried on the past, forecast.

    python experiments/forecasting/cost.py 200

Milliseconds of CPU a series and megabytes of memory after the first and the last series; every series is new, so nothing is counted twice.
"""

import resource
import sys
import time
from datetime import timedelta
from typing import Any

import numpy as np

from sre_anomaly.config.build import build
from sre_anomaly.config.compose import composed
from sre_anomaly.frame import Array
from sre_anomaly.kernels.forecast.margins import Errors, margins
from sre_anomaly.pipeline.forecast.ahead import QUANTILES, past_errors

ROWS, DAY, STEP = 2016, 288, timedelta(minutes=5)


def made(seed: int) -> Array:
    """Return a daily course, a slow walk and noise, (2016, 1)."""
    draw, rows = np.random.default_rng(seed), np.arange(ROWS)
    walk = 0.05 * draw.normal(0, 3, ROWS).cumsum()
    return (50 + 20 * np.sin(2 * np.pi * rows / DAY) + walk + draw.normal(0, 3, ROWS))[:, np.newaxis]


def ahead(node: dict[str, Any], values: Array) -> Array:
    """Return a day with its bounds, as a run makes it: errors on rows that were not learned from, then all is learned."""
    forecaster = build("forecaster", node)
    forecaster.start(STEP)
    forecaster.farthest = DAY
    forecaster.fit(values[: 4 * ROWS // 5])
    known = past_errors(values, forecaster, slice(ROWS - 3 * DAY, ROWS), DAY)[0]
    told = forecaster.fit(values).predict(values, DAY)
    now = Errors(np.array([ROWS]), np.full((1, DAY), np.nan))
    return np.asarray(told[:, :1] + margins(known, now, STEP, 0.9, np.array(QUANTILES))[0][0])


def memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    number = int(sys.argv[1])
    series = [made(seed) for seed in range(number)]
    for name in ("seasonal", "combine", "auto"):
        node = composed([f"forecaster={name}"])["forecaster"]
        ahead(node, made(number))
        first, began = memory(), time.process_time()
        for values in series:
            ahead(node, values)
        spent = time.process_time() - began
        print(f"{name}: {1000 * spent / number:.1f} ms a series; memory {first} MB, then {memory()} MB")
