"""A dictionary that stays small: what was answered lately need not be worked out again."""

from itertools import islice
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(dict[K, V]):
    """A dict of at most ``size`` entries; when it is full, the half that was kept first is forgotten.

    Examples
    --------
    >>> recent = Recent(2)
    >>> for letter in "abc":
    ...     recent.keep(letter, letter.upper())
    >>> sorted(recent)
    ['b', 'c']
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def keep(self, key: K, value: V) -> None:
        """Remember an answer, and make room for it first."""
        if len(self) >= self.size:
            for old in list(islice(self, max(1, self.size // 2))):
                del self[old]
        self[key] = value
