"""What the owner of some metrics knows of them: of each metric, and of stretches of time."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

Spans = npt.NDArray[np.int64]
"""(k, 2) start and end of stretches of time, nanoseconds since 1970, UTC."""


def _none() -> Spans:
    return np.empty((0, 2), dtype=np.int64)


@dataclass(frozen=True)
class Known:
    """What the owner of a metric knows of it.

    Parameters
    ----------
    direction : both, above, below or None
        On which side of what was expected it matters. None: as its name says, else both.
    least_change : float
        A smaller distance from what was expected is no matter, in the metric's unit ...
    least_share : float
        ... or as a share of what was expected.
    possible : pair of float or None
        What it can be at all: anything else is always reported. None: no limit.
    weight : float
        How much it counts beside the other metrics; 0: it never pages by itself.
    """

    direction: Literal["both", "above", "below"] | None = None
    least_change: Annotated[float, Field(ge=0)] = 0.0
    least_share: Annotated[float, Field(ge=0)] = 0.0
    possible: tuple[float | None, float | None] | None = None
    weight: Annotated[float, Field(ge=0)] = 1.0

    def __post_init__(self) -> None:
        low, high = self.possible or (None, None)
        if low is not None and high is not None and not low < high:
            raise ValueError(f"possible: the lowest, {low:g}, has to be below the highest, {high:g}")


@dataclass(frozen=True)
class Windows:
    """Stretches of time that are known beforehand, half-open, in order and without overlap.

    Parameters
    ----------
    apart : int64, (k, 2)
        Those that are not learned from.
    muted : int64, (j, 2)
        Those of them in which nobody is paged.
    """

    apart: Spans = field(default_factory=_none)
    muted: Spans = field(default_factory=_none)


def in_order(windows: list[tuple[int, int]]) -> Spans:
    """Return windows sorted, those that overlap as one.

    Examples
    --------
    >>> in_order([(5, 9), (0, 3), (2, 4)]).tolist()
    [[0, 4], [5, 9]]
    """
    merged: list[tuple[int, int]] = []
    for start, end in sorted(windows):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return np.array(merged, dtype=np.int64).reshape(-1, 2)


def inside(windows: Spans, times: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Return which times lie in one of some windows (k, 2) that are in order.

    Examples
    --------
    >>> inside(np.array([[2, 4], [6, 7]]), np.arange(8)).nonzero()[0].tolist()
    [2, 3, 6]
    """
    # After an odd number of starts and ends a window is open.
    passed: npt.NDArray[np.int64] = windows.ravel().searchsorted(times, side="right")
    return (passed & 1).astype(bool)
