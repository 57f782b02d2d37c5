"""One config becomes one run: read, detect, forecast, judge, write, tell."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from typing import Any

import numpy as np

from sre_anomaly.build import Parts, build_parts
from sre_anomaly.bundle import KINDS, Model, model_of
from sre_anomaly.clock import in_words
from sre_anomaly.contracts import Detector
from sre_anomaly.detection import Detection, detect, replay
from sre_anomaly.errors import DataError
from sre_anomaly.evaluation.judge import Judgement, judge
from sre_anomaly.forecasting import Forecasts, forecast
from sre_anomaly.frame import MetricFrame, Split
from sre_anomaly.reasons import Explainer
from sre_anomaly.records import Reason, RunRecord
from sre_anomaly.stages import Stages
from sre_anomaly.telling import alert_reasons, strongest_rows

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


@dataclass
class Run:
    """All that one run found, for the report to tell."""

    config: dict[str, Any]
    record: RunRecord
    frame: MetricFrame
    split: Split
    detection: Detection | None = None
    judgement: Judgement | None = None
    forecasts: Forecasts | None = None
    strongest: list[tuple[int, Reason]] = field(default_factory=list)
    """Rows of the judged span with the highest score above their level, and why."""
    models: dict[str, Any] = field(default_factory=dict)
    """Fitted objects by their export name."""
    model: Model | None = None
    """What is kept to answer new points; None where a part of another library cannot be kept without pickle."""


def run(config: Mapping[str, Any], record: RunRecord, stages: Stages) -> Run:
    """Do what a config asks for; nothing is written.

    Parameters
    ----------
    config : mapping
        Resolved, as `conf/config.yaml` describes it.
    record : RunRecord
        Filled on the way, so that a failed run still says how far it came.

    Raises
    ------
    UserError
        If the config or the data cannot be used.
    """
    parts = build_parts(config)
    describe(config, record)
    with stages.stage("read"):
        frame = only_frame(parts)
        check_values(frame, record)
        split = parts.split.split(frame)
    describe_data(frame, split, record)
    found = Run(dict(config), record, frame, split)
    if parts.detector is not None:
        detected = detect(frame, split, parts, stages.stage)
        with stages.stage("judge"):
            judge_detection(found, detected, parts, seed=int(config["seed"]))
        with stages.stage("explain"):
            explain(found, detected, parts.detector)
        keep_model(found, parts, detected)
    if parts.forecaster is not None:
        found.forecasts = forecast(frame, split, parts.forecaster, dict(config["forecast"]), stages.stage)
        found.models[parts.forecaster.export_name] = parts.forecaster.native()
        record.forecast = {
            "forecaster": config["forecaster"]["name"],
            "metrics": list(found.forecasts.metrics),
            "measures": found.forecasts.measures,
            "per_metric": found.forecasts.per_metric,
            "baselines": found.forecasts.baselines,
        }
    record.timings = dict(stages.seconds)
    record.status = "completed"
    return found


def describe(config: Mapping[str, Any], record: RunRecord) -> None:
    """Note what was asked for and with what."""
    record.experiment = str(config["name"])
    record.seed = int(config["seed"])
    record.config_hash = hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()[:16]
    record.started = record.started or datetime.now(UTC).isoformat(timespec="seconds")
    for library in LIBRARIES:
        try:
            record.versions[library] = version(library)
        except PackageNotFoundError:
            continue


def only_frame(parts: Parts) -> MetricFrame:
    """Return the source's one frame.

    Raises
    ------
    DataError
        If the source has none.
    """
    frames = list(islice(parts.data.frames(), 1))
    if not frames:
        raise DataError("data: the source has no series")
    return frames[0]


def check_values(frame: MetricFrame, record: RunRecord) -> None:
    """Refuse data in which nothing can be found.

    Raises
    ------
    DataError
        If a metric has no value at all, or no metric ever changes.
    """
    spans = []
    for name, column in zip(frame.metrics, frame.values.T, strict=True):
        present = column[np.isfinite(column)]
        if not len(present):
            raise DataError(
                f"{frame.name}: metric {name!r} has no value at all; leave it out with data.values=[...]"
            )
        spans.append(present.max() - present.min())
        if spans[-1] == 0:
            record.notes.append(f"{name} never changes (always {present[0]:g}): it cannot show an anomaly")
    missing = float(np.isnan(frame.values).mean())
    if missing > MUCH_MISSING:
        record.notes.append(
            f"Careful: {missing:.0%} of the values are missing; are the times read rightly, and is a step of "
            f"{in_words(frame.step)} right (data.resample)?"
        )
    if not any(spans):
        raise DataError(
            f"{frame.name}: no metric ever changes (always {np.nanmin(frame.values[:, 0]):g}): there is nothing to find"
        )


def describe_data(frame: MetricFrame, split: Split, record: RunRecord) -> None:
    """Note what was read."""
    record.rows = len(frame)
    record.notes[:0] = frame.notes
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
    if split.in_sample:
        record.notes.append(
            "The rows that are judged are also those learned from: right for looking back, no proof of skill"
        )


def judge_detection(found: Run, detected: Detection, parts: Parts, seed: int) -> None:
    """Judge the test span, or, where that has no labels, the labelled validation span."""
    frame, split, record = found.frame, found.split, found.record
    span, alerts, measured_on = split.test, detected.alerts, "test"
    held = split.validation
    if not _labelled(frame, span) and held is not None and _labelled(frame, held):
        span, measured_on = held, "validation"
        alerts = replay(frame, detected.scores, detected.levels, detected.flags, held, parts.alerts)
    verdict = judge(frame.rows(span), detected.scores[span], detected.flags[span], alerts, seed)
    if measured_on == "validation":
        verdict.caveats.append(
            "The test rows have no labels: these measures are from the validation rows, on which the level was "
            "chosen, and so they flatter"
        )
    found.detection, found.judgement = detected, verdict
    scored = np.isfinite(detected.scores[split.test])
    record.detection = {
        "detector": found.config["detector"]["name"],
        "flags": int(detected.flags[split.test].sum()),
        "alerts": len(detected.alerts),
        "rows_scored": int(scored.sum()),
        "threshold": {"name": found.config["threshold"]["name"], **parts.threshold.describe()},
        "measured_on": measured_on if _labelled(frame, span) else None,
        "measures": verdict.measures,
        "intervals": verdict.intervals,
        "baselines": verdict.baselines,
        "caveats": verdict.caveats,
    }


def _labelled(frame: MetricFrame, span: slice) -> bool:
    return frame.labels is not None and bool(np.isfinite(frame.labels[span]).any())


def keep_model(found: Run, parts: Parts, detected: Detection) -> None:
    """Keep the fitted parts for new points, where that can be done without pickle."""
    about = {
        "experiment": found.record.experiment,
        "config": found.config,
        "config_hash": found.record.config_hash,
        "versions": found.record.versions,
        "fingerprint": found.record.data["fingerprint"],
        "names": {kind: found.config[kind]["name"] for kind in KINDS},
    }
    model = model_of(found.frame, found.split.train, parts, about, detected.memory)
    if model.can_be_kept:
        found.model = model
    else:
        found.record.notes.append(
            "No model/ is left: a detector of another library cannot be kept without pickle; artifacts/ has an export"
        )


def explain(found: Run, detected: Detection, detector: Detector) -> None:
    """Give every alert and the strongest rows their reasons."""
    explainer = Explainer(found.frame, detected.X, detected.columns, detector)
    for alert, reason in zip(detected.alerts, alert_reasons(found.frame, detected, explainer), strict=True):
        alert.metric, alert.reason = reason.metric, str(reason)
    found.strongest = strongest_rows(detected, found.split.test, explainer)
    found.models[detector.export_name] = detector.native()
    if detector.note:
        found.record.notes.append(detector.note)
