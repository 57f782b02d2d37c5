"""What is tried again and again: how often it went well, and trouble told once."""

from collections import Counter
from collections.abc import Callable
from typing import Any

COUNTED = {
    "alertmanager": ("ok", "failed"),
    "alerts_file": ("ok", "failed"),
    "state": ("ok", "failed"),
    "reload": ("ok", "refused"),
}


class Tried:
    """Counts what became of what was tried.

    Parameters
    ----------
    say : callable
        Writes a line for people.

    Examples
    --------
    >>> tried = Tried(print)
    >>> for trouble in ("the disk is full", "the disk is full", None):
    ...     tried.went("state", trouble)
    state: the disk is full; it is tried again and again
    state: works again
    >>> dict(tried.counts["state"])
    {'ok': 1, 'failed': 2}
    """

    def __init__(self, say: Callable[[str], Any]) -> None:
        self.say = say
        self.counts = {what: Counter(dict.fromkeys(outcomes, 0)) for what, outcomes in COUNTED.items()}
        self._lost: set[str] = set()

    def went(self, what: str, trouble: str | None) -> None:
        """Take in how something went; None: well."""
        self.counts[what]["ok" if trouble is None else "failed"] += 1
        if trouble is not None and what not in self._lost:
            self.say(f"{what}: {trouble}; it is tried again and again")
        if trouble is None and what in self._lost:
            self.say(f"{what}: works again")
        (self._lost.discard if trouble is None else self._lost.add)(what)

    def lost(self, what: str) -> bool:
        """Return whether it went wrong the last time."""
        return what in self._lost
