"""Each group is judged by what was learned from all others."""

from dataclasses import dataclass

import numpy as np

from sre_anomaly.dataset import Table
from sre_anomaly.folds._groups import numbered_groups
from sre_anomaly.registry import register
from sre_anomaly.table_contracts import Fold, FoldRule


@register("folds", "leave_one_out")
@dataclass
class LeaveOneGroupOut(FoldRule):
    """As many folds as groups: it tells how well a system, host or customer is done that was never seen."""

    def folds(self, table: Table) -> list[Fold]:
        """Return a fold for each group, named after it.

        Raises
        ------
        UserError
            If there are fewer than two groups.
        """
        names, number = numbered_groups(table, "leave_one_out", 2)
        return [
            Fold(name, np.flatnonzero(number != at), np.flatnonzero(number == at))
            for at, name in enumerate(names)
        ]

    def in_words(self) -> str:
        """Return how the rows are divided."""
        return "each group evaluated by a model trained on all others"
