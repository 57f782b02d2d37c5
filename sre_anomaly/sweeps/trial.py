"""One trial of a sweep: fitted on the training rows, judged on the validation rows, the test rows put away.

The rows of the test span are cut off before anything is computed, so no choice a sweep makes can have seen
them. Nothing is drawn and no interval is resampled: a trial leaves its record, and the winner is run again
as a whole.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from sre_anomaly.config.build import Parts, build_parts
from sre_anomaly.config.build_table import TableParts, build_all
from sre_anomaly.dataset import Table
from sre_anomaly.errors import ConfigError, DataError
from sre_anomaly.evaluation.anomaly.across_series import across
from sre_anomaly.evaluation.anomaly.evaluate import Evaluation, measure_scores
from sre_anomaly.fleet.shared_model import SharedModel, fit_shared_model
from sre_anomaly.frame import MetricFrame, Split
from sre_anomaly.parallel.cache import ResultCache
from sre_anomaly.parallel.progress import Stages
from sre_anomaly.pipeline.detection import Detection, Prepared, detect, prepare
from sre_anomaly.pipeline.forecasting import forecast
from sre_anomaly.pipeline.record import check_values, describe, describe_data, detection_record, how_evaluated
from sre_anomaly.pipeline.runner import only_frame
from sre_anomaly.records import RunRecord
from sre_anomaly.sources import Corpus
from sre_anomaly.tabular.task import KINDS, describe_table, fit_and_evaluate, note

Report = Callable[[int, float], None]
HISTORY = "history"
"""What a trial is measured on where nothing is held back: the labelled history that it learned from."""


class Pruned(Exception):  # noqa: N818 - no error: a trial without prospect ends early
    """Ends a trial whose values so far are far behind those of the others."""


def run_trial(
    config: Mapping[str, Any],
    record: RunRecord,
    stages: Stages,
    kept: ResultCache,
    tasks: Sequence[str] = ("detection", "forecast"),
    report: Report | None = None,
) -> None:
    """Fill a record with the measures of the validation rows.

    Parameters
    ----------
    config : mapping
        Resolved, as for a whole run.
    tasks : sequence of str
        What the objective asks for; the rest is left out.
    report : callable, optional
        Is told (step, value) while a detector learns, higher being better; may raise to end the trial.

    Raises
    ------
    UserError
        If the config or the data cannot be used, or there are no validation rows to judge.
    """
    parts, table_parts = build_all(config)
    describe(config, record)
    if table_parts is not None and TASKS & set(tasks):
        try_table(config, table_parts, record, stages, kept)
    if not {"detection", "forecast"} & set(tasks):
        return
    if isinstance(parts.data, Corpus):
        record.detection = _every_series(config, parts.data, record, stages, report)
    else:
        try_metrics(config, parts, record, stages, kept, tasks, report)


def try_metrics(
    config: Mapping[str, Any],
    parts: Parts,
    record: RunRecord,
    stages: Stages,
    kept: ResultCache,
    tasks: Sequence[str],
    report: Report | None,
) -> None:
    """Detect and forecast, as far as the tasks ask for it, and judge the validation rows."""
    source = {name: config[name] for name in ("data", "split", "seed")}
    with stages.stage("read"):
        frame, split = kept.get_or_compute(
            "data", source, lambda: without_test(only_frame(parts), parts, record)
        )
    describe_data(frame, split, record, detects=True)
    if parts.detector is not None and "detection" in tasks:
        prepared = kept.get_or_compute(
            "features",
            {**source, "features": config["features"]},
            lambda: prepare(frame, split, parts.features, stages.stage),
        )
        parts.detector.report = report
        detected, verdict = _judged(frame, split, prepared, parts, stages)
        if said := how_evaluated(split, parts.detector):
            record.notes.append(said)
        measured_on = HISTORY if split.train == split.test else "validation"
        record.detection = detection_record(config, record, parts, detected, verdict, split, measured_on)
    if parts.forecaster is not None and "forecast" in tasks:
        # The interval must not be drawn from the rows that it is judged on.
        ahead = Split(split.train, None, split.test)
        found = forecast(frame, ahead, parts.forecaster, dict(config["forecast"]), stages.stage)
        record.forecast = {
            "forecaster": config["forecaster"]["name"],
            "measured_on": "validation",
            "measures": found.measures,
        }


def _every_series(
    config: Mapping[str, Any], source: Corpus, record: RunRecord, stages: Stages, report: Report | None
) -> dict[str, Any]:
    """Return the means over all series that can be run; how they stand is reported after each one."""
    names = source.names()
    learned = fit_shared_model(config, names) if config["corpus"]["model"] == "shared" else None
    lines: list[dict[str, Any]] = []
    refused: list[DataError] = []
    for number, name in enumerate(names, start=1):
        try:
            lines.append(_one_series(config, source, name, learned, stages))
        except DataError as error:
            # As in a run: one broken file must not cost the others.
            refused.append(error)
            continue
        areas = [line["pr_auc"] for line in lines if np.isfinite(line.get("pr_auc", np.nan))]
        if report is not None and areas:
            report(number, float(np.mean(areas)))
    if not lines:
        raise refused[0]
    if refused:
        record.notes.append(
            f"{len(refused)} of {len(names)} series failed and are in no mean; the first: {refused[0]}"
        )
    overall = across(pd.DataFrame(lines), int(config["seed"]))
    return {
        "detector": record.detector,
        "measured_on": "validation",
        "series": len(lines),
        "measures": overall.measures,
    }


def _one_series(
    config: Mapping[str, Any], source: Corpus, name: str, learned: SharedModel | None, stages: Stages
) -> dict[str, Any]:
    """Return the measures of one series, by a detector of its own or by the one of all series."""
    parts = build_parts(config)
    if parts.detector is None:
        raise ConfigError("detector: a source of many series needs a detector")
    frame, split = without_test(source.read(name), parts, RunRecord(), one_of_many=True)
    if learned is not None:
        learned.check(name, frame)
        parts.detector, parts.threshold = learned.detector, learned.threshold
    prepared = prepare(frame, split, parts.features, stages.stage)
    _, verdict = _judged(frame, split, prepared, parts, stages, learn=learned is None)
    days = (frame.step * (split.test.stop - split.test.start)).total_seconds() / 86400
    return {"judged_days": days, **verdict.measures}


def _judged(
    frame: MetricFrame, split: Split, prepared: Prepared, parts: Parts, stages: Stages, *, learn: bool = True
) -> tuple[Detection, Evaluation]:
    detected = detect(frame, split, prepared, parts, stages.stage, learn=learn)
    span = split.test
    with stages.stage("judge"):
        return detected, measure_scores(
            frame.rows(span), detected.scores[span], detected.flags[span], detected.alerts
        )


def without_test(
    frame: MetricFrame, parts: Parts, record: RunRecord, *, one_of_many: bool = False
) -> tuple[MetricFrame, Split]:
    """Return the rows before the test span; its validation rows stand where the test rows stood.

    A history that is searched for its own anomalies has no test rows: its labelled rows are all evaluated, looking back.

    Raises
    ------
    ConfigError
        If there is nothing to evaluate a trial on.
    """
    check_values(frame, record, one_of_many=one_of_many)
    split = parts.split.split(frame)
    held = split.validation
    if held is None and split.train == split.test:
        if frame.labels is None or not np.isfinite(frame.labels).any():
            raise ConfigError(
                "split: without a split a sweep looks back over labelled data, and these have no labels: say when there were "
                "incidents (data.label=..., data.incidents=...), or use split=chronological"
            )
        return frame, split
    if held is None or Split(split.train, held, held).in_sample:
        raise ConfigError(
            "split: a sweep is evaluated on validation data, and this split has none: use split=chronological"
        )
    return frame.rows(slice(0, held.stop)), Split(split.train, held, held)


TASKS = {"classification", "regression"}


def try_table(
    config: Mapping[str, Any], parts: TableParts, record: RunRecord, stages: Stages, kept: ResultCache
) -> None:
    """Fill a record with the measures of inner folds.

    The rule divides the table once, and its evaluated rows are cut off; then it divides what is left again.

    Raises
    ------
    UserError
        If the table cannot be used, or the rule judges every row sooner or later, so that nothing would be left
        for the winner to prove itself on.
    """
    source = {name: config[name] for name in ("table", "folds", "seed")}
    with stages.stage("read"):
        table = kept.get_or_compute("table", source, lambda: _rows_to_choose_on(parts))
    describe_table(table, record)
    inside = replace(parts, folds=parts.folds.inner())
    found = fit_and_evaluate(table, inside, stages.stage, int(config["seed"]))
    note(found, inside, record, {kind: config[kind]["name"] for kind in KINDS})
    told = record.classification or record.regression
    assert told is not None
    told["measured_on"] = "inner folds"


def _rows_to_choose_on(parts: TableParts) -> Table:
    table = parts.table.table()
    folds = parts.folds.folds(table)
    if len(folds) > 1:
        raise ConfigError(
            "folds: a sweep needs rows that no trial has seen, and this rule evaluates every row once: use folds.judged=1 "
            "with folds=auto, group or distinct, or folds=time"
        )
    return table.rows(folds[0].train)
