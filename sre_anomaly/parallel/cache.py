"""What a worker need not make again: data already read, features already computed."""

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sre_anomaly.records import plain

T = TypeVar("T")

MOST = 3
"""So many of a sort are kept; a sweep over feature sets goes to and fro between a few."""


class ResultCache:
    """Keeps the last few results of each sort, by the part of the config that they follow from.

    Examples
    --------
    >>> kept = ResultCache()
    >>> kept.get_or_compute("sum", {"of": [1, 2]}, lambda: 3), kept.get_or_compute("sum", {"of": [1, 2]}, lambda: 4)
    (3, 3)
    """

    def __init__(self) -> None:
        self._shelves: dict[str, OrderedDict[str, Any]] = {}

    def get_or_compute(self, sort: str, follows_from: Mapping[str, Any], make: Callable[[], T]) -> T:
        """Return what was made from an equal config, or make it now."""
        shelf = self._shelves.setdefault(sort, OrderedDict())
        key = json.dumps(plain(dict(follows_from)), sort_keys=True)
        if key not in shelf:
            shelf[key] = make()
            while len(shelf) > MOST:
                shelf.popitem(last=False)
        shelf.move_to_end(key)
        made: T = shelf[key]
        return made
