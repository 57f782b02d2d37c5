"""From metrics to alerts: features, fit, score, level, alert. The one path for every detector."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from sre_anomaly.clock import nanoseconds
from sre_anomaly.config.build import Parts
from sre_anomaly.contracts import AlertPolicy, Detector, Features, Threshold, exceeds
from sre_anomaly.errors import DataError
from sre_anomaly.frame import Array, Mask, MetricFrame, Split
from sre_anomaly.known import inside
from sre_anomaly.model.state import ModelState
from sre_anomaly.records import Alert

Stage = Callable[[str], Any]
"""A context manager that names what is going on, for the progress bar and the timings."""


@dataclass(frozen=True)
class Prepared:
    """What a detector looks at: the same for every detector, so a sweep makes it once."""

    features: Features
    """Fitted on the training span."""
    X: Array
    """(n, d) feature columns."""
    columns: list[tuple[str, str]]


@dataclass
class Detection:
    """What a detector said about a whole frame, n rows."""

    X: Array
    """(n, d) feature columns."""
    columns: list[tuple[str, str]]
    scores: Array
    heard: Array
    """The scores as threshold and alert policy hear them: NaN where nobody is to be paged."""
    levels: Array
    flags: Mask
    alerts: list[Alert]
    """Those of the judged span."""
    memory: ModelState
    """What the parts know after the last row."""
    shares: Array | None = None
    """(n, d) what each column had in the scores of a detector that learns while it runs; others can be asked."""
    bands: Array | None = None
    """(n, d, 3) expected, lower and upper of each column at the level of each row, from a detector that has bounds."""


def prepare(frame: MetricFrame, split: Split, features: Features, stage: Stage) -> Prepared:
    """Fit the features on the training span and return their columns for every row."""
    with stage("features"):
        fitted = features.fit(frame.to_learn(split.train))
        return Prepared(fitted, fitted.transform(frame), fitted.columns(frame.metrics))


def detect(
    frame: MetricFrame,
    split: Split,
    prepared: Prepared,
    parts: Parts,
    stage: Stage,
    *,
    learn: bool = True,
    with_bands: Literal["all", "flagged", "none"] = "none",
) -> Detection:
    """Fit on the training span, choose the level, score every row and replay the judged span.

    ``learn`` is False where detector and threshold have learned already, from other series; ``with_bands`` says
    for which rows a detector that has bounds is asked for them, which takes longer.

    Raises
    ------
    DataError
        If there are too few rows, or not the labels that the parts need.
    """
    detector, threshold = parts.detector, parts.threshold
    if detector is None:
        raise ValueError("no detector to run")
    X = prepared.X
    complete = scorable(X, prepared.features, detector)
    if learn:
        with stage("fit"):
            fit_detector(frame, split, detector, X, complete)
    # Only now: what a detector remembers may depend on what it learned, and what a threshold does on the clock.
    threshold.start(frame.step)
    memory = ModelState.before(prepared.features, detector, threshold, frame.metrics)
    if memory.learns:
        # Whoever goes on from here needs the features' state too; a transform need not leave one.
        prepared.features.advance(
            memory.features, frame.time.asi8, np.ascontiguousarray(frame.values), np.empty_like(X)
        )
    with stage("score"):
        scores = np.full(len(frame), np.nan)
        asked = _as_slice(complete)
        rows, times = np.ascontiguousarray(X[asked]), frame.measured_at[asked]
        told = memory.shares(rows)
        scores[asked] = detector.advance(memory.detector, times, rows, told)
        shares = None if told is None else np.full(X.shape, np.nan)
        if shares is not None:
            shares[asked] = told
    with stage("threshold"):
        heard = unmuted(frame, scores)
        if learn:
            fit_threshold(frame, split, threshold, heard)
        levels = threshold.advance(memory.threshold, heard)
        flags = exceeds(heard, levels)
    bands = None
    if with_bands != "none":
        with stage("bands"):
            afresh = detector.new_state(X.shape[1])[np.newaxis]
            wanted = levels if with_bands == "all" else np.where(flags, levels, np.nan)
            found = detector.bands(afresh, times, rows, np.ascontiguousarray(wanted[asked]))
            bands = on_all_rows(found, asked, len(frame))
    with stage("alerts"):
        alerts = replay(frame, heard, levels, flags, split.test, parts.alerts)
    return Detection(X, prepared.columns, scores, heard, levels, flags, alerts, memory, shares, bands)


def scorable(X: Array, features: Features, detector: Detector) -> Mask:
    """Return which rows the detector is asked about: past the lookback, and complete if it needs that."""
    present = np.isfinite(X)
    enough: Mask = np.asarray(present.any(axis=1) if detector.handles_missing else present.all(axis=1))
    enough |= detector.handles_nothing
    enough[: features.lookback] = False
    return enough


def unmuted(frame: MetricFrame, scores: Array) -> Array:
    """Return the scores (n,) as threshold and alert policy hear them: NaN in windows where nobody is paged."""
    return np.where(inside(frame.windows.muted, frame.measured_at), np.nan, scores)


def on_all_rows(bands: Array | None, asked: Mask | slice, rows: int) -> Array | None:
    """Return the bounds of the rows that were asked about as those of all rows, NaN elsewhere; None where there are none."""
    if bands is None:
        return None
    out = np.full((rows, *bands.shape[1:]), np.nan)
    out[asked] = bands
    return out


def fit_detector(frame: MetricFrame, split: Split, detector: Detector, X: Array, complete: Mask) -> None:
    """Fit on the rows of the training span that can be used, those of windows that are not learned from left out."""
    detector.meet(frame.rows(split.train))
    asked, complete = complete, complete & ~frame.apart
    rows = _span(len(frame), split.train) & complete
    detector.evaluated_before = np.flatnonzero(rows[asked]) if split.in_sample else None
    if rows.sum() < 2:
        raise DataError(
            f"{frame.name}: {int(rows.sum())} of {split.train.stop - split.train.start} training data points are "
            "complete and have enough history for these features: use more data, shorter feature windows, or a longer "
            "data.interpolate"
        )
    if not detector.needs_labels:
        detector.fit(X[_as_slice(rows)])
        return
    rows = _labelled(frame, split.train, complete, "detector")
    held = _labelled(frame, _validation(split, "detector"), complete, "detector")
    y = _labels(frame)
    detector.fit(X[rows], y[rows], (X[held], y[held]))


def fit_threshold(frame: MetricFrame, split: Split, threshold: Threshold, scores: Array) -> None:
    """Choose the level on the training rows' scores, or on labelled validation rows where it needs labels."""
    usable = np.isfinite(scores) & ~frame.apart
    if threshold.needs_labels:
        rows = _labelled(frame, _validation(split, "threshold"), usable, "threshold")
        threshold.fit(scores[rows], _labels(frame)[rows])
    else:
        rows = _span(len(frame), split.train) & usable
        threshold.fit(scores[rows])


