"""A model that is fitted beforehand: one for all entities of a job, from the past of as many as are needed."""

from collections.abc import Iterable
from contextlib import nullcontext
from typing import Any

import numpy as np
import pandas as pd

from sre_anomaly.clock import nanoseconds
from sre_anomaly.config.build import Parts
from sre_anomaly.errors import DataError
from sre_anomaly.frame import Array, MetricFrame, Split
from sre_anomaly.model.model import KINDS, Model, model_of
from sre_anomaly.pipeline.detection import detect, prepare, scorable, unmuted
from sre_anomaly.service.model import parts_of
from sre_anomaly.service.settings import JobSettings
from sre_anomaly.service.source.answers import Answers

MOST_ENTITIES, MOST_ROWS = 200, 500_000
"""More of them teach nothing new."""
FEWEST_ROWS = 100
"""Of fewer data points nothing is learned that could be asked."""


def fit_model(job: JobSettings, config: dict[str, Any], past: Iterable[Answers]) -> Model:
    """Return the model of a job, fitted on the past of its entities, of which each gives an equal share.

    One entity gives what a run over the same rows gives.

    Raises
    ------
    DataError
        If there is too little to learn from, or the model has to learn each of several entities by itself.
    """
    parts = parts_of(job, config)
    frames = _frames(job, parts.data, past)
    if sum(len(frame) for frame in frames) < FEWEST_ROWS:
        raise DataError(
            f"{job.model} has fewer than {FEWEST_ROWS} data points of the past to learn from; it is tried again"
        )
    about = {
        "experiment": job.name, "config": config, "names": {kind: config[kind]["name"] for kind in KINDS},
    }  # fmt: skip
    if len(frames) == 1:
        rows = len(frames[0])
        split = Split(slice(0, rows), None, slice(rows, rows))
        detect(frames[0], split, prepare(frames[0], split, parts.features, _stage), parts, _stage)
    else:
        _fit_on_all(job, frames, parts)
    models = [model_of(frame, slice(0, len(frame)), parts, about) for frame in frames]
    model = models[0]
    model.usual = np.nanmedian([one.usual for one in models], axis=0)
    model.spread = np.nanmedian([one.spread for one in models], axis=0)
    model.origin, model.step = 0, nanoseconds(job.step)
    return model


def _frames(job: JobSettings, source: Any, past: Iterable[Answers]) -> list[MetricFrame]:
    """Return the past of each entity from its first value on."""
    answers = [(one.times, one.values[:, :MOST_ENTITIES]) for one in past]
    times = np.concatenate([some for some, _ in answers])
    count = max(values.shape[1] for _, values in answers)
    whole = np.full((len(times), count, len(job.metrics)), np.nan)
    row = 0
    for some, values in answers:
        whole[row : row + len(some), : values.shape[1]] = values
        row += len(some)
    frames = []
    for place in range(count):
        known = np.flatnonzero(np.isfinite(whole[:, place]).any(axis=1))
        if len(known) > 1:
            first = int(known[0])
            start = pd.Timestamp(int(times[first]), tz="UTC")
            clock = pd.date_range(start, periods=len(times) - first, freq=pd.Timedelta(job.step))
            values = np.ascontiguousarray(whole[first:, place])
            frame = MetricFrame(job.name, clock, values, tuple(job.metrics), timezone=job.timezone)
            frames.append(source.told(frame))
    return frames


def _fit_on_all(job: JobSettings, frames: list[MetricFrame], parts: Parts) -> None:
    detector, threshold = parts.detector, parts.threshold
    assert detector is not None
    share = max(1, MOST_ROWS // len(frames))
    learned: list[Array] = []
    for frame in frames:
        rows = len(frame)
        split = Split(slice(0, rows), None, slice(rows, rows))
        prepared = prepare(frame, split, parts.features, _stage)
        if parts.features.learned():
            raise DataError(_alone(job, "its features learn"))
        usable = scorable(prepared.X, prepared.features, detector) & ~frame.apart
        usable &= np.isfinite(unmuted(frame, np.zeros(rows)))
        learned.append(prepared.X[usable][:: max(1, rows // share)])
    stacked = np.vstack(learned)
    if len(stacked) < FEWEST_ROWS:
        raise DataError(
            f"{job.model} has only {len(stacked)} complete data points of the past to learn from; it is tried again"
        )
    detector.fit(stacked)
    if len(detector.new_state(stacked.shape[1])):
        raise DataError(_alone(job, "it learns"))
    threshold.start(frames[0].step)
    threshold.fit(detector.score(stacked))


def _alone(job: JobSettings, what: str) -> str:
    return (
        f"{job.model}: {what} each entity by itself, and one model is shared by all of a job; make a job for each entity, or "
        "choose model: baseline, or features=zresidual or rolling"
    )


def _stage(_: str) -> Any:
    return nullcontext()
