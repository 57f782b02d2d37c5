"""What made-up tables share: episodes of near copies, rare classes, and noise that no column explains.

Real tables of operations are full of near copies: one outage opens ten tickets, one change is deployed five times.
Rows of one episode look alike and have the same answer for a reason that no column shows. A split at random puts
them on both sides, and a model that remembers looks like one that understands.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from sre_anomaly.dataset import TextColumn
from sre_anomaly.frame import Array, Times

Draw = np.random.Generator
Numbers = npt.NDArray[np.int64]
MINUTE = 60 * 10**9
START = np.datetime64("2025-01-06T00:00:00", "ns").astype(np.int64)
WOBBLE = 0.02


def episodes(draw: Draw, rows: int, mean: float) -> Numbers:
    """Return (n,) episode numbers from 0, in order; an episode has ``mean`` rows on average.

    Examples
    --------
    >>> episodes(np.random.default_rng(0), 6, 2.0).tolist()
    [0, 1, 2, 3, 3, 3]
    """
    begins = draw.random(rows) < 1 / mean
    begins[0] = True
    return np.cumsum(begins) - 1


def of_first(episode: Numbers, values: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """Return for each row the value of the first row of its episode."""
    first = np.unique(episode, return_index=True)[1]
    return values[first][episode]


def near_copies(draw: Draw, episode: Numbers, values: Array, digits: int = 2) -> Array:
    """Return (n,) numbers that are nearly those of the first row of the episode, rounded."""
    copied = np.asarray(of_first(episode, values), dtype=np.float64)
    return np.round(copied * (1 + draw.normal(0, WOBBLE, len(copied))), digits)


def unexplained(draw: Draw, episode: Numbers, scale: float) -> Array:
    """Return (n,) an effect of each episode that no column shows."""
    return np.asarray(draw.normal(0, scale, episode[-1] + 1)[episode])


def standard(values: Array) -> Array:
    """Return (n,) values with mean 0 and standard deviation 1."""
    return np.asarray((values - values.mean()) / (values.std() or 1.0))


def classes_of(score: Array, shares: Mapping[str, float]) -> TextColumn:
    """Return (n,) class names: the lowest scores are of the first class, and so on, by their shares.

    Examples
    --------
    >>> classes_of(np.array([3.0, 1.0, 2.0, 0.0]), {"no": 0.75, "yes": 0.25}).tolist()
    ['yes', 'no', 'no', 'no']
    """
    edges = np.quantile(score, np.cumsum(list(shares.values()))[:-1])
    return np.array(list(shares), dtype=object)[np.searchsorted(edges, score, side="left")]


def pick(
    draw: Draw, episode: Numbers, choices: Sequence[str], weights: Sequence[float] | None = None
) -> TextColumn:
    """Return (n,) one of the choices for each episode."""
    chance = None if weights is None else np.array(weights) / sum(weights)
    chosen = draw.choice(len(choices), episode[-1] + 1, p=chance)[episode]
    return np.array(choices, dtype=object)[chosen]


def moments(draw: Draw, episode: Numbers, minutes: float) -> Times:
    """Return (n,) increasing times: an episode begins ``minutes`` after the last on average, its rows are a minute apart."""
    gaps = np.where(np.diff(episode, prepend=-1) > 0, draw.exponential(minutes, len(episode)), 1.0)
    return np.asarray(START + (np.cumsum(np.maximum(gaps, 1.0)) * MINUTE).astype(np.int64))


def names(prefix: str, numbers: Numbers) -> TextColumn:
    """Return (n,) names such as host-007.

    Examples
    --------
    >>> names("host", np.array([7])).tolist()
    ['host-007']
    """
    return np.array([f"{prefix}-{number:03d}" for number in numbers], dtype=object)