def replay(
    frame: MetricFrame, scores: Array, levels: Array, flags: Mask, span: slice, policy: AlertPolicy
) -> list[Alert]:
    """Feed a span of rows to an alert policy, one by one, and return the alerts as they ended.

    While the policy is idle, quiet rows change nothing, and the replay goes straight to the next flag.
    """
    time = frame.time.asi8
    start_policy(policy, nanoseconds(frame.step), int(time[0]))
    alerts: dict[int, Alert] = {}
    flagged = span.start + np.flatnonzero(flags[span])
    row = span.start
    while row < span.stop:
        if policy.idle:
            following = np.searchsorted(flagged, row)
            if following == len(flagged):
                break
            row = int(flagged[following])
        for alert in policy.step(int(time[row]), float(scores[row]), float(levels[row])):
            alerts[alert.id] = alert
        row += 1
    for alert in policy.finish():
        alerts[alert.id] = alert
    return list(alerts.values())


def start_policy(policy: AlertPolicy, step_ns: int, first: int) -> None:
    """Start a policy; one that counts how long it has lived hears when the first row was."""
    policy.start(step_ns)
    if not policy.idle:
        policy.step(first, float("nan"), float("nan"))


def _span(rows: int, span: slice) -> Mask:
    inside = np.zeros(rows, dtype=bool)
    inside[span] = True
    return inside


def _as_slice(rows: Mask) -> slice | Mask:
    """Return rows that follow one another as a slice, which copies nothing; any others as they are."""
    first, count = int(np.argmax(rows)), int(np.count_nonzero(rows))
    return slice(first, first + count) if rows[first : first + count].all() else rows


def _validation(split: Split, who: str) -> slice:
    if split.validation is None:
        raise DataError(
            f"the {who} needs labelled validation data, and the split has none: set split.validation=0.15"
        )
    return split.validation


def _labels(frame: MetricFrame) -> Array:
    return frame.labels if frame.labels is not None else np.full(len(frame), np.nan)


def _labelled(frame: MetricFrame, span: slice, usable: Mask, who: str) -> Mask:
    """Return the usable labelled rows of a span; both classes must be there."""
    labels = _labels(frame)
    rows = _span(len(frame), span) & usable & np.isfinite(labels)
    anomalous = int((labels[rows] == 1).sum())
    if 0 < anomalous < rows.sum():
        return rows
    have = (
        "no data point is labelled"
        if not rows.any()
        else f"all {int(rows.sum())} labelled data points are " + ("anomalous" if anomalous else "normal")
    )
    raise DataError(
        f"{frame.name}: the {who} is trained on labelled data points, anomalous and normal, but in those "
        f"{span.start} to "
        f"{span.stop} {have}; without labels use detector=iforest threshold=contamination, or choose other split "
        "fractions"
    )
