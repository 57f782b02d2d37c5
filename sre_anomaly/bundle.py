"""A fitted model as a folder: JSON, plain arrays and checksums, and no pickle.

``manifest.json`` holds the parts with their arguments and what they learned, the metrics and the clock, the
configuration and versions, and the SHA-256 of every other file and of itself. ``arrays.npz`` holds the arrays.
Trees of other libraries stand beside it in their own open format (XGBoost's UBJ).
"""

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from sre_anomaly.arguments import arguments_of, can_be_kept
from sre_anomaly.build import Parts, build
from sre_anomaly.clock import nanoseconds
from sre_anomaly.contracts import AlertPolicy, Detector, Features, Threshold
from sre_anomaly.errors import UserError
from sre_anomaly.frame import Array, MetricFrame
from sre_anomaly.memory import PARTS, Memory
from sre_anomaly.records import plain, write_text
from sre_anomaly.seasons import Profile, usual_deviation

FORMAT = 1
KINDS = ("features", "detector", "threshold", "alerts")
SLOT = timedelta(minutes=15)
MANIFEST, ARRAYS = "manifest.json", "arrays.npz"


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
    memory: Memory | None = None
    """What a detector or threshold that learns while it runs knew after the history; None where none does."""
    last: int = 0
    """The time of the history's last row, nanoseconds since 1970."""
    checksum: str = ""

    @property
    def can_be_kept(self) -> bool:
        """Whether a folder can hold it: a detector of another library could only be kept by pickle."""
        return can_be_kept(self.detector)


def model_of(
    frame: MetricFrame, train: slice, parts: Parts, about: dict[str, Any], memory: Memory | None = None
) -> Model:
    """Return fitted parts as a model, with what each metric usually is, for its reasons.

    ``about`` has the registered names of the parts by kind as ``names``; ``memory`` is what they knew after the
    frame's last row.
    """
    if parts.detector is None:
        raise ValueError("a model needs a detector")
    past = frame.rows(train)
    time, columns = past.time.asi8, list(past.values.T)
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
        last=int(frame.time.asi8[-1]),
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
    folder.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {"usual": model.usual, "spread": model.spread}
    others: dict[str, bytes] = {}
    parts = {}
    for kind in KINDS:
        part = getattr(model, kind)
        learned = part.learned() if hasattr(part, "learned") else {}
        parts[kind] = {
            "name": model.about["names"][kind],
            "arguments": arguments_of(part),
            "learned": {
                name: keep_value(f"{kind}.{name}", value, arrays, others) for name, value in learned.items()
            },
        }
    if model.memory is not None:
        arrays |= {f"memory.{part}": getattr(model.memory, part) for part in PARTS}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    contents = {ARRAYS: buffer.getvalue(), **others}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    manifest = {
        "format": FORMAT,
        "metrics": list(model.metrics),
        "step_ns": model.step,
        "origin_ns": model.origin,
        "last_ns": model.last,
        "has_clock": model.has_clock,
        "parts": parts,
        "about": plain(model.about),
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()},
    }
    manifest["checksum"] = checksum_of(manifest)
    write_text(folder / MANIFEST, json.dumps(manifest, indent=1) + "\n")


def load_model(folder: Path) -> Model:
    """Read a model folder; every checksum is checked before anything is used.

    Raises
    ------
    UserError
        If the folder is missing, incomplete, changed, of another kind or of a newer format.
    """
    manifest = read_manifest(folder)
    if "metrics" not in manifest:
        raise UserError(f"model={folder}: was learned from a table, and has no metrics to watch")
    contents = {name: checked_content(folder, name, expected) for name, expected in manifest["files"].items()}
    with np.load(io.BytesIO(contents[ARRAYS]), allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    parts = {}
    for kind in KINDS:
        node = manifest["parts"][kind]
        part = build(kind, {"name": node["name"], **node["arguments"]}, key=f"{folder}: {kind}")
        learned = {name: take_value(value, arrays, contents) for name, value in node["learned"].items()}
        parts[kind] = part.restore(learned) if hasattr(part, "restore") else part
    return Model(
        metrics=tuple(manifest["metrics"]),
        step=manifest["step_ns"],
        origin=manifest["origin_ns"],
        usual=arrays["usual"],
        spread=arrays["spread"],
        about=manifest["about"],
        has_clock=manifest.get("has_clock", True),
        memory=Memory(*(arrays[f"memory.{part}"] for part in PARTS)) if "memory.detector" in arrays else None,
        last=manifest.get("last_ns", 0),
        checksum=manifest["checksum"],
        **parts,
    )


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a model folder, if it is whole, unchanged and of a format that is known."""
    path = folder / MANIFEST
    if not path.is_file():
        raise UserError(
            f"model={folder}: is no model folder, it has no {MANIFEST}; a run leaves one as model/ in its folder"
        )
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        version = manifest["format"]
    except (ValueError, KeyError, TypeError):
        raise UserError(f"{path}: is cut short or no manifest of a model; copy the folder anew") from None
    if version != FORMAT:
        raise UserError(
            f"{path}: has format {version}, and this version of sre-anomaly reads {FORMAT}; update sre-anomaly"
        )
    if manifest.get("checksum") != checksum_of(manifest):
        raise UserError(
            f"{path}: was changed after it was written (its checksum differs); copy the folder anew"
        )
    return dict(manifest)


def checked_content(folder: Path, name: str, expected: str) -> bytes:
    """Return the content of a file of a model folder, if it is what the manifest says."""
    path = folder / name
    if Path(name).name != name or not path.is_file():
        raise UserError(f"{path}: is missing; copy the whole folder")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != expected:
        raise UserError(f"{path}: was changed or cut short (its checksum differs); copy the folder anew")
    return content


def checksum_of(manifest: Mapping[str, Any]) -> str:
    """Return the SHA-256 of all that a manifest says beside its own checksum."""
    rest = {name: value for name, value in manifest.items() if name != "checksum"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def keep_value(key: str, value: Any, arrays: dict[str, Any], others: dict[str, bytes]) -> Any:
    """Return what stands in the manifest for a learned value."""
    if isinstance(value, np.ndarray):
        arrays[key] = value
        return {"array": key}
    if isinstance(value, bytes):
        others[f"{key}.ubj"] = value
        return {"file": f"{key}.ubj"}
    return plain(value)


def take_value(value: Any, arrays: Mapping[str, Any], contents: Mapping[str, bytes]) -> Any:
    """Return the learned value that the manifest stands for."""
    if isinstance(value, dict) and "array" in value:
        return arrays[value["array"]]
    if isinstance(value, dict) and "file" in value:
        return contents[value["file"]]
    return value
