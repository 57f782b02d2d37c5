"""When an alerting rule fires: `for` and `keep_firing_for` over the evaluations at which its expression held."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sre_anomaly.frame import Mask, Times
from sre_anomaly.io.prometheus import Labels


@dataclass(frozen=True)
class Firing:
    """One alert from its first evaluation that fires to the one at which it is resolved; times in ns since 1970."""

    labels: Labels
    """Those of the alert, ``alertname`` among them."""
    active: int
    """Since when the expression held."""
    fired: int
    """The first evaluation at which the alert fires."""
    end: int
    """The first evaluation at which it no longer does; where the history ends before, the evaluation that would come next."""
    resolved: bool = True
    """False where the history ends while it fires."""
    value: float = float("nan")
    """What the expression gave when it fired."""
    summary: str = ""
    """What the alert says, for a person."""

    @property
    def name(self) -> str:
        """The alert's name."""
        return dict(self.labels).get("alertname", "")


def runs(active: Mask) -> Iterator[tuple[int, int]]:
    """Yield first and one past the last of each unbroken run of True.

    Examples
    --------
    >>> list(runs(np.array([True, True, False, True])))
    [(0, 2), (3, 4)]
    """
    edges = np.diff(np.concatenate([[0], active.astype(np.int8), [0]]))
    yield from zip(np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist(), strict=True)


def firing_intervals(
    times: Times, active: Mask, interval: int, hold: int = 0, keep: int = 0
) -> list[tuple[int, int, int, bool]]:
    """Return when one alert fires, as a Prometheus decides it.

    At each evaluation at which the expression holds, an alert that is not there becomes pending; it fires at the first
    evaluation that is ``hold`` after that. A pending one whose expression does not hold is forgotten, a firing one goes on
    for ``keep`` from the first evaluation at which it does not hold.

    Parameters
    ----------
    times : int64 (n,)
        Evaluations, ns since 1970, ``interval`` apart.
    active : bool (n,)
        Whether the expression gave a value for the labels of the alert.
    interval, hold, keep : int
        Nanoseconds; `for` and `keep_firing_for` of the rule.

    Returns
    -------
    list of (active, fired, end, resolved)
        As `Firing` has them.

    Examples
    --------
    >>> times = np.arange(8)
    >>> firing_intervals(times, np.array([0, 1, 1, 1, 0, 0, 0, 1], dtype=bool), interval=1, hold=1, keep=2)
    [(1, 2, 6, True)]
    """
    found: list[tuple[int, int, int, bool]] = []
    last = int(times[-1]) + interval if len(times) else 0
    for first, stop in runs(active):
        since = int(times[first])
        lapsed = int(times[stop]) if stop < len(times) else None
        # The first evaluation at which it is not kept any more.
        end = last if lapsed is None else lapsed + -(-keep // interval) * interval
        resolved = lapsed is not None and end < last
        if keep and found and found[-1][2] >= since:
            # Still firing when the expression holds again.
            found[-1] = (*found[-1][:2], min(end, last), resolved)
            continue
        fired = since + -(-hold // interval) * interval
        if fired < (last if lapsed is None else lapsed):
            found.append((since, fired, min(end, last), resolved))
    return found
