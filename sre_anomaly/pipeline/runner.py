"""One config becomes one run: read, detect, forecast, judge, write, tell."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import Any

import numpy as np

from sre_anomaly.config.build import Parts
from sre_anomaly.config.build_table import build_all
from sre_anomaly.config.environment import without_secrets
from sre_anomaly.contracts import Detector
from sre_anomaly.errors import DataError
from sre_anomaly.evaluation.anomaly.evaluate import Evaluation, evaluate
from sre_anomaly.frame import NO_ROWS, MetricFrame, Split, no_metrics
from sre_anomaly.model.model import KINDS, Model, model_of
from sre_anomaly.parallel.progress import Stages
from sre_anomaly.pipeline.alert_reasons import alert_reasons
from sre_anomaly.pipeline.blind_spots import blind_spots
from sre_anomaly.pipeline.close_calls import CloseCall, nearest_rows
from sre_anomaly.pipeline.detection import Detection, detect, prepare, replay
from sre_anomaly.pipeline.forecasting import Forecasts, forecast
from sre_anomaly.pipeline.hindsight import Hindsight, look_back
from sre_anomaly.pipeline.reasons import Explainer, strongest_rows
from sre_anomaly.pipeline.record import (
    check_values,
    describe,
    describe_data,
    detection_record,
    how_evaluated,
    windows_in,
)
from sre_anomaly.records import Reason, RunRecord
from sre_anomaly.tabular.task import TableResult, run_table_task


@dataclass
class Run:
    """All that one run found, for the report to tell."""

    config: dict[str, Any]
    record: RunRecord
    frame: MetricFrame = field(default_factory=no_metrics)
    split: Split = NO_ROWS
    detection: Detection | None = None
    judgement: Evaluation | None = None
    forecasts: Forecasts | None = None
    strongest: list[tuple[int, Reason]] = field(default_factory=list)
    """Rows of the judged span with the highest score above their level, and why."""
    close_calls: list[CloseCall] = field(default_factory=list)
    """Stretches that came nearest to a page without one, nearest first."""
    blind_spots: list[str] = field(default_factory=list)
    """What the series could not tell."""
    models: dict[str, Any] = field(default_factory=dict)
    """Fitted objects by their export name."""
    model: Model | None = None
    """What is kept to answer new points; None where a part of another library cannot be kept without pickle."""
    hindsight: Hindsight | None = None
    """What a look back found; None where none was asked for, or nothing can look back."""
    learned: TableResult | None = None
    """What was learned from a table; None where none was asked for."""


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
    parts, table_parts = build_all(config)
    describe(config, record)
    found = Run(dict(config), record)
    if parts.data is not None:
        look_at_metrics(found, parts, stages)
    if table_parts is not None:
        found.learned = run_table_task(config, table_parts, record, stages)
        found.models |= found.learned.exports
    record.timings = dict(stages.seconds)
    record.status = "completed"
    return found


def look_at_metrics(found: Run, parts: Parts, stages: Stages) -> None:
    """Detect and forecast, whichever is asked for, and judge both."""
    config, record = found.config, found.record
    with stages.stage("read"):
        frame = only_frame(parts)
        check_values(frame, record)
        split = parts.split.split(frame)
    describe_data(frame, split, record, detects=parts.detector is not None)
    found.frame, found.split = frame, split
    if parts.detector is not None:
        prepared = prepare(frame, split, parts.features, stages.stage)
        detected = detect(frame, split, prepared, parts, stages.stage, with_bands="all")
        if said := how_evaluated(split, parts.detector):
            record.notes.append(said)
        with stages.stage("judge"):
            evaluate_detection(found, detected, parts, seed=int(config["seed"]))
        with stages.stage("explain"):
            explain(found, detected, parts.detector, parts.alerts.bridge)
        keep_model(found, parts, detected)
        if config.get("hindsight") and (
            back := look_back(frame, split, prepared, detected, parts, stages.stage)
        ):
            found.hindsight, record.hindsight = back, back.told(frame)
    if parts.forecaster is not None:
        found.forecasts = forecast(frame, split, parts.forecaster, dict(config["forecast"]), stages.stage)
        found.models[parts.forecaster.export_name] = parts.forecaster.native()
        record.forecast = found.forecasts.record(config["forecaster"]["name"])
        record.notes += [*filter(None, [found.forecasts.note]), *found.forecasts.warnings()]


def only_frame(parts: Parts) -> MetricFrame:
    """Return the source's one frame.

    Raises
    ------
    DataError
        If the source has none.
    """
    frames = list(islice(parts.data.frames(), 1)) if parts.data is not None else []
    if not frames:
        raise DataError("data: the source has no series")
    return frames[0]


def evaluate_detection(found: Run, detected: Detection, parts: Parts, seed: int) -> None:
    """Judge the test span, or, where that has no labels, the labelled validation span."""
    frame, split, record = found.frame, found.split, found.record
    span, alerts, measured_on = split.test, detected.alerts, "test"
    held = split.validation
    if not _labelled(frame, span) and held is not None and _labelled(frame, held):
        span, measured_on = held, "validation"
        alerts = replay(frame, detected.heard, detected.levels, detected.flags, held, parts.alerts)
    verdict = evaluate(frame.rows(span), detected.scores[span], detected.flags[span], alerts, seed)
    if measured_on == "validation":
        verdict.caveats.append(
            "The evaluation period has no labels: these measures are from the validation data, on which the threshold "
            "was chosen, so they are too optimistic"
        )
    found.detection, found.judgement = detected, verdict
    record.notes += windows_in(frame, detected, span)
    record.detection = detection_record(
        found.config,
        record,
        parts,
        detected,
        verdict,
        split,
        measured_on if _labelled(frame, span) else None,
    )


def _labelled(frame: MetricFrame, span: slice) -> bool:
    return frame.labels is not None and bool(np.isfinite(frame.labels[span]).any())


def keep_model(found: Run, parts: Parts, detected: Detection) -> None:
    """Keep the fitted parts for new points, where that can be done without pickle."""
    about = {
        "experiment": found.record.experiment,
        "config": without_secrets(found.config),
        "config_hash": found.record.config_hash,
        "versions": found.record.versions,
        "fingerprint": found.record.data["fingerprint"],
        "names": {kind: found.config[kind]["name"] for kind in KINDS},
        "counters": list(found.frame.counters),
        "units": dict(found.frame.units),
    }
    model = model_of(found.frame, found.split.train, parts, about, detected.memory)
    if model.can_be_kept:
        found.model = model
    else:
        found.record.notes.append(
            "No model/ is left: a detector of another library cannot be kept without pickle; artifacts/ has an export"
        )


def explain(found: Run, detected: Detection, detector: Detector, bridge: timedelta) -> None:
    """Give every alert and the strongest rows their reasons; ``bridge`` is that of the alert policy."""
    explainer = Explainer(
        found.frame, detected.X, detected.columns, detector, detected.shares, detected.bands
    )
    for alert, reason in zip(detected.alerts, alert_reasons(found.frame, detected, explainer), strict=True):
        alert.metric, alert.reason = reason.metric, str(reason)
    found.blind_spots = blind_spots(found.frame, detected.scores)
    if found.record.detection is not None:
        found.record.detection["could_not_tell"] = found.blind_spots
    if detected.bands is not None:
        near = nearest_rows(found.frame, detected, found.split.test, bridge)
        reasons = explainer.reasons([row for row, _ in near])
        found.close_calls = [
            CloseCall(row, reached, reason) for (row, reached), reason in zip(near, reasons, strict=True)
        ]
        assert found.record.detection is not None
        found.record.detection |= {
            "close_calls": [
                {
                    "time": found.frame.time[call.row],
                    "metric": call.reason.metric,
                    "value": call.reason.seen,
                    "expected": call.reason.expected,
                    "lower": call.reason.usual_low,
                    "upper": call.reason.usual_high,
                    "reached": call.reached,
                }
                for call in found.close_calls
            ],
            "metrics_of_alerts": {str(alert.id): alert.metrics for alert in detected.alerts},
        }
    found.strongest = strongest_rows(detected, found.split.test, explainer)
    found.models[detector.export_name] = detector.native()
    if detector.note:
        found.record.notes.append(detector.note)
