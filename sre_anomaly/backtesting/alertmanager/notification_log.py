"""Whether a group has something to say: what an Alertmanager remembers of its notifications, and decides by it."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

Kind = Literal["new", "fewer", "repeat", "resolved"]
Alert = TypeVar("Alert", bound=Hashable)
MINUTE = 60 * 10**9
RETENTION = 120 * 60 * MINUTE
"""An Alertmanager's ``--data.retention``: what is longer ago is forgotten."""
MAINTENANCE = 15 * MINUTE
"""How often it looks for what it may forget."""


@dataclass(frozen=True)
class _Entry(Generic[Alert]):
    time: int
    forgotten: int
    """From when on an Alertmanager knows nothing of it any more."""
    firing: frozenset[Alert]
    resolved: frozenset[Alert]


class NotificationLog(Generic[Alert]):
    """The last notification of each group to each integration; only those with alerts that fire, others say nothing.

    Parameters
    ----------
    start : int
        When the Alertmanager started, ns since 1970; it forgets at each `MAINTENANCE` from then.

    Examples
    --------
    >>> log = NotificationLog[str](start=0)
    >>> log.kind("group", 0, frozenset(["a"]), frozenset(), tells=True, repeat=60)
    'new'
    >>> log.kind("group", 30, frozenset(["a"]), frozenset(), tells=True, repeat=60)
    """

    def __init__(self, start: int) -> None:
        self.start = start
        self.entries: dict[Hashable, _Entry[Alert]] = {}

    def kind(
        self,
        key: Hashable,
        time: int,
        firing: frozenset[Alert],
        resolved: frozenset[Alert],
        tells: bool,
        repeat: int,
    ) -> Kind | None:
        """Say what kind of notification a group has for an integration, if any, and remember it as sent.

        Parameters
        ----------
        key : hashable
            The group and the integration.
        time : int
            Now, ns since 1970.
        firing, resolved : frozenset
            The alerts of the group that are not inhibited.
        tells : bool
            Whether the integration tells of resolved alerts.
        repeat : int
            The route's repeat interval, ns.
        """
        last = self.entries.get(key)
        found = self._kind(last, time, firing, resolved, tells, repeat)
        if found and firing:
            self.entries[key] = _Entry(time, self._forgotten(time, repeat), firing, resolved)
        elif last and not firing:
            # With nothing firing in it an entry is like none.
            del self.entries[key]
        return found

    def again(self, key: Hashable, repeat: int) -> int:
        """Return from when on a group that goes on firing has something to say again."""
        entry = self.entries[key]
        return min(entry.time + repeat + 1, entry.forgotten)

    def _kind(
        self,
        last: _Entry[Alert] | None,
        time: int,
        firing: frozenset[Alert],
        resolved: frozenset[Alert],
        tells: bool,
        repeat: int,
    ) -> Kind | None:
        if last is None or not firing <= last.firing:
            return "new" if firing else None
        if not firing:
            return None if time >= last.forgotten else "resolved"
        if time >= last.forgotten or last.time < time - repeat:
            # Where something is resolved as well, it says both.
            return "repeat"
        return "fewer" if tells and not resolved <= last.resolved else None

    def _forgotten(self, time: int, repeat: int) -> int:
        expires = time + min(RETENTION, 2 * repeat)
        return self.start - (self.start - expires) // MAINTENANCE * MAINTENANCE
