"""A second look at a history, with what came later known: for looking back, and no estimate of what a live monitor does.

It begins where the detection ended and changes nothing of it: neither scores, levels, flags and alerts nor the measures and the model.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sre_anomaly.clock import in_words, nanoseconds
from sre_anomaly.config.build import Parts
from sre_anomaly.contracts import exceeds
from sre_anomaly.evaluation.anomaly.incidents import match
from sre_anomaly.frame import MetricFrame, Split
from sre_anomaly.pipeline.alert_reasons import alert_reasons
from sre_anomaly.pipeline.detection import Detection, Prepared, Stage, on_all_rows, replay, scorable, unmuted
from sre_anomaly.pipeline.reasons import Explainer
from sre_anomaly.records import Alert

NO_PAGE = "no page"


@dataclass
class Hindsight:
    """What a look back found, and when a live monitor would have paged for it."""

    found: Detection
    """Scores, one level for all rows, flags and alerts in hindsight."""
    paged: list[int | None]
    """For each of its alerts when a live monitor would have paged, ns since 1970; None: it would not."""
    caught: tuple[int, int, int] | None
    """Known incidents of the evaluated span: how many, in hindsight, and live; None where nobody knows them."""

    @property
    def level(self) -> float:
        """The one level."""
        return float(self.found.levels[0])

    def missed_first(self) -> list[tuple[Alert, int | None]]:
        """Return the alerts for which nobody would have been paged, then the others, each group strongest first."""
        return sorted(
            zip(self.found.alerts, self.paged, strict=True),
            key=lambda pair: (pair[1] is not None, pair[0].peak_level - pair[0].peak_score),
        )

    def told(self, frame: MetricFrame) -> dict[str, Any]:
        """Return what the record keeps."""
        alerts = [
            {
                "start": pd.Timestamp(alert.start, tz="UTC"),
                "end": pd.Timestamp(alert.end, tz="UTC"),
                "peak_score": alert.peak_score,
                "metric": alert.metric,
                "reason": alert.reason,
                "live": live(frame, alert, paged),
                "live_fired": None if paged is None else pd.Timestamp(paged, tz="UTC"),
            }
            for alert, paged in zip(self.found.alerts, self.paged, strict=True)
        ]
        record: dict[str, Any] = {"level": self.level, "stretches": len(alerts)}
        record["live_paged"] = sum(paged is not None for paged in self.paged)
        if self.caught is not None:
            record |= dict(zip(("incidents", "incidents_caught", "live_caught"), self.caught, strict=True))
        return record | {"alerts": alerts}


def look_back(
    frame: MetricFrame, split: Split, prepared: Prepared, detected: Detection, parts: Parts, stage: Stage
) -> Hindsight | None:
    """Judge every row by the rows on both sides; None where the detector or the threshold cannot look back."""
    detector, X = parts.detector, prepared.X
    if detector is None:
        return None
    with stage("hindsight"):
        asked = scorable(X, prepared.features, detector)
        state, times, rows = (
            detected.memory.detector,
            frame.measured_at[asked],
            np.ascontiguousarray(X[asked]),
        )
        scores, shares = np.full(len(frame), np.nan), np.full(X.shape, np.nan)
        told = np.empty(rows.shape)
        second = detector.hindsight(state, times, rows, told)
        if second is None:
            return None
        scores[asked], shares[asked] = second, told
        heard = unmuted(frame, scores)
        level = parts.threshold.hindsight(heard[split.test])
        if level is None:
            return None
        levels = np.full(len(frame), level)
        flags = exceeds(heard, levels)
        bands = None
        if flags.any():
            bounds = detector.hindsight_bands(state, times, rows, np.where(flags, levels, np.nan)[asked])
            bands = on_all_rows(bounds, asked, len(frame))
        # A policy remembers: that of the detection is left alone.
        alerts = replay(frame, heard, levels, flags, split.test, deepcopy(parts.alerts))
        found = Detection(
            X, prepared.columns, scores, heard, levels, flags, alerts, detected.memory, shares, bands
        )
        explainer = Explainer(frame, X, prepared.columns, detector, shares, bands)
        for alert, reason in zip(alerts, alert_reasons(frame, found, explainer), strict=True):
            alert.metric, alert.reason = reason.metric, str(reason)
        paged = [_paged(alert, detected.alerts) for alert in alerts]
        return Hindsight(found, paged, _caught(frame.rows(split.test), alerts, detected.alerts))


def live(frame: MetricFrame, alert: Alert, paged: int | None) -> str:
    """Say whether a live monitor would have paged for what was found in hindsight, and how late.

    Examples
    --------
    >>> clock = pd.date_range("2024-05-06", periods=60, freq="1min", tz="UTC")
    >>> frame, minute = MetricFrame("x", clock, np.zeros((60, 1)), ("x",)), 60_000_000_000
    >>> start = clock[10].value
    >>> alert = Alert(1, start, start, start + 9 * minute, start, 9.0, 4.0, flags=9)
    >>> live(frame, alert, start + 3 * minute), live(frame, alert, None)
    ('paged at 2024-05-06 00:13, 3 min after the start', 'no page')
    """
    if paged is None:
        return NO_PAGE
    when = f"data point {frame.time.asi8.searchsorted(paged)}"
    if frame.has_clock:
        when = f"{pd.Timestamp(paged, tz='UTC').tz_convert(frame.timezone):%Y-%m-%d %H:%M}"
    if paged <= alert.start:
        return f"paged at {when}, {'at' if paged == alert.start else 'before'} the start"
    return f"paged at {when}, {_after(frame, alert, paged)} after the start"


def live_in_short(frame: MetricFrame, alert: Alert, paged: int | None) -> str:
    """Return the same in two or three words."""
    if paged is None:
        return NO_PAGE
    return "in time" if paged <= alert.start else f"{_after(frame, alert, paged)} late"


def _after(frame: MetricFrame, alert: Alert, paged: int) -> str:
    if frame.has_clock:
        return in_words(pd.Timedelta(paged - alert.start))
    return f"{(paged - alert.start) // nanoseconds(frame.step)} data points"


def _paged(alert: Alert, alerts: Sequence[Alert]) -> int | None:
    """Return when somebody was first paged by an alert that meets this one."""
    return min((one.fired for one in alerts if one.fired < alert.end and one.end > alert.start), default=None)


def _caught(
    judged: MetricFrame, alerts: Sequence[Alert], detected: Sequence[Alert]
) -> tuple[int, int, int] | None:
    if not judged.incidents or not judged.has_clock:
        return None
    second, first = match(alerts, judged.incidents), match(detected, judged.incidents)
    return second.incidents, second.caught, first.caught
