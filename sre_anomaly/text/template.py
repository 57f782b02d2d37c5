"""The template of a message: messages that differ in what varies alone look the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field
from scipy import sparse

from sre_anomaly.logs.templates import TemplateMiner
from sre_anomaly.registry import register
from sre_anomaly.table_contracts import TextEncoder


@register("text", "template")
@dataclass
class Template(TextEncoder):
    """One column for each template that the training messages have; a message without one is all zeros.

    It knows a message again and nothing else: of a template never seen before it cannot say anything.
    """

    most: Annotated[int, Field(ge=1)] = 5000

    miner_: TemplateMiner = field(init=False, repr=False)

    def fit(self, texts: Sequence[str]) -> Self:
        """Mine the templates."""
        self.miner_ = TemplateMiner(self.most)
        for text in texts:
            self.miner_.add(text.encode(errors="replace"))
        return self

    def transform(self, texts: Sequence[str]) -> Any:
        """Return (n, templates) CSR of zeros and ones."""
        numbers = np.array(
            [self.miner_.match(text.encode(errors="replace")) for text in texts], dtype=np.int64
        )
        rows = np.flatnonzero(numbers >= 0)
        shape = (len(texts), len(self.miner_.words_))
        return sparse.csr_matrix((np.ones(len(rows)), (rows, numbers[rows])), shape=shape)

    def columns(self) -> list[str]:
        """Return the templates."""
        return self.miner_.templates

    def learned(self) -> dict[str, Any]:
        """Return the templates' words."""
        return self.miner_.learned()

    def restore(self, learned: Mapping[str, Any]) -> Self:
        """Put the templates back."""
        self.miner_ = TemplateMiner(self.most).restore(learned)
        return self
