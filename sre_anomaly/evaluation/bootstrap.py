"""How sure a measure is, from resampling the stretches of time it was taken on."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from sre_anomaly.frame import Array

ROUNDS = 200


def interval(
    rows: int, block: int, measure: Callable[[npt.NDArray[np.int64]], float], seed: int
) -> tuple[float, float]:
    """Return the 95 % interval of a measure over resampled blocks of neighbouring rows.

    Neighbouring rows are alike, so blocks are drawn, not rows (Künsch, 1989). ``measure`` gets row numbers,
    (n,). (NaN, NaN) where there are fewer than four blocks.
    """
    starts = np.arange(0, rows, block)
    if len(starts) < 4:
        return float("nan"), float("nan")
    blocks = [np.arange(int(start), min(int(start) + block, rows)) for start in starts]
    draw = np.random.default_rng(seed)
    seen: list[float] = []
    for _ in range(ROUNDS):
        chosen = draw.integers(0, len(blocks), len(blocks))
        value = measure(np.concatenate([blocks[index] for index in chosen]))
        if np.isfinite(value):
            seen.append(value)
    if len(seen) < ROUNDS / 2:
        return float("nan"), float("nan")
    low, high = np.percentile(seen, [2.5, 97.5])
    return float(low), float(high)


def random_scores(rows: int, seed: int) -> Array:
    """Return (n,) scores that know nothing: the baseline under every table."""
    return np.random.default_rng(seed).random(rows)


def group_interval(
    groups: npt.NDArray[np.int64], measure: Callable[[npt.NDArray[np.int64]], float], seed: int
) -> tuple[float, float]:
    """Return the 95 % interval of a measure when whole groups are drawn: rows of one group are alike.

    ``groups`` (n,) numbers each row's group. (NaN, NaN) where there are fewer than four groups.
    """
    order = np.argsort(groups, kind="stable")
    _, starts = np.unique(groups[order], return_index=True)
    members = np.split(order, starts[1:])
    if len(members) < 4:
        return float("nan"), float("nan")
    draw = np.random.default_rng(seed)
    seen = [
        measure(np.concatenate([members[index] for index in draw.integers(0, len(members), len(members))]))
        for _ in range(ROUNDS)
    ]
    low, high = np.nanpercentile(seen, [2.5, 97.5])
    return float(low), float(high)
