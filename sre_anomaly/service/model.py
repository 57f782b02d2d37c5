"""The one model that all entities of a job share; each has a state of its own."""

from contextlib import nullcontext
from typing import Any

import numpy as np
import pandas as pd

from sre_anomaly.clock import nanoseconds
from sre_anomaly.config.build import build_parts
from sre_anomaly.config.compose import composed
from sre_anomaly.errors import ConfigError
from sre_anomaly.frame import MetricFrame, Split
from sre_anomaly.model.model import Model, model_of
from sre_anomaly.pipeline.detection import detect, prepare
from sre_anomaly.service.settings import JobSettings
from sre_anomaly.service.source.settings import Server

ROWS = 64
"""A stretch of so many rows is what the parts are put together with; none of it is learned."""


def config_of(job: JobSettings) -> dict[str, Any]:
    """Return the configuration that a job's settings stand for.

    Raises
    ------
    ConfigError
        If the model, an override or what is known of a metric is wrong.
    """
    words = ["experiment=prometheus", "forecaster=none", "data.metrics={up: up}", f"detector={job.model}"]
    config = composed([*words, "threshold=pages", "alerts=page", *job.overrides])
    data = {
        **({"url": job.source.url} if isinstance(job.source, Server) else {}), "metrics": dict(job.metrics), "step": f"{job.step.total_seconds():g}s",
        "timezone": job.timezone, "known": {**(config["data"].get("known") or {}), **job.known},
        "calendar": list(job.calendar) or config["data"].get("calendar"),
    }  # fmt: skip
    config["data"] |= data
    config["threshold"]["pages_per_week"] = job.pages_per_week
    return config


def model_for(job: JobSettings) -> Model:
    """Return the model of a job, before it has seen anything.

    Raises
    ------
    ConfigError
        If a setting is wrong, or the model does not learn while it runs.
    """
    try:
        config = config_of(job)
        parts = build_parts(config)
    except ConfigError as error:
        raise ConfigError("\n".join(f"job {job.name}: {line}" for line in str(error).splitlines())) from None
    source: Any = parts.data
    clock = pd.date_range("2024-01-01", periods=ROWS, freq=pd.Timedelta(job.step), tz="UTC")
    rows = np.random.default_rng(0).standard_normal((ROWS, len(job.metrics)))
    frame = source.told(MetricFrame(job.name, clock, rows, tuple(job.metrics), timezone=job.timezone))
    split = Split(slice(0, ROWS), None, slice(0, ROWS))

    def stage(_: str) -> Any:
        return nullcontext()

    found = detect(frame, split, prepare(frame, split, parts.features, stage), parts, stage)
    if parts.detector is None or not parts.detector.prequential or parts.threshold.fixed:
        raise ConfigError(
            f"job {job.name}: model: {job.model} is fitted beforehand; a service watches with a model that learns while it "
            "runs, such as baseline"
        )
    about = {"experiment": job.name, "config": config, "names": {}}
    model = model_of(frame, split.train, parts, about, found.memory)
    model.origin, model.step = 0, nanoseconds(job.step)
    return model
