"""No group stands on both sides: what is judged was never seen in any form."""

from dataclasses import dataclass, replace
from typing import Annotated, Self

import numpy as np
from pydantic import Field

from sre_anomaly.dataset import Table
from sre_anomaly.folds._groups import numbered_groups
from sre_anomaly.registry import register
from sre_anomaly.table_contracts import Fold, FoldRule


@register("folds", "group")
@dataclass
class ByGroup(FoldRule):
    """Groups are dealt out at random to ``parts`` parts; each part is judged by what was learned from the others."""

    parts: Annotated[int, Field(ge=2)] = 5
    repeats: Annotated[int, Field(ge=1)] = 1
    judged: Annotated[int, Field(ge=1)] | None = None
    seed: int = 0

    def folds(self, table: Table) -> list[Fold]:
        """Return a fold for each part and repeat.

        Raises
        ------
        UserError
            If there are no groups or fewer than parts.
        """
        names, number = numbered_groups(table, "group", self.parts)
        found = []
        for repeat in range(self.repeats):
            part = np.arange(len(names)) % self.parts
            np.random.default_rng([self.seed, repeat]).shuffle(part)
            of_row = part[number]
            found += [
                Fold(
                    f"part {which + 1} of deal {repeat + 1}",
                    np.flatnonzero(of_row != which),
                    np.flatnonzero(of_row == which),
                )
                for which in range(self.parts)
            ]
        return found[: self.judged]

    def inner(self) -> Self:
        """Return the same with every part judged."""
        return replace(self, judged=None)

    def in_words(self) -> str:
        """Return how the rows are divided."""
        return f"{self.parts} parts, each group in one part only"
