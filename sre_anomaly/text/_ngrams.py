"""A message as its words, runs of words, and pieces of words."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from sre_anomaly.logs.masking import plain_words

SHORTEST = 2
"""A single letter is what masks leave of an identifier."""


REMEMBERED = 50_000
SHORT = 2_000
"""Signs of a text that is worth remembering; longer ones would fill the memory."""

# Fold after fold reads the same texts again.
_remembered = lru_cache(maxsize=REMEMBERED)(plain_words)


def _words(text: str) -> str:
    return _remembered(text) if len(text) <= SHORT else plain_words(text)


def each_once(texts: Sequence[str]) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Return the different messages of some texts, as plain words, and which of them each text is, (n,)."""
    places: dict[str, int] = {}
    which = np.empty(len(texts), dtype=np.int64)
    for row, text in enumerate(texts):
        which[row] = places.setdefault(_words(text), len(places))
    return list(places), which


def word_ngrams(message: str, shortest: int, longest: int) -> list[str]:
    """Return runs of words.

    Examples
    --------
    >>> word_ngrams("block not found", 1, 2)
    ['block', 'not', 'found', 'block not', 'not found']
    """
    words = [word for word in message.split() if len(word) >= SHORTEST]
    return [
        " ".join(words[start : start + size])
        for size in range(shortest, longest + 1)
        for start in range(len(words) - size + 1)
    ]


def word_pieces(message: str, shortest: int, longest: int) -> list[str]:
    """Return pieces of words, a blank at the word's ends; a word shorter than a piece counts once.

    Examples
    --------
    >>> word_pieces("fail to", 4, 5)
    [' fai', 'fail', 'ail ', ' fail', 'fail ', ' to ']
    """
    pieces = []
    for word in message.split():
        padded = f" {word} "
        for size in range(shortest, longest + 1):
            if len(padded) <= size:
                pieces.append(padded)
                break
            pieces += [padded[start : start + size] for start in range(len(padded) - size + 1)]
    return pieces
