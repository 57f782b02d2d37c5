"""The one model that all entities of a job share; each has a state of its own."""

from contextlib import nullcontext
from typing import Any

import numpy as np
import pandas as pd

from sre_anomaly.clock import nanoseconds
from sre_anomaly.config.build import Parts, build, build_parts
from sre_anomaly.config.compose import composed
from sre_anomaly.errors import ConfigError
from sre_anomaly.frame import MetricFrame, Split
from sre_anomaly.model.folder import can_be_kept
from sre_anomaly.model.model import Model, model_of
from sre_anomaly.pipeline.detection import detect, prepare
from sre_anomaly.service.settings import JobSettings
from sre_anomaly.service.source.settings import Server

BUDGETS = {"pages": "pages_per_week", "conformal": "false_alerts_per_week"}
"""The thresholds that keep a budget, and what they call it; any other goes by its own settings, in overrides."""
ROWS = 64
"""A stretch of so many rows is what the parts are put together with; none of it is learned."""


def config_of(job: JobSettings) -> dict[str, Any]:
    """Return the configuration that a job's settings stand for.

    Raises
    ------
    ConfigError
        If the model, an override or what is known of a metric is wrong.
    """
    words = [
        "experiment=prometheus",
        "forecaster=none",
        "data.metrics={up: up}",
        f"detector={job.model}",
        "alerts=page",
    ]
    look = composed([*words, *(word for word in job.overrides if word.startswith("detector="))])
    if build("detector", look["detector"], seed=int(look["seed"])).prequential:
        words.append("threshold=pages")
    else:
        # Its scores have a unit of their own, so the budget goes by how rare one is among the past.
        words += ["threshold=conformal", "split=chronological"]
        if look["features"]["name"] == "system":
            # It learns each entity by itself; these say of each how far it is from its own past, and can be shared.
            words.append("features=zresidual")
    config = composed([*words, *job.overrides])
    data = {
        **({"url": job.source.url} if isinstance(job.source, Server) else {}), "metrics": dict(job.metrics), "step": f"{job.step.total_seconds():g}s",
        "timezone": job.timezone, "known": {**(config["data"].get("known") or {}), **job.known},
        "calendar": list(job.calendar) or config["data"].get("calendar"),
    }  # fmt: skip
    config["data"] |= data
    if (key := BUDGETS.get(config["threshold"]["name"])) is not None:
        config["threshold"][key] = job.pages_per_week
    return config


def parts_of(job: JobSettings, config: dict[str, Any]) -> Parts:
    """Return the parts of a job's model.

    Raises
    ------
    ConfigError
        If a setting is wrong.
    """
    try:
        return build_parts(config)
    except ConfigError as error:
        raise _in(job, error) from None


def _in(job: JobSettings, error: ConfigError) -> ConfigError:
    return ConfigError("\n".join(f"job {job.name}: {line}" for line in str(error).splitlines()))


def model_for(job: JobSettings) -> Model | None:
    """Return the model of a job, before it has seen anything; None where it has to be fitted beforehand.

    Raises
    ------
    ConfigError
        If a setting is wrong, or the model can neither learn while it runs nor be fitted and kept.
    """
    try:
        config = config_of(job)
    except ConfigError as error:
        raise _in(job, error) from None
    parts = parts_of(job, config)
    if parts.detector is None or parts.detector.needs_labels or not can_be_kept(parts.detector):
        raise ConfigError(
            f"job {job.name}: model: {job.model} needs labels, or cannot be kept on disk; a service watches with one such as "
            "baseline, which learns while it runs, or iforest, which is fitted beforehand"
        )
    if not parts.detector.prequential or parts.threshold.fixed:
        return None
    source: Any = parts.data
    clock = pd.date_range("2024-01-01", periods=ROWS, freq=pd.Timedelta(job.step), tz="UTC")
    rows = np.random.default_rng(0).standard_normal((ROWS, len(job.metrics)))
    frame = source.told(MetricFrame(job.name, clock, rows, tuple(job.metrics), timezone=job.timezone))
    split = Split(slice(0, ROWS), None, slice(0, ROWS))

    def stage(_: str) -> Any:
        return nullcontext()

    found = detect(frame, split, prepare(frame, split, parts.features, stage), parts, stage)
    about = {"experiment": job.name, "config": config, "names": {}}
    model = model_of(frame, split.train, parts, about, found.memory)
    model.origin, model.step = 0, nanoseconds(job.step)
    return model
