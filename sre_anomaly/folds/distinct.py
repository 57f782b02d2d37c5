"""Rows dealt out at random, twins together: for tables that say neither when a row was nor what it belongs to."""

from dataclasses import dataclass, replace
from typing import Annotated, Self

import numpy as np
from pydantic import Field

from sre_anomaly.dataset import Table
from sre_anomaly.errors import DataError
from sre_anomaly.folds.group import ByGroup
from sre_anomaly.registry import register
from sre_anomaly.table_contracts import Fold, FoldRule


@register("folds", "distinct")
@dataclass
class Distinct(FoldRule):
    """Rows that are equal in every column are one group; the groups are dealt out to ``parts`` parts."""

    parts: Annotated[int, Field(ge=2)] = 5
    judged: Annotated[int, Field(ge=1)] | None = None
    seed: int = 0

    def folds(self, table: Table) -> list[Fold]:
        """Return a fold for each part.

        Raises
        ------
        DataError
            If fewer rows than parts differ.
        """
        columns = [*table.numbers.values(), *table.categories.values(), *table.texts.values()]
        looks = np.array(["\x1f".join(map(str, row)) for row in zip(*columns, strict=True)], dtype=object)
        if len(set(looks)) < self.parts:
            raise DataError(
                f"folds=distinct: {table.name} has {len(set(looks))} rows that differ, and {self.parts} are needed"
            )
        return ByGroup(self.parts, judged=self.judged, seed=self.seed).folds(replace(table, group=looks))

    def inner(self) -> Self:
        """Return the same with every part judged."""
        return replace(self, judged=None)

    def caution(self, table: Table) -> str:  # noqa: ARG002 - part of the promise
        """Say what could still leak."""
        return (
            "The table names neither groups (table.group=...) nor times (table.time=...): if "
            "several rows are of one host or customer, these measures are too optimistic"
        )

    def in_words(self) -> str:
        """Return how the rows are divided."""
        return f"{self.parts} parts, equal rows in one part only"
