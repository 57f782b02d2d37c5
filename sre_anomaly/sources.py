"""Where metrics come from, and which of their rows are learned from: a source of many series gives each by itself, so not all need fit in memory."""

import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sre_anomaly.frame import MetricFrame, Split

SLOW_S = 2.0
"""What takes longer to read says how far it is, and how fast it was."""
OFTEN_S = 0.2
_waiting: list[Callable[[str], None]] = []
"""Who shows how far a source is read, the last of them."""


@contextmanager
def shown_by(show: Callable[[str], None]) -> Iterator[None]:
    """Show with a function how far the sources are that are read meanwhile."""
    _waiting.append(show)
    try:
        yield
    finally:
        _waiting.remove(show)


class Headway:
    """How far a file of some bytes is read, for the person who waits.

    Examples
    --------
    >>> headway = Headway("m.csv", 100)
    >>> headway.at(50)
    >>> headway.ends(7, "rows")
    """

    def __init__(self, name: str, size: int) -> None:
        self._name, self._size = name, size
        self._begun = time.monotonic()
        self._next = self._begun + SLOW_S

    def at(self, place: int) -> None:
        """Say that so many bytes are read."""
        if _waiting and (now := time.monotonic()) >= self._next:
            self._next = now + OFTEN_S
            _waiting[-1](f"reading {self._name}: {min(1.0, place / max(1, self._size)):.0%}")

    def ends(self, count: int, what: str) -> None:
        """Say how fast it was, where that took long."""
        if (spent := time.monotonic() - self._begun) > SLOW_S:
            sys.stderr.write(
                f"sre-anomaly: {count:,} {what} in {spent:.0f} s ({count / spent:,.0f} a second)\n"
            )


class DataSource(ABC):
    """Where metrics come from."""

    @abstractmethod
    def frames(self) -> Iterator[MetricFrame]:
        """Yield frames lazily and in a fixed order; a DataError says which file, row or column cannot be read."""

    def settled(self, node: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings that read the same rows again: other than ``node``, if that says until now."""
        return dict(node)


class Corpus(DataSource):
    """Many series, each of an entity of its own."""

    benchmark: str = ""
    """``nab``: all its series together are judged as that benchmark does."""

    @abstractmethod
    def names(self) -> list[str]:
        """Return the names of all series, in a fixed order, without reading them.

        Raises
        ------
        DataError
            If there is none.
        """

    @abstractmethod
    def read(self, name: str) -> MetricFrame:
        """Return one series.

        Raises
        ------
        DataError
            If it cannot be read; says which file, row or column.
        """

    def version(self, name: str) -> str:  # noqa: ARG002 - data sets do not change
        """Return a text that is another one when the series has changed, without reading it."""
        return ""

    def frames(self) -> Iterator[MetricFrame]:
        """Yield all series, one after the other."""
        for name in self.names():
            yield self.read(name)


class SplitRule(ABC):
    """Which rows may be learned from."""

    @abstractmethod
    def split(self, frame: MetricFrame) -> Split:
        """Return the spans of a frame.

        Raises
        ------
        UserError
            If the frame is too short or has no split to give.
        """
