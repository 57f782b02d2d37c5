"""A message as its words, runs of words, and pieces of words."""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from sre_anomaly.logs.masking import plain_words

SHORTEST = 2
"""A single letter is what masks leave of an identifier."""


def each_once(texts: Sequence[str]) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Return the different messages of some texts, as plain words, and which of them each text is, (n,)."""
    places: dict[str, int] = {}
    which = np.empty(len(texts), dtype=np.int64)
    for row, text in enumerate(texts):
        which[row] = places.setdefault(plain_words(text), len(places))
    return list(places), which


class _Numbers(dict[str, int]):
    def __missing__(self, word: str) -> int:
        self[word] = number = len(self)
        return number


def numbered(
    messages: Sequence[str],
) -> tuple[list[str], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the different words of some messages, all their words by number, and where each message ends.

    Examples
    --------
    >>> words, spoken, ends = numbered(["no block", "block lost"])
    >>> words, spoken.tolist(), ends.tolist()
    (['no', 'block', 'lost'], [0, 1, 1, 2], [0, 2, 4])
    """
    numbers = _Numbers()
    spoken: list[int] = []
    ends = [0]
    for message in messages:
        spoken += [numbers[word] for word in message.split()]
        ends.append(len(spoken))
    return list(numbers), np.array(spoken, dtype=np.int64), np.array(ends, dtype=np.int64)


def signs_of(text: str) -> npt.NDArray[np.int64]:
    """Return the number of each sign of a text, (n,)."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.int32).astype(np.int64)


def ends_of(sizes: Iterable[int]) -> npt.NDArray[np.int64]:
    """Return 0 and then where each of some neighbours ends."""
    return np.cumsum([0, *sizes])


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
