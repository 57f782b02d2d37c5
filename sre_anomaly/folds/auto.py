"""The strictest division that a table allows."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field

from sre_anomaly.clock import Duration
from sre_anomaly.dataset import Table
from sre_anomaly.folds.distinct import Distinct
from sre_anomaly.folds.group import ByGroup
from sre_anomaly.folds.time import ByTime
from sre_anomaly.registry import register
from sre_anomaly.table_contracts import Fold, FoldRule


@register("folds", "auto")
@dataclass
class Auto(FoldRule):
    """By time where the rows have one, else by group where there is one, else by rows that look different.

    What will be asked comes later than what was learned from, so a division by time is the nearest to that.
    """

    train: Annotated[float, Field(gt=0, lt=1)] = 0.7
    gap: Duration = timedelta(0)
    parts: Annotated[int, Field(ge=2)] = 5
    judged: Annotated[int, Field(ge=1)] | None = None
    seed: int = 0

    def rule_for(self, table: Table) -> FoldRule:
        """Return the rule that suits a table."""
        if table.time is not None:
            return ByTime(self.train, self.gap)
        if table.group is not None:
            return ByGroup(self.parts, judged=self.judged, seed=self.seed)
        return Distinct(self.parts, self.judged, self.seed)

    def folds(self, table: Table) -> list[Fold]:
        """Return the folds of that rule.

        Raises
        ------
        UserError
            If there are too few rows, moments or groups.
        """
        return self.rule_for(table).folds(table)

    def inner(self) -> Self:
        """Return the same with every part judged."""
        return replace(self, judged=None)
