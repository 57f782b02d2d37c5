"""Incident by incident: what was caught, how soon, and how often someone was woken for nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from sre_anomaly.frame import WEEK, Incident
from sre_anomaly.records import Alert


@dataclass(frozen=True)
class Caught:
    """Alerts against incidents."""

    incidents: int
    caught: int
    caught_ids: tuple[int, ...]
    alerts: int
    false_alerts: int
    delays: tuple[float, ...]
    """Seconds from the start of each caught incident to its first alert; 0 where one was firing already."""

    @property
    def median_delay(self) -> float:
        """Median of the delays in seconds, NaN when nothing was caught."""
        return float(np.median(self.delays)) if self.delays else float("nan")


def match(alerts: Sequence[Alert], incidents: Sequence[Incident]) -> Caught:
    """Match alerts with incidents: one is caught if an alert fires in it, or is firing when it begins.

    An alert that meets no incident is false. An alert counts from the row where it fired, not from its first
    flag: nobody was told before.
    """
    fired = np.array([alert.fired for alert in alerts], dtype=np.int64)
    ended = np.array([alert.end for alert in alerts], dtype=np.int64)
    useful = np.zeros(len(alerts), dtype=bool)
    caught, delays = [], []
    for incident in incidents:
        start, end = incident.start.as_unit("ns").value, incident.end.as_unit("ns").value
        meets = (fired < end) & (ended > start)
        useful |= meets
        if meets.any():
            caught.append(incident.id)
            delays.append(max(0, int(fired[meets].min()) - start) / 1e9)
    return Caught(
        len(incidents), len(caught), tuple(caught), len(alerts), int((~useful).sum()), tuple(delays)
    )


def per_week(count: int, duration: timedelta) -> float:
    """Return a count as a weekly rate.

    Examples
    --------
    >>> per_week(3, timedelta(days=21))
    1.0
    """
    return count / (duration / WEEK)


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson, 1927); (NaN, NaN) without trials.

    Examples
    --------
    >>> tuple(round(edge, 2) for edge in wilson(8, 10))
    (0.49, 0.94)
    """
    if not trials:
        return float("nan"), float("nan")
    z = 1.96
    share, spread = successes / trials, z * z / trials
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * np.sqrt(share * (1 - share) / trials + spread / trials / 4)
    return float(middle - half), float(middle + half)
