"""Requests become, for each step and label, how many there were, how many failed, how long they took: in bounded memory."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sre_anomaly.frame import Array, Times

Integers = npt.NDArray[np.int64]
SECOND = 1_000_000_000
LADDER = (1, 5, 10, 30, 60, 300, 600, 1800, 3600, 86400)
"""Seconds that a step may have: each divides the next."""
MOST_EMPTY = 100
"""So many times more steps than steps with requests are none that anybody measured."""
MANY_ENOUGH = 5
"""So many requests a step, in the middle, make a step of which percentiles can be told."""
MOST_LABELS = 4095
LABEL_BITS, VALUE_BITS = 12, 18
DROPPED = 13
"""Bits of a float's fraction that are not kept: whole numbers to 2048 stay exact, others err by less than 0.05 %."""
MOST_KEPT = 6_000_000
"""Pairs of step and duration that are kept; if there are more, steps become longer ..."""
MOST_STEPS = 400_000
"""... as where there are more steps than this, those of each label by themselves."""


@dataclass
class Summary:
    """What happened in each step to the requests of one label.

    Times are the starts of the steps, ns since 1970; where there was no request, only ``count`` is a number, 0.
    """

    label: str
    time: Times
    count: Array
    error_share: Array
    percentiles: dict[str, Array]
    bytes: Array | None


