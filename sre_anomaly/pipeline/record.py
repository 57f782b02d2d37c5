"""What a record says of the config, the data and the detection."""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from sre_anomaly.clock import in_words
from sre_anomaly.config.build import Parts
from sre_anomaly.config.environment import without_secrets
from sre_anomaly.contracts import Detector, exceeds
from sre_anomaly.errors import DataError
from sre_anomaly.evaluation.anomaly.evaluate import Evaluation
from sre_anomaly.frame import LARGEST, Array, MetricFrame, Split
from sre_anomaly.known import inside
from sre_anomaly.pipeline.detection import Detection
from sre_anomaly.records import RunRecord

LIBRARIES = (
    "sre-anomaly",
    "numpy",
    "pandas",
    "scikit-learn",
    "xgboost-cpu",
    "xgboost",
    "hydra-core",
    "numba",
)
MUCH_MISSING = 0.2
LATE = 0.1
FEWEST_TO_RISE, MOSTLY_RISES, MOST_STARTS = 50, 0.5, 0.01
"""What only rises is called so from so many values on, of which so many rise, and so few start anew."""
COUNTERS_TOLD = 3
IN_SAMPLE = "Trained and evaluated on the same data: fine for exploring, no estimate of accuracy"
PREQUENTIAL = "Each data point was evaluated by what came before it: these alerts would have paged you"


def describe(config: Mapping[str, Any], record: RunRecord) -> None:
    """Note what was asked for and with what."""
    record.experiment = str(config["name"])
    record.detector = record.detector or str(config["detector"]["name"])
    record.seed = int(config["seed"])
    record.config_hash = hash_of(config)
    record.started = record.started or datetime.now(UTC).isoformat(timespec="seconds")
    record.versions = dict(_versions())


def hash_of(config: Mapping[str, Any]) -> str:
    """Return a text that is another one for every other config."""
    return hashlib.sha256(json.dumps(without_secrets(config), sort_keys=True).encode()).hexdigest()[:16]


@cache
def _versions() -> dict[str, str]:
    found = {}
    for library in LIBRARIES:
        with suppress(PackageNotFoundError):
            found[library] = version(library)
    return found


def check_values(frame: MetricFrame, record: RunRecord, *, one_of_many: bool = False) -> None:
    """Refuse data in which nothing can be found; among many series one that never changes is only noted.

    Raises
    ------
    DataError
        If a metric has no value at all or one that is too large, or no metric ever changes.
    """
    spans = []
    for name, column in zip(frame.metrics, frame.values.T, strict=True):
        present = column[np.isfinite(column)]
        if not len(present):
            raise DataError(
                f"{frame.name}: metric {name!r} has no value at all; leave it out with data.values=[...]"
            )
        if (far := np.abs(column) > LARGEST).any():
            row = int(np.argmax(far))
            raise DataError(
                f"{frame.name}: metric {name!r} is {column[row]:g} at {frame.time[row]:%Y-%m-%d %H:%M:%S} UTC, too large "
                f"to compute with (over {LARGEST:g}): leave the cell empty if nothing was measured"
            )
        spans.append(present.max() - present.min())
        if spans[-1] == 0 and one_of_many:
            record.notes.append(f"{name} never changes (always {present[0]:g}): it cannot show an anomaly")
    missing = float(np.isnan(frame.values).mean())
    if missing > MUCH_MISSING:
        record.notes.append(
            f"Careful: {missing:.0%} of the values are missing; are the times read correctly, and is a step of "
            f"{in_words(frame.step)} right (data.resample)?"
        )
    if counters := [
        name
        for name, column in zip(frame.metrics, frame.values.T, strict=True)
        if only_rises(column[np.isfinite(column)])
    ]:
        more = ", ..." if len(counters) > COUNTERS_TOLD else ""
        record.notes.append(
            f"Careful: only rising, as counters do: {', '.join(counters[:COUNTERS_TOLD])}{more}; how high one is says little: "
            "give how fast it rises instead, in PromQL rate(...[5m])"
        )
    if not any(spans) and not one_of_many:
        raise DataError(
            f"{frame.name}: no metric ever changes (always {np.nanmin(frame.values[:, 0]):g}): there is nothing to detect"
        )


