"""Words and pieces of words, weighed by how rare they are, and groups of alarm words."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field
from scipy import sparse

from sre_anomaly.frame import Array
from sre_anomaly.logs.alarm_words import ALARM_WORDS, PAIR_GROUPS, alarms_of_word
from sre_anomaly.logs.recent import Recent
from sre_anomaly.registry import register
from sre_anomaly.table_contracts import TextEncoder
from sre_anomaly.text._ngrams import (
    SHORTEST,
    each_once,
    ends_of,
    numbered,
    signs_of,
    word_ngrams,
    word_pieces,
)
from sre_anomaly.text._weighing import SHORT, UNKNOWN, known_runs, tree_of, weighed_rows

Length = Annotated[int, Field(ge=1, le=9)]
KINDS = ("word", "piece")
REMEMBERED = 50_000
"""Words whose pieces are known by heart."""
WordFacts = tuple[npt.NDArray[np.int32], int, tuple[int, int, int]]


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
        words, pieces = self.vocabulary_
        self._ranks: dict[str, int] = {}
        spoken = [self._ranks.setdefault(word, len(self._ranks)) for run in words for word in run.split()]
        self._runs = tree_of(
            np.array(spoken, dtype=np.int64), ends_of(run.count(" ") + 1 for run in words), 0
        )
        self._pieces = tree_of(signs_of("".join(pieces)), ends_of(map(len, pieces)), len(words))
        self._facts: Recent[str, WordFacts] = Recent(REMEMBERED)
        return self

    def learned(self) -> dict[str, Any]:
        """Return the vocabulary as lists of texts and the weights as an array."""
        return {"vocabulary_": self.vocabulary_, "idf_": self.idf_}

    def transform(self, texts: Sequence[str]) -> Any:
        """Return (n, d) CSR; each different message is worked out once, and each different word."""
        messages, which = each_once(texts)
        words, spoken, ends = numbered(messages)
        facts = self._of_words(words)
        ranks = np.array([rank for _, rank, *_ in facts], dtype=np.int64)[spoken]
        heard = ranks != SHORT
        runs, run_ends = known_runs.for_rows(len(messages))(
            ranks[heard],
            np.append(0, np.cumsum(heard))[ends],
            *self._runs,
            *(self.words or (1, 0)),
            False,
        )
        pieces = [places for places, *_ in facts]
        sizes = np.array([len(places) for places in pieces], dtype=np.int64)
        most = np.diff(run_ends) + np.diff(np.append(0, np.cumsum(sizes[spoken]))[ends])
        rows = weighed_rows.for_rows(len(messages))(
            spoken,
            ends,
            runs,
            run_ends,
            np.concatenate([*pieces, np.empty(0, dtype=np.int32)]),
            np.append(0, np.cumsum(sizes)),
            np.array([signs for *_, signs in facts], dtype=np.int64).reshape(-1, 3),
            PAIR_GROUPS,
            self.idf_,
            1 + np.log(np.arange(1, most.max(initial=0) + 1)),
            float(self.alarm_words),
            int(most.sum()) + len(ALARM_WORDS) * len(messages),
        )
        shape = (len(messages), len(self.idf_) + (len(ALARM_WORDS) if self.alarm_words else 0))
        X = sparse.csr_matrix(rows, shape=shape)
        return X if len(messages) == len(texts) else X[which]

    def _of_words(self, words: Sequence[str]) -> list[WordFacts]:
        """Return for each word the columns of its pieces, its rank in runs of words, and what it says of alarm."""
        told = {word: self._facts[word] for word in words if word in self._facts}
        new = [word for word in words if word not in told]
        if new:
            found, ends = known_runs.for_rows(len(new))(
                signs_of("".join(f" {word} " for word in new)),
                ends_of(len(word) + 2 for word in new),
                *self._pieces,
                *(self.pieces or (1, 0)),
                True,
            )
            for word, begin, end in zip(new, ends.tolist(), ends[1:].tolist(), strict=False):
                rank = self._ranks.get(word, UNKNOWN) if len(word) >= SHORTEST else SHORT
                told[word] = (found[begin:end], rank, alarms_of_word(word))
                self._facts.keep(word, told[word])
        return [told[word] for word in words]

    def columns(self) -> list[str]:
        """Return the n-grams, then the groups of alarm words."""
        grams = [
            f"{kind}: {gram}" for kind, block in zip(KINDS, self.vocabulary_, strict=True) for gram in block
        ]
        return grams + ([f"alarm: {name}" for name in ALARM_WORDS] if self.alarm_words else [])
