"""When an alerting rule fires: `for` and `keep_firing_for` over the evaluations at which its expression held."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from sre_anomaly.frame import Times
from sre_anomaly.io.prometheus import Labels

Run = tuple[int, int]
"""The first evaluation at which an expression holds, and the first at which it does not, ns since 1970."""


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


def runs_at(times: Times, interval: int) -> list[Run]:
    """Return the unbroken runs of evaluations, (k,) rising ns since 1970, at which an expression held.

    Examples
    --------
    >>> runs_at(np.array([10, 11, 14]), interval=1)
    [(10, 12), (14, 15)]
    """
    if not len(times):
        return []
    breaks = np.flatnonzero(np.diff(times) > interval)
    first, last = times[np.concatenate([[0], breaks + 1])], times[np.concatenate([breaks, [len(times) - 1]])]
    return list(zip(first.tolist(), (last + interval).tolist(), strict=True))


def firing_intervals(
    runs: Iterable[Run], interval: int, end: int, hold: int = 0, keep: int = 0
) -> list[tuple[int, int, int, bool]]:
    """Return when one alert fires, as a Prometheus decides it.

    At each evaluation at which the expression holds, an alert that is not there becomes pending; it fires at the first
    evaluation that is ``hold`` after that. A pending one whose expression does not hold is forgotten, a firing one goes on
    for ``keep`` from the first evaluation at which it does not hold.

    Parameters
    ----------
    runs : iterable of (first, stop)
        The unbroken runs of evaluations at which the expression holds for the labels of the alert, rising: the first
        that holds, and the first that does not. Nanoseconds since 1970.
    interval : int
        Nanoseconds from one evaluation to the next.
    end : int
        The first evaluation that is not known any more.
    hold, keep : int
        Nanoseconds; `for` and `keep_firing_for` of the rule.

    Returns
    -------
    list of (active, fired, end, resolved)
        As `Firing` has them.

    Examples
    --------
    >>> firing_intervals([(1, 4), (7, 8)], interval=1, end=8, hold=1, keep=2)
    [(1, 2, 6, True)]
    """
    found: list[tuple[int, int, int, bool]] = []
    for since, stop in runs:
        known = stop < end
        over = stop + -(-keep // interval) * interval if known else end
        if keep and found and found[-1][2] >= since:
            # Still firing when the expression holds again.
            found[-1] = (*found[-1][:2], min(over, end), over < end)
            continue
        fired = since + -(-hold // interval) * interval
        if fired < stop:
            found.append((since, fired, min(over, end), over < end))
    return found