def only_rises(values: Array) -> bool:
    """Return whether values (n,) without gaps rise at most steps and never fall, but for a new start far below.

    Examples
    --------
    >>> rising = np.arange(100.0)
    >>> [only_rises(values) for values in (rising, np.r_[rising, rising], -rising, rising // 10)]
    [True, True, False, False]
    """
    if len(values) < FEWEST_TO_RISE:
        return False
    steps = np.diff(values)
    fell = np.flatnonzero(steps < 0)
    new_start = len(fell) <= MOST_STARTS * len(values) and (values[fell + 1] <= values[fell] / 2).all()
    return bool(values[0] >= 0 and new_start and (steps > 0).mean() > MOSTLY_RISES)


def describe_data(frame: MetricFrame, split: Split, record: RunRecord, *, detects: bool) -> None:
    """Note what was read."""
    record.rows = len(frame)
    # With a detector this stands under what the series could not tell.
    record.notes[:0] = [*frame.notes, *(late_metrics(frame) if not detects else [])]
    record.data = {
        "name": frame.name,
        "metrics": list(frame.metrics),
        "start": frame.time[0],
        "end": frame.time[-1] + frame.step,
        "step_s": frame.step.total_seconds(),
        "missing": int(np.isnan(frame.values).sum()),
        "incidents": None if frame.incidents is None else len(frame.incidents),
        "fingerprint": frame.fingerprint,
        "split": {
            name: None if span is None else [span.start, span.stop]
            for name, span in (("train", split.train), ("validation", split.validation), ("test", split.test))
        },
    }


def late_metrics(frame: MetricFrame) -> list[str]:
    """Return a note for each metric whose first value comes after a tenth of the rows: its past says less."""
    notes = []
    for metric, column in zip(frame.metrics, frame.values.T, strict=True):
        present = np.flatnonzero(np.isfinite(column))
        if len(present) and present[0] > LATE * len(frame):
            notes.append(
                f"{metric} has values since {frame.time[present[0]].tz_convert(frame.timezone):%Y-%m-%d %H:%M} only"
            )
    return notes


def how_evaluated(split: Split, detector: Detector) -> str:
    """Return what a reader has to know of the periods; empty where the detector has not met what it is evaluated on.

    A detector that chooses knows it once it is fitted.
    """
    if not split.in_sample:
        return ""
    return PREQUENTIAL if detector.prequential else IN_SAMPLE


def windows_in(frame: MetricFrame, detected: Detection, span: slice) -> list[str]:
    """Return a note on the windows of a calendar that fall into a span, and on what would have paged in the muted ones."""
    at = frame.measured_at[span]
    if not len(at):
        return []
    apart, muted = (
        int(((windows[:, 0] <= at[-1]) & (windows[:, 1] > at[0])).sum())
        for windows in (frame.windows.apart, frame.windows.muted)
    )
    notes = []
    if apart:
        notes.append(
            f"data.calendar: {_windows(apart)} not learned from ({int(frame.apart[span].sum())} data points)"
        )
    if muted:
        # Some thresholds have no level where there is no score: there the last one before counts.
        known = np.where(np.isfinite(detected.levels), np.arange(len(frame)), 0)
        levels = detected.levels[np.maximum.accumulate(known)]
        above = exceeds(detected.scores, levels)[span] & inside(frame.windows.muted, at)
        notes.append(
            f"data.calendar: {_windows(muted)} muted, {int(above.sum())} data points above the threshold in them"
        )
    return notes


def _windows(count: int) -> str:
    return f"{count} window{'s' * (count > 1)}"


def detection_record(
    config: Mapping[str, Any],
    record: RunRecord,
    parts: Parts,
    detected: Detection,
    verdict: Evaluation,
    split: Split,
    measured_on: str | None,
) -> dict[str, Any]:
    """Return what the record keeps of a detection and its judgement."""
    return {
        "detector": record.detector,
        "flags": int(detected.flags[split.test].sum()),
        "alerts": len(detected.alerts),
        "rows_scored": int(np.isfinite(detected.scores[split.test]).sum()),
        "threshold": {"name": config["threshold"]["name"], **parts.threshold.describe()},
        "measured_on": measured_on,
        "measures": verdict.measures,
        "intervals": verdict.intervals,
        "baselines": verdict.baselines,
        "caveats": verdict.caveats,
    }
