"""Incident by incident: what was caught, how soon, and how often someone was woken for nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from sre_anomaly.frame import WEEK, Incident, Times
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


def time_in_alert(alerts: Sequence[Alert], time: Times) -> float:
    """Return the share of rows at which somebody is being paged: those from an alert's firing to its end.

    An alert that never stops catches every incident; this is what gives it away. Alerts that overlap count once.

    Parameters
    ----------
    alerts : sequence of Alert
    time : int (n,)
        The evaluated rows, rising, in ns since 1970; NaN is returned where there is none.

    Examples
    --------
    >>> alert = Alert(id=1, start=0, fired=1, end=3, peak=1, peak_score=2.0, peak_level=1.0, flags=3)
    >>> time_in_alert([alert], np.arange(8))
    0.25
    """
    if not len(time):
        return float("nan")
    inside = np.zeros(len(time), dtype=bool)
    for alert in alerts:
        inside[slice(*np.searchsorted(time, [alert.fired, alert.end]))] = True
    return float(inside.mean())


def never_stops(in_alert: float, anomalous: float | None = None) -> str | None:
    """Return the caveat of alerts so long that they meet incidents by accident, None where they are not.

    That is where they take more than a fifth of the time and five times what the incidents take, or more than half
    of it and twice what the incidents take; where incidents are not known, more than half of it.

    Parameters
    ----------
    in_alert, anomalous : float
        Share of the evaluated rows inside alerts, and inside incidents.

    Examples
    --------
    >>> never_stops(0.98, 0.08)
    'An alert is open 98% of the time, an incident 8%: detecting every incident that way means nothing.'
    >>> never_stops(0.12, 0.08)
    """
    if anomalous is None:
        often = (
            f"Alerts cover {in_alert:.0%} of the time: an alert that hardly ever stops is no help to anybody."
        )
        return often if in_alert > 0.5 else None
    if (in_alert > 0.2 and in_alert > 5 * anomalous) or (in_alert > 0.5 and in_alert > 2 * anomalous):
        return (
            f"An alert is open {in_alert:.0%} of the time, an incident {anomalous:.0%}: detecting every incident that "
            "way means nothing."
        )
    return None


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
