"""Where metrics come from, and which of their rows are learned from: a source of many series gives each by itself, so not all need fit in memory."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

from sre_anomaly.frame import MetricFrame, Split


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
