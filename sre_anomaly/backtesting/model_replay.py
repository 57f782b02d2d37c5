"""A model over a history, as it would have watched: each data point evaluated by what came before it."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

from sre_anomaly.clock import rows_in
from sre_anomaly.config.build import Parts
from sre_anomaly.contracts import exceeds
from sre_anomaly.frame import WEEK, MetricFrame, Split
from sre_anomaly.pipeline.alert_reasons import alert_reasons
from sre_anomaly.pipeline.detection import Detection, detect, prepare, replay
from sre_anomaly.pipeline.reasons import Explainer
from sre_anomaly.promql.firing import Firing
from sre_anomaly.records import Alert
from sre_anomaly.threshold.pages import Pages

BUDGETS = (0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 7.0, 10.0, 15.0, 20.0)
"""Pages a week for which it is said what they would have cost."""


@dataclass(frozen=True)
class Watched:
    """What a model would have reported of one series."""

    firings: list[Firing]
    by_budget: dict[float, list[Firing]]
    """The same for other budgets of pages a week; empty where the threshold has none."""


def watch(name: str, frame: MetricFrame, build: Callable[[], Parts], first: int) -> Watched:
    """Return what a model reports of a series from row ``first`` on.

    One whose detector and threshold learn while they run goes over the history once. Any other is fitted on what came before ``first``, watches a week, is
    fitted anew on all before that, and so on.
    """
    parts = build()
    assert parts.detector is not None
    rows = len(frame)
    whole = Split(slice(0, rows), None, slice(first, rows))
    prepared = prepare(frame, whole, parts.features, _no_stage)
    found = detect(frame, whole, prepared, parts, _no_stage, with_bands="flagged")
    # What is fixed once for all rows has seen those that come later.
    if parts.detector.prequential and not parts.threshold.fixed:
        return Watched(_told(name, frame, found, parts), _by_budget(name, frame, found, parts, first))
    week = max(1, rows_in(WEEK, frame.step))
    firings: list[Firing] = []
    for begin in range(max(first, 2), rows, week):
        until = frame.rows(slice(0, min(begin + week, rows)))
        parts = build()
        split = Split(slice(0, begin), None, slice(begin, len(until)))
        found = detect(until, split, prepare(until, split, parts.features, _no_stage), parts, _no_stage)
        firings += _told(name, until, found, parts)
    return Watched(firings, {})


def _no_stage(_: str) -> Any:
    return nullcontext()


def _told(name: str, frame: MetricFrame, found: Detection, parts: Parts) -> list[Firing]:
    assert parts.detector is not None
    explainer = Explainer(frame, found.X, found.columns, parts.detector, found.shares, found.bands)
    for alert, reason in zip(found.alerts, alert_reasons(frame, found, explainer), strict=True):
        alert.metric, alert.reason = reason.metric, str(reason)
    return [_firing(name, frame, alert) for alert in found.alerts]


def _firing(name: str, frame: MetricFrame, alert: Alert) -> Firing:
    pairs = {"alertname": name, "series": frame.name, "metric": alert.metric}
    labels = tuple(sorted((key, value) for key, value in pairs.items() if value))
    return Firing(labels, alert.start, alert.fired, alert.end, alert.closed, alert.peak_score, alert.reason)


def _by_budget(
    name: str, frame: MetricFrame, found: Detection, parts: Parts, first: int
) -> dict[float, list[Firing]]:
    """Replay the same scores with other budgets: nothing else changes."""
    if not isinstance(parts.threshold, Pages):
        return {}
    out = {}
    for budget in BUDGETS:
        threshold = replace(parts.threshold, pages_per_week=budget)
        threshold.start(frame.step)
        levels = threshold.level(found.heard)
        flags = exceeds(found.heard, levels)
        alerts = replay(frame, found.heard, levels, flags, slice(first, len(frame)), parts.alerts)
        out[budget] = [_firing(name, frame, alert) for alert in alerts]
    return out
