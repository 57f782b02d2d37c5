"""Learn from the past, judge what came after."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

import numpy as np
from pydantic import Field

from sre_anomaly.clock import Duration, nanoseconds
from sre_anomaly.dataset import Table
from sre_anomaly.errors import ConfigError, DataError
from sre_anomaly.registry import register
from sre_anomaly.table_contracts import Fold, FoldRule


@register("folds", "time")
@dataclass
class ByTime(FoldRule):
    """The earliest rows are learned from; after a gap the others are judged. Rows of one moment stay together."""

    train: Annotated[float, Field(gt=0, lt=1)] = 0.7
    gap: Duration = timedelta(0)

    goes_forward = True

    def folds(self, table: Table) -> list[Fold]:
        """Return one fold.

        Raises
        ------
        UserError
            If the rows have no time, or a side would be empty.
        """
        if table.time is None:
            raise ConfigError(
                f"folds=time: {table.name} has no time; name its column with table.time=..., or use folds=group"
            )
        moments = np.sort(table.time)
        cut = moments[min(int(self.train * len(moments)), len(moments) - 1)]
        train = np.flatnonzero(table.time < cut)
        test = np.flatnonzero(table.time >= cut + nanoseconds(self.gap))
        if not len(train) or not len(test):
            raise DataError(
                f"folds=time: {table.name} has too few distinct times for folds.train={self.train:g} and this gap"
            )
        return [Fold("later rows", train, test)]

    def in_words(self) -> str:
        """Return how the rows are divided."""
        return f"the earliest {self.train:.0%} for training, what came after for evaluation"
