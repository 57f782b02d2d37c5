"""Words and pieces of words, weighed by how rare they are, and groups of alarm words."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field
from scipy import sparse

from sre_anomaly.dataset import TextEncoder
from sre_anomaly.frame import Array
from sre_anomaly.logs.alarm_words import ALARM_WORDS, alarms
from sre_anomaly.logs.recent import Recent
from sre_anomaly.registry import register
from sre_anomaly.text._ngrams import each_once, word_ngrams, word_pieces

Length = Annotated[int, Field(ge=1, le=9)]
KINDS = ("word", "piece")
REMEMBERED = 50_000
"""Words whose pieces are known by heart."""


@register("text", "tfidf")
@dataclass
class TfIdf(TextEncoder):
    """TF-IDF (Spärck Jones, 1972) of word n-grams and of pieces of words, each block of unit length.

    What varies from message to message is left out first and messages that are then the same count once, so
    that a message repeated a million times is no commoner than one seen twice. Groups of alarm words follow as
    columns of their own: they say the same in systems of which no line was ever seen.
    """

    words: Annotated[list[Length], Field(min_length=2, max_length=2)] | None = field(
        default_factory=lambda: [1, 2]
    )
    pieces: Annotated[list[Length], Field(min_length=2, max_length=2)] | None = field(
        default_factory=lambda: [3, 5]
    )
    alarm_words: Annotated[float, Field(ge=0)] = 1.0
    most: Annotated[int, Field(ge=1)] = 100_000

    vocabulary_: list[list[str]] = field(init=False, repr=False)
    """Of word n-grams and of pieces, each sorted."""
    idf_: Array = field(init=False, repr=False)

    def fit(self, texts: Sequence[str]) -> Self:
        """Learn which n-grams there are, and in how many different messages."""
        messages = sorted(set(each_once(texts)[0]))
        vocabulary, weights = [], []
        for kind in KINDS:
            counts = Counter(gram for message in messages for gram in set(self._grams(kind, message)))
            kept = sorted(counts, key=lambda gram: (-counts[gram], gram))[: self.most]
            vocabulary.append(sorted(kept))
            documents = np.array([counts[gram] for gram in vocabulary[-1]], dtype=np.float64)
            weights.append(np.log((1 + len(messages)) / (1 + documents)) + 1)
        return self.restore({"vocabulary_": vocabulary, "idf_": np.concatenate(weights)})

    def _grams(self, kind: str, message: str) -> list[str]:
        if kind == "word":
            return word_ngrams(message, *self.words) if self.words else []
        return word_pieces(message, *self.pieces) if self.pieces else []

    def restore(self, learned: Mapping[str, Any]) -> Self:
        """Put vocabulary and weights back."""
        super().restore(learned)
        self._of_word: Recent[str, list[int]] = Recent(REMEMBERED)
        sizes = np.cumsum([0, *(len(grams) for grams in self.vocabulary_)])
        self._places = [
            {gram: int(first) + number for number, gram in enumerate(grams)}
            for first, grams in zip(sizes, self.vocabulary_, strict=False)
        ]
        return self

    def learned(self) -> dict[str, Any]:
        """Return the vocabulary as lists of texts and the weights as an array."""
        return {"vocabulary_": self.vocabulary_, "idf_": self.idf_}

    def transform(self, texts: Sequence[str]) -> Any:
        """Return (n, d) CSR; each different message is worked out once."""
        messages, which = each_once(texts)
        data: list[Array] = []
        indices: list[Any] = []
        for message in messages:
            row = [self._block(kind, message) for kind in (0, 1)]
            if self.alarm_words:
                found = np.flatnonzero(alarms(message))
                row.append((found + len(self.idf_), np.full(len(found), self.alarm_words)))
            indices.append(np.concatenate([places for places, _ in row]))
            data.append(np.concatenate([values for _, values in row]))
        ends = np.cumsum([0, *(len(row) for row in indices)])
        shape = (len(messages), len(self.columns()))
        flat = (np.concatenate(data), np.concatenate(indices), ends) if messages else ([], [], ends)
        return sparse.csr_matrix(flat, shape=shape, dtype=np.float64)[which]

    def _block(self, kind: int, message: str) -> tuple[Any, Array]:
        if kind == 0 or not self.pieces:
            found = self._known(kind, message)
        else:
            found = []
            for word in message.split():
                # Messages differ more than their words: the pieces of a word are looked up once.
                places = self._of_word.get(word)
                if places is None:
                    self._of_word.keep(word, places := self._known(kind, word))
                found += places
        counts = Counter(found)
        at = np.array(sorted(counts), dtype=np.int64)
        values = (
            (1 + np.log([counts[place] for place in at.tolist()])) * self.idf_[at] if len(at) else np.empty(0)
        )
        return at, values / (np.sqrt(values @ values) or 1.0)

    def _known(self, kind: int, message: str) -> list[int]:
        places = self._places[kind]
        return [places[gram] for gram in self._grams(KINDS[kind], message) if gram in places]

    def columns(self) -> list[str]:
        """Return the n-grams, then the groups of alarm words."""
        grams = [
            f"{kind}: {gram}" for kind, block in zip(KINDS, self.vocabulary_, strict=True) for gram in block
        ]
        return grams + ([f"alarm: {name}" for name in ALARM_WORDS] if self.alarm_words else [])