@dataclass
class Requests:
    """Requests, taken in pieces, of which only counts are kept.

    Parameters
    ----------
    step : timedelta, optional
        If None, the shortest of some round steps in which there are enough requests.
    """

    step: timedelta | None = None
    labels: dict[str, int] = field(default_factory=dict)
    lines: int = 0

    def __post_init__(self) -> None:
        self._fixed = self.step is not None
        self.step_ns = int(self.step / timedelta(microseconds=1)) * 1000 if self.step else SECOND
        self._keys: list[Integers] = []
        self._counts: list[Integers] = []
        self._sums: dict[int, tuple[int, int, float]] = {}
        self._waiting = 0
        self._sized = False

    def add(
        self,
        time: Times,
        duration: Array,
        label: Any,
        failed: npt.NDArray[np.bool_],
        size: Array | None = None,
    ) -> None:
        """Take in some requests: when they began or ended, how long each took (any unit, 0 or more), its label's number, whether it failed, its bytes."""
        if not len(time):
            return
        if time.min() <= 0:
            raise ValueError("holds times before 1970")
        self.lines += len(time)
        self._sized |= size is not None
        tick = time // self.step_ns
        rounded = (
            np.ascontiguousarray(duration, dtype=np.float32).view(np.uint32).astype(np.int64)
            + (1 << (DROPPED - 1))
        ) >> DROPPED
        place = (tick << LABEL_BITS) | np.asarray(label, dtype=np.int64)
        keys, counts = np.unique((place << VALUE_BITS) | rounded, return_counts=True)
        self._keys.append(keys)
        self._counts.append(counts)
        self._waiting += len(keys)
        places, inverse = np.unique(place, return_inverse=True)
        many = np.bincount(inverse)
        bad = np.bincount(inverse, weights=failed)
        total = (
            np.bincount(inverse, weights=np.nan_to_num(size)) if size is not None else np.zeros(len(places))
        )
        for at, one, lost, held in zip(
            places.tolist(), many.tolist(), bad.tolist(), total.tolist(), strict=True
        ):
            before = self._sums.get(at, (0, 0, 0.0))
            self._sums[at] = (before[0] + one, before[1] + int(lost), before[2] + held)
        if self._waiting > MOST_KEPT or len(self._sums) > MOST_STEPS:
            self._shrink()

    def number_of(self, label: str) -> int:
        """Return the number of a label.

        Raises
        ------
        ValueError
            If there are too many of them.
        """
        if label not in self.labels and len(self.labels) >= MOST_LABELS:
            raise ValueError(
                f"has more than {MOST_LABELS} names of requests, such as {label!r}; give requests names without numbers and words of their own"
            )
        return self.labels.setdefault(label, len(self.labels))

    def summaries(self) -> list[Summary]:
        """Return one for each label, in the order in which they came."""
        self._merge()
        if not self._fixed and self.labels:
            typical = self._typical()
            while (
                typical < MANY_ENOUGH
                and self.step_ns < LADDER[-1] * SECOND
                and self._span() > self._next() * MANY_ENOUGH * 2
            ):
                self._coarser()
                typical = self._typical()
        if not self._sums:
            return []
        ticks = np.array(list(self._sums), dtype=np.int64) >> LABEL_BITS
        needed = int(ticks.max() - ticks.min()) + 1
        if needed > MOST_EMPTY * (len(ticks) + 1):
            first, last = pd.Timestamp(ticks.min() * self.step_ns), pd.Timestamp(ticks.max() * self.step_ns)
            raise ValueError(
                f"holds {self.lines} requests from {first} to {last}: is a time wrong? If none is, take longer steps: data.resample=1h"
            )
        clock = np.arange(ticks.min(), ticks.max() + 1)
        return [self._summary(name, number, clock) for name, number in self.labels.items()]

    def _summary(self, name: str, number: int, clock: Integers) -> Summary:
        found = [self._sums.get((tick << LABEL_BITS) | number, (0, 0, 0.0)) for tick in clock.tolist()]
        count = np.array([one[0] for one in found], dtype=np.float64)
        some = np.where(count > 0, count, np.nan)
        keys, counts = self._keys[0], self._counts[0]
        own = (keys >> VALUE_BITS) & MOST_LABELS == number
        values = (
            ((keys[own] & ((1 << VALUE_BITS) - 1)) << DROPPED)
            .astype(np.uint32)
            .view(np.float32)
            .astype(np.float64)
        )
        ends = np.cumsum(counts[own])
        begins = np.cumsum(count).astype(np.int64) - count.astype(np.int64)
        percentiles = {}
        for label, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
            out = np.full(len(clock), np.nan)
            there = count > 0
            rank = share * (count[there] - 1)
            low = np.searchsorted(ends, begins[there] + np.floor(rank).astype(np.int64), side="right")
            high = np.searchsorted(ends, begins[there] + np.ceil(rank).astype(np.int64), side="right")
            out[there] = values[low] + (rank - np.floor(rank)) * (values[high] - values[low])
            percentiles[label] = out
        return Summary(
            name,
            clock * self.step_ns,
            count,
            np.array([one[1] for one in found]) / some,
            percentiles,
            np.array([one[2] for one in found]) if self._sized else None,
        )

    def _typical(self) -> float:
        return float(np.median([one[0] for one in self._sums.values()]))

    def _span(self) -> int:
        ticks = [at >> LABEL_BITS for at in self._sums]
        return (max(ticks) - min(ticks)) * self.step_ns

    def _next(self) -> int:
        return next((one * SECOND for one in LADDER if one * SECOND > self.step_ns), LADDER[-1] * SECOND)

    def _shrink(self) -> None:
        """Merge what is the same; where too much is left, take longer steps."""
        self._merge()
        while (
            (self._waiting > MOST_KEPT // 2 or len(self._sums) > MOST_STEPS // 2)
            and not self._fixed
            and self.step_ns < LADDER[-1] * SECOND
        ):
            self._coarser()
        if self._waiting > MOST_KEPT // 2 or len(self._sums) > MOST_STEPS:
            raise ValueError("has too many steps to be kept; take a longer one: data.resample=1m")

    def _merge(self) -> None:
        if len(self._keys) > 1:
            every, counts = np.concatenate(self._keys), np.concatenate(self._counts)
            keys, inverse = np.unique(every, return_inverse=True)
            self._keys = [keys]
            self._counts = [np.bincount(inverse, weights=counts).astype(np.int64)]
        self._waiting = sum(len(keys) for keys in self._keys)

    def _coarser(self) -> None:
        times = self._next() // self.step_ns
        self.step_ns *= times
        keys = self._keys[0]
        below = LABEL_BITS + VALUE_BITS
        self._keys = [
            ((keys >> below) // times << below) | (keys & ((1 << below) - 1)),
            np.zeros(0, dtype=np.int64),
        ]
        self._counts.append(np.zeros(0, dtype=np.int64))
        self._merge()
        sums: dict[int, tuple[int, int, float]] = {}
        for at, one in self._sums.items():
            place = ((at >> LABEL_BITS) // times << LABEL_BITS) | (at & MOST_LABELS)
            before = sums.get(place, (0, 0, 0.0))
            sums[place] = (before[0] + one[0], before[1] + one[1], before[2] + one[2])
        self._sums = sums
