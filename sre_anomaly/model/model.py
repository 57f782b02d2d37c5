"""A fitted model of metrics, and the folder that holds it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from sre_anomaly.clock import nanoseconds, wall_clock
from sre_anomaly.config.build import Parts
from sre_anomaly.contracts import AlertPolicy, Detector, Features, Threshold
from sre_anomaly.errors import UserError
from sre_anomaly.frame import Array, MetricFrame
from sre_anomaly.kernels.seasonal import Profile, usual_deviation
from sre_anomaly.known import Spans, Windows
from sre_anomaly.model.folder import Contents, can_be_kept, read_contents, read_manifest
from sre_anomaly.model.state import PARTS, ModelState
from sre_anomaly.model.trial import check_clock, refuse_kinds, refuse_other, refusing, try_out

KINDS = ("features", "detector", "threshold", "alerts")
SLOT = timedelta(minutes=15)
DAY = timedelta(days=1)
WINDOWS = ("apart", "muted")


@dataclass
class Model:
    """Everything that is needed to answer a new point."""

    metrics: tuple[str, ...]
    step: int
    """Nanoseconds between two rows."""
    origin: int
    """A tick of the clock, in nanoseconds since 1970."""
    features: Features
    detector: Detector
    threshold: Threshold
    alerts: AlertPolicy
    usual: Array
    """(m, 2, slots) what each metric usually is in each slot of a weekday and a weekend day."""
    spread: Array
    """(m,) the usual size of a deviation from it."""
    about: dict[str, Any]
    """Experiment, configuration, versions, data fingerprint."""
    has_clock: bool = True
    """Whether rows have a time of day."""
    memory: ModelState | None = None
    """What a detector or threshold that learns while it runs knew after the history; None where none does."""
    timezone: str = "UTC"
    """Whose wall clock tells the time of the day."""
    last: int = 0
    """The time of the history's last row, nanoseconds since 1970."""
    checksum: str = ""
    windows: Windows = field(default_factory=Windows)
    """What a calendar says, of the time to come too."""

    @property
    def can_be_kept(self) -> bool:
        """Whether a folder can hold it: a detector of another library could only be kept by pickle."""
        return can_be_kept(self.detector)


def model_of(
    frame: MetricFrame, train: slice, parts: Parts, about: dict[str, Any], memory: ModelState | None = None
) -> Model:
    """Return fitted parts as a model, with what each metric usually is, for its reasons.

    ``about`` has the registered names of the parts by kind as ``names``; ``memory`` is what they knew after the
    frame's last row.
    """
    if parts.detector is None:
        raise ValueError("a model needs a detector")
    past = frame.to_learn(train)
    time, columns = wall_clock(past.time.asi8, frame.timezone), list(past.values.T)
    profiles = [Profile.learn(time, column, SLOT) for column in columns]
    gaps = [column - profile.expected(time) for column, profile in zip(columns, profiles, strict=True)]
    return Model(
        metrics=frame.metrics,
        step=nanoseconds(frame.step),
        origin=int(frame.time.asi8[0]),
        features=parts.features,
        detector=parts.detector,
        threshold=parts.threshold,
        alerts=parts.alerts,
        usual=np.stack([profile.usual for profile in profiles]),
        spread=np.array([usual_deviation(gap) for gap in gaps]),
        about=about,
        has_clock=frame.has_clock,
        memory=memory if memory is not None and memory.learns else None,
        timezone=frame.timezone,
        last=int(frame.time.asi8[-1]),
        windows=frame.windows,
    )


def save_model(model: Model, folder: Path) -> None:
    """Write a model folder; the manifest comes last and means that all is there.

    Raises
    ------
    UserError
        If the detector is of another library, which only pickle could keep.
    """
    if not model.can_be_kept:
        raise UserError(
            f"{type(model.detector).__name__}: a detector of another library cannot be kept without pickle"
        )
    contents = Contents({"usual": model.usual, "spread": model.spread, **_arrays_of(model.windows)})
    parts = {kind: getattr(model, kind) for kind in KINDS}
    nodes = {
        kind: contents.keep(
            kind, model.about["names"][kind], part, part.learned() if hasattr(part, "learned") else {}
        )
        for kind, part in parts.items()
    }
    if model.memory is not None:
        contents.arrays |= {f"memory.{part}": getattr(model.memory, part) for part in PARTS}
    manifest = {
        "metrics": list(model.metrics),
        "step_ns": model.step,
        "origin_ns": model.origin,
        "last_ns": model.last,
        "has_clock": model.has_clock,
        "timezone": model.timezone,
        "parts": nodes,
        "about": model.about,
    }
    contents.write(folder, manifest)


def _arrays_of(windows: Windows) -> dict[str, Spans]:
    """Return the windows as a model folder keeps them: nothing where there are none."""
    return {f"windows.{sort}": getattr(windows, sort) for sort in WINDOWS} if len(windows.apart) else {}


def load_model(folder: Path) -> Model:
    """Read a model folder; every checksum is checked before anything is used.

    Raises
    ------
    UserError
        If the folder is missing, incomplete, changed, of another kind or of a newer format, or what it holds does not fit together.
    """
    manifest = read_manifest(folder)
    if "metrics" not in manifest:
        raise UserError(f"model={folder}: was trained on a table, and has no metrics to watch")
    with refusing(f"model={folder}"):
        model, memory = _put_together(manifest, read_contents(folder, manifest), folder)
        try_out(model, memory)
    return model


def _put_together(manifest: Mapping[str, Any], contents: Contents, folder: Path) -> tuple[Model, ModelState]:
    """Return the model that a folder holds, and what it knows."""
    arrays = contents.arrays
    refuse_kinds(arrays)
    parts = {kind: contents.rebuild(kind, manifest["parts"][kind], folder) for kind in KINDS}
    metrics = tuple(manifest["metrics"])
    check_clock(manifest)
    kept = {part: arrays[name] for part in PARTS if (name := f"memory.{part}") in arrays}
    fresh = ModelState.before(parts["features"], parts["detector"], parts["threshold"], metrics)
    for name, one in kept.items():
        refuse_other(f"memory.{name}", one, getattr(fresh, name).shape)
    refuse_other("usual", arrays["usual"], (len(metrics), 2, DAY // SLOT))
    refuse_other("spread", arrays["spread"], (len(metrics),))
    windows = [arrays[f"windows.{sort}"] for sort in WINDOWS] if "windows.apart" in arrays else []
    for one in windows:
        refuse_other("windows", one, (None, 2), "i")
    memory = replace(fresh, **kept)
    model = Model(
        metrics=metrics,
        step=manifest["step_ns"],
        origin=manifest["origin_ns"],
        usual=arrays["usual"],
        spread=arrays["spread"],
        about=manifest["about"],
        has_clock=manifest.get("has_clock", True),
        memory=memory if kept else None,
        timezone=manifest.get("timezone", "UTC"),
        last=manifest.get("last_ns", 0),
        checksum=manifest["checksum"],
        windows=Windows(*windows),
        **parts,
    )
    return model, memory
