"""Healthy server metrics: one latent load, and eight metrics that follow it in units of their own."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.signal import lfilter

from sre_anomaly.frame import Array
from sre_anomaly.kernels.seasonal import MAD_TO_STD

HOUR = pd.Timedelta("1h")
USUAL_LOAD, OWN_SPREAD = 0.47, 0.17
"""Where the load lies on average, and how far a metric with a life of its own wanders from there."""


@dataclass(frozen=True)
class Metric:
    """How one metric answers to the load, which is about 0.2 in a quiet night and 0.8 in a busy hour."""

    follow: Callable[[Array], Array]
    noise: float
    """Standard deviation of its noise at load 1, in the metric's unit."""
    lag: float = 0.0
    """Hours it takes to follow the load."""
    jumpy: bool = False
    """True: its noise is skewed upwards, as waiting times and errors are."""
    ceiling: float = np.inf


def _queue(load: Array) -> Array:
    # Waiting time grows without bound as a server nears its capacity; 1.5 keeps it finite.
    return 25 + 45 * load / (1.5 - np.minimum(load, 1.3))


METRICS: dict[str, Metric] = {
    "cpu": Metric(lambda load: 8 + 62 * load, noise=3.0, ceiling=100.0),  # %
    "memory": Metric(lambda load: 42 + 25 * load, noise=0.8, lag=1.5, ceiling=100.0),  # %
    "disk": Metric(lambda load: 50 + 12 * load, noise=0.5, lag=4.0, ceiling=100.0),  # %
    "network_in": Metric(lambda load: 4 + 50 * load, noise=3.0),  # MB/s
    "network_out": Metric(lambda load: 6 + 90 * load, noise=5.0),  # MB/s
    "latency": Metric(_queue, noise=3.5, jumpy=True),  # ms
    "error_rate": Metric(lambda load: 0.2 + 0.5 * load**2, noise=0.12, jumpy=True, ceiling=100.0),  # %
    "requests": Metric(lambda load: 60 + 1400 * load, noise=60.0),  # per second
}


def latent_load(
    time: pd.DatetimeIndex, rng: np.random.Generator, *, daily: float, weekly: float, drift: float
) -> Array:
    """Return (n,) how busy the service is: daily and weekly season, slow drift and a wandering rest.

    Parameters
    ----------
    time : DatetimeIndex, (n,)
    rng : Generator
    daily, weekly, drift : float
        Strengths: 0 none, 1 as on a typical web service.
    """
    hours = (time - time[0].normalize()).to_numpy() / HOUR.to_timedelta64()
    turn = 2 * np.pi * hours / 24
    # Two harmonics: lowest near 4 h, a steep morning, a long busy day, highest in the early evening.
    day = np.sin(turn - 2.45) + 0.32 * np.sin(2 * turn - 3.9)
    hour_of_week = hours + 24 * time[0].day_of_week
    from_sunday = np.abs((hour_of_week - 144 + 84) % 168 - 84)
    weekend = 1 / (1 + np.exp((from_sunday - 24) / 1.5))
    season = 0.23 * daily * day * (1 - 0.35 * weekly * weekend) - 0.09 * weekly * weekend
    growth = 0.08 * np.linspace(-0.5, 0.5, len(time)) + 0.02 * wander(time, 240.0, rng)
    return np.asarray(USUAL_LOAD + season + drift * growth + 0.022 * wander(time, 2.0, rng))


def wander(time: pd.DatetimeIndex, memory_hours: float, rng: np.random.Generator) -> Array:
    """Return (n,) an AR(1) series of unit variance that forgets within about ``memory_hours``."""
    step = (time[1] - time[0]) / HOUR if len(time) > 1 else 1.0
    keep = np.exp(-step / memory_hours)
    shocks = rng.standard_normal(len(time))
    shocks[1:] *= np.sqrt(1 - keep**2)  # the first is drawn as if the series had always been running
    return np.asarray(lfilter([1.0], [1.0, -keep], shocks))


def follow_load(
    name: str,
    time: pd.DatetimeIndex,
    load: Array,
    rng: np.random.Generator,
    *,
    noise: float,
    correlation: float,
) -> Array:
    """Return (n,) one healthy metric in its own unit, not yet clipped to what is physically possible.

    Parameters
    ----------
    name : str
        One of `METRICS`.
    load : float64, (n,)
    noise : float
        Strength of the metric's own noise: 0 none, 1 usual. It grows with the load.
    correlation : float
        1: the metric follows the shared load alone. 0: a life of its own, as restless as the load.
    """
    metric = METRICS[name]
    own = OWN_SPREAD * wander(time, 4.0, rng)
    driver = USUAL_LOAD + correlation * (load - USUAL_LOAD) + np.sqrt(1 - correlation**2) * own
    if metric.lag:
        step = (time[1] - time[0]) / HOUR if len(time) > 1 else 1.0
        keep = np.exp(-step / metric.lag)
        driver = lfilter([1 - keep], [1.0, -keep], driver, zi=[keep * driver[0]])[0]
    if metric.jumpy:
        scatter = rng.gamma(2.0, 1 / np.sqrt(2.0), len(time)) - np.sqrt(2.0)
    else:
        scatter = rng.standard_normal(len(time))
    return np.asarray(metric.follow(driver) + noise * metric.noise * (0.4 + 0.6 * driver) * scatter)


def clip_to_physics(values: Array, metrics: tuple[str, ...]) -> Array:
    """Return (n, m) values within what each metric can be: never negative, percentages up to 100."""
    return np.clip(values, 0.0, [METRICS[name].ceiling for name in metrics])


def usual_scatter(time: pd.DatetimeIndex, values: Array) -> Array:
    """Return (m,) each metric's robust standard deviation around the median of its hour of the day.

    A metric that hardly moves gets its plain standard deviation, else a hundredth of its level, else 1.
    """
    table = pd.DataFrame(values)
    residual = table - table.groupby(time.hour).transform("median")
    robust = MAD_TO_STD * residual.abs().median().to_numpy(dtype=np.float64)
    plain = table.std(ddof=0).to_numpy(dtype=np.float64)
    level = 0.01 * table.abs().median().to_numpy(dtype=np.float64)
    scatter = np.ones(values.shape[1])
    for choice in (level, plain, robust):
        scatter = np.where(np.isfinite(choice) & (choice > 1e-12), choice, scatter)
    return scatter
