"""Rows dealt out at random: near copies stand on both sides, so what it measures flatters."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from sre_anomaly.dataset import Table
from sre_anomaly.errors import DataError
from sre_anomaly.registry import register
from sre_anomaly.table_contracts import Fold, FoldRule


@register("folds", "random")
@dataclass
class Random(FoldRule):
    """For showing how much a random split leaks, and for tables whose rows have nothing to do with each other."""

    train: Annotated[float, Field(gt=0, lt=1)] = 0.7
    seed: int = 0
    leaks = True

    def folds(self, table: Table) -> list[Fold]:
        """Return one fold.

        Raises
        ------
        DataError
            If there are fewer than two rows.
        """
        rows = len(table)
        if rows < 2:
            raise DataError(f"folds=random: {table.name} has {rows} row(s), and two are needed")
        order = np.random.default_rng(self.seed).permutation(rows)
        cut = min(max(1, int(self.train * rows)), rows - 1)
        return [Fold("random rows", np.sort(order[:cut]), np.sort(order[cut:]))]

    def in_words(self) -> str:
        """Return how the rows are divided."""
        return "a random split, near copies on both sides (a leak)"
