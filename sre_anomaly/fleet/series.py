"""One series of a corpus: detected, judged, and put on disk, so that nothing of it stays in memory."""

import time
import traceback
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from sre_anomaly.config.build import Parts, build_parts
from sre_anomaly.errors import ConfigError, UserError
from sre_anomaly.evaluation.anomaly.affiliation import affiliation
from sre_anomaly.evaluation.anomaly.evaluate import baselines, measure_scores, naive_scores
from sre_anomaly.evaluation.anomaly.events import event_f1
from sre_anomaly.evaluation.anomaly.period import period
from sre_anomaly.evaluation.anomaly.points import count
from sre_anomaly.evaluation.anomaly.ranges import range_score
from sre_anomaly.evaluation.anomaly.suite import suite
from sre_anomaly.evaluation.anomaly.vus import vus
from sre_anomaly.fleet.shared_model import SharedModel
from sre_anomaly.frame import Array, Mask, MetricFrame
from sre_anomaly.page.thumbnail import thumbnail
from sre_anomaly.parallel.progress import Stages
from sre_anomaly.pipeline.alert_reasons import alert_reasons
from sre_anomaly.pipeline.detection import Detection, detect, prepare
from sre_anomaly.pipeline.hindsight import Hindsight, live, look_back
from sre_anomaly.pipeline.reasons import Explainer
from sre_anomaly.pipeline.record import check_values, hash_of, how_evaluated, windows_in
from sre_anomaly.records import Alert, RunRecord, plain, write_csv, write_json, write_text
from sre_anomaly.sources import Corpus

RESULT, SCORES, ALERTS, HINDSIGHT = "result.json", "scores.parquet", "alerts.csv", "hindsight.csv"
PICTURE = "picture.svg"
LONGEST_NAME = 200
"""Bytes; file systems take no more than 255, with what is added while a file is written."""
TIMES = ("start", "fired", "end")
TOLD = ("id", *TIMES, "peak_score", "peak_level", "flags", "closed", "metric", "reason")


@dataclass(frozen=True)
class SeriesWork:
    """What each worker needs to know."""

    config: Mapping[str, Any]
    folder: Path
    learned: SharedModel | None = None
    """What was learned from all series; None: each series has its own."""


def folder_name(series: str) -> str:
    """Return what a series' folder is called.

    Examples
    --------
    >>> folder_name("realTweets/Twitter_volume_AAPL.csv")
    'realTweets__Twitter_volume_AAPL'
    """
    name = series.strip("./").removesuffix(".csv").removesuffix(".parquet").replace("/", "__")
    if len(coded := name.encode(errors="surrogateescape")) <= LONGEST_NAME:
        return name
    # Of a file deep down, its end tells most; the hash tells it from others that end alike.
    return f"{hash_of({'series': series})}__{coded[-LONGEST_NAME // 2 :].decode(errors='ignore')}"


def run_series(work: SeriesWork, name: str) -> dict[str, Any]:
    """Run one series and return its line of the table; one that fails says so in its line, and the rest go on."""
    started, spent = time.perf_counter(), time.process_time()
    folder = work.folder / folder_name(name)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        line = _found(work, name, folder)
    except UserError as error:
        line = {"series": name, "status": "refused", "error": str(error)}
    except Exception as error:  # noqa: BLE001 - one broken series must not cost the others
        line = {"series": name, "status": "failed", "error": f"{type(error).__name__}: {error}"}
        write_text(folder / "error.txt", traceback.format_exc())
    line["seconds"] = round(time.perf_counter() - started, 4)
    line["cpu_s"] = round(time.process_time() - spent, 4)
    # Written last: a series with a result is whole.
    write_json(folder / RESULT, line)
    return {str(key): value for key, value in plain(line).items()}


def record_failure(work: SeriesWork, name: str, why: str) -> dict[str, Any]:
    """Return and write the line of a series whose process died."""
    folder = work.folder / folder_name(name)
    folder.mkdir(parents=True, exist_ok=True)
    line = {"series": name, "status": "failed", "error": why.strip().splitlines()[-1]}
    write_json(folder / RESULT, line)
    return line


def _found(work: SeriesWork, name: str, folder: Path) -> dict[str, Any]:
    parts = build_parts(work.config)
    source = parts.data
    if parts.detector is None or not isinstance(source, Corpus):
        raise ConfigError("detector: a source of many series needs a detector")
    if work.learned is not None:
        parts.detector, parts.threshold = work.learned.detector, work.learned.threshold
    version = source.version(name)
    frame, record = source.read(name), RunRecord()
    check_values(frame, record, one_of_many=True)
    if work.learned is not None:
        work.learned.check(name, frame)
    split = parts.split.split(frame)
    stages = Stages()
    prepared = prepare(frame, split, parts.features, stages.stage)
    found = detect(
        frame, split, prepared, parts, stages.stage, learn=work.learned is None, with_bands="flagged"
    )
    record.notes += windows_in(frame, found, split.test)
    if said := how_evaluated(split, parts.detector):
        record.notes.append(said)
    explainer = Explainer(frame, found.X, found.columns, parts.detector, found.shares, found.bands)
    reasons = alert_reasons(frame, found, explainer)
    for alert, reason in zip(found.alerts, reasons, strict=True):
        alert.metric, alert.reason = reason.metric, str(reason)
    back = (
        look_back(frame, split, prepared, found, parts, stages.stage)
        if work.config.get("hindsight")
        else None
    )
    _write(frame, found, back, split.test, parts, folder, [reason.distance for reason in reasons])
    judged, span = frame.rows(split.test), split.test
    verdict = measure_scores(judged, found.scores[span], found.flags[span], found.alerts)
    line: dict[str, Any] = {
        "series": name,
        "status": "completed",
        "version": version,
        "rows": len(frame),
        "metrics": len(frame.metrics),
        "judged_days": (judged.step * len(judged)).total_seconds() / 86400,
        **verdict.measures,
    }
    line |= _labelled_measures(judged, found.scores[span], found.flags[span], int(work.config["seed"]))
    if back is not None:
        line |= _looked_back(frame, back, folder)
    write_text(folder / PICTURE, _picture(frame, found, split.test))
    line["notes"] = [note for note in (*frame.notes, *record.notes, parts.detector.note) if note]
    line["fingerprint"] = frame.fingerprint[:16]
    return line


