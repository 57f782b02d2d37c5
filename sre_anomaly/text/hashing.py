"""Words hashed into a fixed number of columns: no vocabulary to learn, keep or outgrow."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Self
from zlib import crc32

import numpy as np
from pydantic import Field
from scipy import sparse

from sre_anomaly.registry import register
from sre_anomaly.table_contracts import TextEncoder
from sre_anomaly.text._ngrams import each_once, word_ngrams


@register("text", "hashing")
@dataclass
class Hashing(TextEncoder):
    """Counts of hashed word n-grams, each row of unit length (Weinberger et al., 2009).

    Two n-grams that share a column cannot be told apart; with few columns that happens often.
    """

    bits: Annotated[int, Field(ge=4, le=22)] = 14
    words: Annotated[list[Annotated[int, Field(ge=1, le=9)]], Field(min_length=2, max_length=2)] = field(
        default_factory=lambda: [1, 2]
    )

    def fit(self, texts: Sequence[str]) -> Self:
        """Learn nothing."""
        del texts
        return self

    def transform(self, texts: Sequence[str]) -> Any:
        """Return (n, 2**bits) CSR."""
        messages, which = each_once(texts)
        indices: list[int] = []
        data: list[float] = []
        ends = [0]
        for message in messages:
            grams = word_ngrams(message, *self.words)
            counts = Counter(crc32(gram.encode()) & (2**self.bits - 1) for gram in grams)
            length = sum(count * count for count in counts.values()) ** 0.5
            for place in sorted(counts):
                indices.append(place)
                data.append(counts[place] / length)
            ends.append(len(indices))
        shape = (len(messages), 2**self.bits)
        return sparse.csr_matrix((data, indices, ends), shape=shape, dtype=np.float64)[which]

    def columns(self) -> list[str]:
        """Return the numbers of the columns."""
        return [f"hash {number}" for number in range(2**self.bits)]
