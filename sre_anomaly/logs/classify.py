"""The class of each line of a stream, quickly: what was answered before is remembered, the rest goes in batches."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Protocol

from sre_anomaly.frame import Array
from sre_anomaly.logs.lines import as_text
from sre_anomaly.logs.masking import plain_words
from sre_anomaly.logs.recent import Recent
from sre_anomaly.logs.templates import DIGITS, LONGEST

Answer = tuple[str, float]
"""A class and how likely it is."""
REMEMBERED = 50_000
BATCH = 1000


class LineModel(Protocol):
    """What classifies messages; `sre_anomaly.tabular.model.TableModel` is one."""

    @property
    def classes(self) -> list[str]:
        """The k class names."""

    def proba_of_texts(self, texts: Sequence[str]) -> Array:
        """Return (n, k) probabilities; texts with the same plain words have the same."""


class LineClassifier:
    """Answers batches of lines; memory stays flat, since what was kept first is forgotten first.

    Lines that differ in their digits alone, or in anything else that a mask hides, are one message to the model,
    so a million lines ask it a few thousand times.
    """

    def __init__(self, model: LineModel) -> None:
        self._model = model
        self._by_line: Recent[bytes, Answer] = Recent(REMEMBERED)
        self._by_words: Recent[str, Answer] = Recent(REMEMBERED)

    def answer(self, lines: Sequence[bytes]) -> list[Answer]:
        """Return the class of each line and its probability."""
        keys = [line.translate(None, DIGITS) for line in lines]
        known = self._by_line
        answers = [known.get(key) for key in keys]
        if None not in answers:
            return answers  # type: ignore[return-value]
        new = {key: line for key, line, answer in zip(keys, lines, answers, strict=True) if answer is None}
        learned = dict(zip(new, self._ask([as_text(line[:LONGEST]) for line in new.values()]), strict=True))
        for key, answer in learned.items():
            known.keep(key, answer)
        return [learned[key] if answer is None else answer for key, answer in zip(keys, answers, strict=True)]

    def _ask(self, texts: list[str]) -> list[Answer]:
        words = [plain_words(text) for text in texts]
        asked = {one: text for one, text in zip(words, texts, strict=True) if one not in self._by_words}
        told = {one: self._by_words[one] for one in words if one in self._by_words}
        if asked:
            proba = self._model.proba_of_texts(list(asked.values()))
            best = proba.argmax(axis=1)
            classes = self._model.classes
            for one, number, row in zip(asked, best.tolist(), proba, strict=True):
                told[one] = (classes[number], float(row[number]))
                self._by_words.keep(one, told[one])
        return [told[one] for one in words]


def classify_lines(lines: Iterable[bytes], model: LineModel, batch: int = BATCH) -> Iterator[Answer]:
    """Yield class and probability of each line, in order; at most ``batch`` lines wait for an answer.

    Examples
    --------
    >>> class Careful:
    ...     classes = ["INFO", "WARN"]
    ...     def proba_of_texts(self, texts):
    ...         import numpy as np
    ...         return np.array([[0.1, 0.9] if "slow" in text else [0.8, 0.2] for text in texts])
    >>> list(classify_lines([b"slow disk 7", b"disk 8 ready"], Careful()))
    [('WARN', 0.9), ('INFO', 0.8)]
    """
    classifier = LineClassifier(model)
    waiting = iter(lines)
    while some := list(islice(waiting, batch)):
        yield from classifier.answer(some)