def _picture(frame: MetricFrame, found: Detection, span: slice) -> str:
    """Return a small picture of the evaluated span: the metric that most alerts name, and the alerts."""
    named = Counter(alert.metric for alert in found.alerts if alert.metric in frame.metrics)
    metric = named.most_common(1)[0][0] if named else frame.metrics[0]
    rows = frame.time.asi8.searchsorted([(alert.start, alert.end) for alert in found.alerts]) - span.start
    parts = [(int(first), int(last)) for first, last in rows.reshape(-1, 2)]
    return thumbnail(
        frame.values[span, frame.metrics.index(metric)], parts=parts, label=f"{metric} of {frame.name}"
    )


def _looked_back(frame: MetricFrame, back: Hindsight, folder: Path) -> dict[str, int]:
    """Write what was found in hindsight, and return how much, and for how much of it somebody would have been paged."""
    missed_first = back.missed_first()
    names = ("start", "end", "peak_score", "metric", "reason")
    columns = _told([alert for alert, _ in missed_first], names)
    columns["live"] = [live(frame, alert, paged) for alert, paged in missed_first]
    write_csv(folder / HINDSIGHT, columns)
    line = {"hindsight": len(missed_first), "hindsight_paged": sum(paged is not None for paged in back.paged)}
    return line | ({} if back.caught is None else {"hindsight_caught": back.caught[1]})


def _told(alerts: Sequence[Alert], names: Sequence[str]) -> dict[str, list[Any]]:
    """Return a column for each name, times in ISO format and UTC."""
    return {
        name: _written([getattr(alert, name) for alert in alerts])
        if name in TIMES
        else [getattr(alert, name) for alert in alerts]
        for name in names
    }


def _written(times: Sequence[int]) -> list[str]:
    seconds = np.array(times, dtype="datetime64[ns]").astype("datetime64[s]")
    return [f"{text}Z" for text in np.datetime_as_string(seconds).tolist()]


def _labelled_measures(judged: MetricFrame, scores: Array, flags: Mask, seed: int) -> dict[str, float]:
    """Return the nine measures of whole events, and those of chance, the largest jump and flagging everything."""
    if judged.labels is None or not (judged.labels == 1).any():
        return {}
    known = np.isfinite(judged.labels)
    labels, values = judged.labels[known], judged.values[known]
    window = period(np.nan_to_num(values[:, 0]))
    line = _nine(scores[known], labels, window, seed)
    beside = baselines(values, labels, int(flags[known].sum()), seed)
    for name, naive in naive_scores(values, seed).items():
        measured = {"pr_auc": beside[name]["pr_auc"], "f1": beside[name]["f1"]}
        measured |= _nine(naive, labels, window, seed)
        line |= {f"{name}_{key}": value for key, value in measured.items()}
    everything = {key: beside["flag_everything"][key] for key in ("precision", "pr_auc", "f1")}
    everything |= _flag_everything(labels, window)
    line |= {f"flag_everything_{key}": value for key, value in everything.items()}
    return line


def _nine(scores: Array, labels: Array, window: int, seed: int) -> dict[str, float]:
    """Return the measures of the suite that a row-by-row judgement does not have."""
    found = suite(scores, labels, window, seed)
    return {
        "vus_pr": found.vus_pr,
        "vus_roc": found.vus_roc,
        "best_f1": found.f1,
        "event_f1": found.event_f1,
        "range_f1": found.range_f1,
        "affiliation_f": found.affiliation_f,
        "point_adjusted_f1": found.point_adjusted_f1.f1,
    }


def _flag_everything(labels: Array, window: int) -> dict[str, float]:
    """Return the same measures where every row is flagged: no level among scores that are all alike does that."""
    flags = np.ones(len(labels), dtype=bool)
    areas = vus(np.zeros(len(labels)), labels, window)
    f1 = count(flags, labels).f1
    return {
        "vus_pr": areas.pr,
        "vus_roc": areas.roc,
        "best_f1": f1,
        "event_f1": event_f1(flags, labels),
        "range_f1": range_score(flags, labels).f1,
        "affiliation_f": affiliation(flags, labels).f,
        "point_adjusted_f1": f1,
    }


def _write(
    frame: MetricFrame,
    found: Detection,
    back: Hindsight | None,
    span: slice,
    parts: Parts,
    folder: Path,
    distances: list[float],
) -> None:
    columns = {
        "time": pa.array(frame.time.asi8, pa.timestamp("ns", tz="UTC")),
        "score": found.scores,
        "level": found.levels,
        "excess": parts.alerts.excess(found.heard, found.levels),
        "flag": found.flags,
    }
    if back is not None:
        columns |= {"hindsight": back.found.scores, "hindsight_level": back.found.levels}
    if frame.labels is not None:
        columns["label"] = frame.labels
    columns["judged"] = np.arange(len(frame)) >= span.start
    parquet.write_table(pa.table(columns), folder / SCORES, use_dictionary=False)
    # In usual spreads of the metric: unlike a score it can be compared between series.
    write_csv(folder / ALERTS, _told(found.alerts, TOLD) | {"distance": distances})
