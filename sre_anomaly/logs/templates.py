"""The templates behind log lines, found while they are read: Drain (He et al., 2017).

A tree of fixed depth leads a line to the few templates that it could belong to: by its number of words, its
first words and its last one. Of those the most similar is taken, and where it differs it becomes a wildcard;
if none is similar enough the line is a new template. All words that hold a number are wildcards from the start.
"""

import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from sre_anomaly.logs.lines import as_text
from sre_anomaly.logs.masking import WILD, mask
from sre_anomaly.logs.recent import Recent

DIGITS = string.digits.encode()
FIRST_WORDS = 3
SIMILAR = 0.7
"""Share of the words, wildcards aside, that have to be the same."""
LONGEST = 2000
"""Bytes of a message that are looked at; what follows is an attachment."""
REMEMBERED = 50_000
UNKNOWN = -1

Words = tuple[str, ...]


@dataclass
class TemplateMiner:
    """Gives each line the number of its template; the same settings serve every system.

    Parameters
    ----------
    most : int
        Templates at most; lines that would need another get -1. Free text would otherwise fill the memory.

    Reference: P. He, J. Zhu, Z. Zheng, M. Lyu (2017), Drain: an online log parsing approach with fixed depth tree.

    Examples
    --------
    >>> miner = TemplateMiner()
    >>> [miner.add(line) for line in (b"sent 5 bytes to node a1", b"sent 7 bytes to node b2", b"link down")]
    [0, 0, 1]
    >>> miner.templates
    ['sent <*> to node <*>', 'link down']
    """

    most: int = 20_000
    words_: list[Words] = field(default_factory=list, init=False)
    """Of each template."""
    _leaves: dict[Words, list[int]] = field(default_factory=dict, init=False, repr=False)
    _seen: Recent[bytes, int] = field(default_factory=lambda: Recent(REMEMBERED), init=False, repr=False)
    _masked: Recent[str, int] = field(default_factory=lambda: Recent(REMEMBERED), init=False, repr=False)

    @property
    def templates(self) -> list[str]:
        """The templates in the order in which they were found, ``<*>`` for what varies."""
        return [" ".join(words) for words in self.words_]

    def add(self, message: bytes) -> int:
        """Return the number of a message's template and learn from it; -1 when there are too many."""
        # Messages that differ in their digits alone have one template: the commonest case needs no mask.
        key = message.translate(None, DIGITS)
        number = self._seen.get(key)
        if number is None:
            number = self._add(mask(as_text(message[:LONGEST])))
            self._seen.keep(key, number)
        return number

    def match(self, message: bytes) -> int:
        """Return the number of a message's template without learning; -1 where it has none."""
        words = _words(mask(as_text(message[:LONGEST])))
        return self._nearest(words, self._leaves.get(_way(words), []))

    def _add(self, masked: str) -> int:
        number = self._masked.get(masked)
        if number is not None:
            return number
        words = _words(masked)
        leaf = self._leaves.get(way := _way(words), [])
        number = self._nearest(words, leaf)
        if number != UNKNOWN:
            known = self.words_[number]
            if known != words:
                self.words_[number] = tuple(a if a == b else WILD for a, b in zip(known, words, strict=True))
        elif len(self.words_) < self.most:
            number = len(self.words_)
            self.words_.append(words)
            self._leaves[way] = [*leaf, number]
        self._masked.keep(masked, number)
        return number

    def _nearest(self, words: Words, leaf: Iterable[int]) -> int:
        best, most_similar, most_same = UNKNOWN, SIMILAR, -1
        for number in leaf:
            same = different = 0
            for ours, theirs in zip(self.words_[number], words, strict=True):
                if ours == theirs:
                    same += ours != WILD
                elif ours != WILD:
                    different += 1
            similar = same / (same + different) if same + different else 1.0
            if similar > most_similar or (similar == most_similar and same > most_same):
                best, most_similar, most_same = number, similar, same
        return best

    def learned(self) -> dict[str, Any]:
        """Return the templates, as JSON can hold them."""
        return {"words_": [list(words) for words in self.words_]}

    def restore(self, learned: Mapping[str, Any]) -> Self:
        """Put the templates back; the tree follows from them."""
        self.words_ = [tuple(words) for words in learned["words_"]]
        self._leaves = {}
        for number, words in enumerate(self.words_):
            self._leaves.setdefault(_way(words), []).append(number)
        return self


def _words(masked: str) -> Words:
    return tuple(WILD if WILD in word or _has_digit(word) else word for word in masked.split())


def _has_digit(word: str) -> bool:
    return any(sign.isdigit() for sign in word)


def _way(words: Words) -> Words:
    """Return the branches that a line takes: how long it is, how it begins and how it ends."""
    return (str(len(words)), *words[:FIRST_WORDS], *words[-1:])
