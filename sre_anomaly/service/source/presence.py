"""Which entities of a job are there, which are silent, and which are gone."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from sre_anomaly.frame import Array, Mask

VANISHED = 5
"""Steps without a value after which an entity has vanished: one scrape may fail."""


@dataclass
class Presence:
    """When each of n entities was there last.

    Examples
    --------
    >>> presence = Presence()
    >>> presence.note(60, np.array([True, False])).tolist(), presence.leaving(before=90)
    ([True, False], [0])
    """

    heard: Array = field(default_factory=lambda: np.zeros(0))
    """(n,) when each entity last had a value, or was first named, ns since 1970."""
    gone: Mask = field(default_factory=lambda: np.zeros(0, dtype=bool))
    """(n,) whether it has not had a value yet, or none for too long: with its next value it begins afresh."""

    def grow(self, count: int, now: int) -> None:
        """Make room for entities that are named, and have not had a value."""
        self.heard, self.gone = longer(self.heard, count, now), longer(self.gone, count, True)

    def note(self, now: int, known: Mask) -> Mask:
        """Take in which entities have a value, and return (n,) which of them begin afresh with it."""
        self.grow(len(known), now)
        afresh: Mask = known & self.gone
        self.heard[known], self.gone[known] = now, False
        return afresh

    def leaving(self, before: int) -> list[int]:
        """Take for gone, and return, who has had no value since a time."""
        leaving: list[int] = np.flatnonzero(~self.gone & (self.heard < before)).tolist()
        self.gone[leaving] = True
        return leaving

    def vanished(self, some: Collection[int], now: int, step: int) -> list[int]:
        """Return those of some entities that have vanished, though they may come back."""
        return [one for one in sorted(some) if self.heard[one] <= now - VANISHED * step]

    def keep(self, kept: Mask) -> None:
        """Leave out all entities but some."""
        self.heard, self.gone = self.heard[kept], self.gone[kept]

    def state(self) -> dict[str, Array]:
        """Return all that is remembered."""
        return {"heard": self.heard.copy(), "gone": self.gone.astype(float)}

    @classmethod
    def of(cls, state: Mapping[str, Array]) -> Self:
        """Return what `state` returned as it was."""
        return cls(state["heard"].astype(float), state["gone"].astype(bool))


def longer(numbers: Any, count: int, value: Any) -> Any:
    """Return an array of at least so many, the value put after those that it has."""
    return np.concatenate([numbers, np.full(max(0, count - len(numbers)), value, numbers.dtype)])
