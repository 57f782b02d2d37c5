"""A model as a folder: JSON, plain arrays and checksums, and no pickle.

``manifest.json`` holds the parts with their arguments and what they learned, what its owner adds, and the SHA-256 of
every other file and of itself. ``arrays.npz`` holds the arrays. Trees of other libraries stand beside it in their own
open format (XGBoost's JSON).
"""

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from sre_anomaly.config.build import build
from sre_anomaly.contracts import Detector, Forecaster
from sre_anomaly.errors import UserError
from sre_anomaly.records import plain, write_text
from sre_anomaly.registry import name_of

FORMAT = 2
MANIFEST, ARRAYS = "manifest.json", "arrays.npz"


@dataclass
class Contents:
    """What a model folder holds beside its manifest."""

    arrays: dict[str, Any] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)

    def keep(self, kind: str, name: str, part: Any, learned: Mapping[str, Any]) -> dict[str, Any]:
        """Take in what a part learned; return what stands in the manifest for the part, registered under ``name``."""
        kept = {key: self._keep(f"{kind}.{key}", value) for key, value in learned.items()}
        return {"name": name, "arguments": arguments_of(part), "learned": kept}

    def learned(self, node: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a part of the manifest learned."""
        return {key: self._take(value) for key, value in node["learned"].items()}

    def rebuild(self, kind: str, node: Mapping[str, Any], folder: Path) -> Any:
        """Return a part of the manifest as it was kept; one that is restored from elsewhere comes as it was built."""
        part = build(kind, {"name": node["name"], **node["arguments"]}, key=f"{folder}: {kind}")
        return part.restore(self.learned(node)) if hasattr(part, "restore") else part

    def write(self, folder: Path, manifest: Mapping[str, Any]) -> None:
        """Write a model folder; the manifest comes last and means that all is there."""
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **self.arrays)
        contents = {ARRAYS: buffer.getvalue(), **self.files}
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            (folder / name).write_bytes(content)
        files = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
        # The checksum is of what a reader will see: JSON knows texts alone as keys.
        whole = json.loads(json.dumps({"format": FORMAT, **plain(dict(manifest)), "files": files}))
        write_text(folder / MANIFEST, json.dumps({**whole, "checksum": _checksum(whole)}, indent=1) + "\n")

    def _keep(self, key: str, value: Any) -> Any:
        if isinstance(value, np.ndarray):
            self.arrays[key] = value
            return {"array": key}
        if isinstance(value, bytes):
            self.files[f"{key}.json"] = value
            return {"file": f"{key}.json"}
        return plain(value)

    def _take(self, value: Any) -> Any:
        if isinstance(value, dict) and "array" in value:
            return self.arrays[value["array"]]
        if isinstance(value, dict) and "file" in value:
            return self.files[value["file"]]
        return value


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a model folder, if it is whole, unchanged and of a format that is known.

    Raises
    ------
    UserError
        If it is not.
    """
    path = folder / MANIFEST
    if not path.is_file():
        inside = folder / "model"
        right = (
            f"did you mean model={inside}?"
            if (inside / MANIFEST).is_file()
            else "a run leaves one as model/ in its folder"
        )
        raise UserError(f"model={folder}: is no model folder, it has no {MANIFEST}; {right}")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        version = manifest["format"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UserError(f"{path}: is cut short or no manifest of a model; copy the folder anew") from None
    if version != FORMAT:
        raise UserError(
            f"{path}: has format {version}, and this version of sre-anomaly reads {FORMAT}; "
            + ("fit it again" if version in range(FORMAT) else "update sre-anomaly")
        )
    if manifest.get("checksum") != _checksum(manifest):
        raise UserError(
            f"{path}: was changed after it was written (its checksum differs); copy the folder anew"
        )
    return dict(manifest)


def read_contents(folder: Path, manifest: Mapping[str, Any]) -> Contents:
    """Return the other files of a model folder, if they are what the manifest says.

    Raises
    ------
    UserError
        If one is missing or was changed.
    """
    files = {name: _checked(folder, name, expected) for name, expected in manifest["files"].items()}
    with np.load(io.BytesIO(files.pop(ARRAYS)), allow_pickle=False) as stored:
        return Contents({name: stored[name] for name in stored.files}, files)


def _checked(folder: Path, name: str, expected: str) -> bytes:
    path = folder / name
    if Path(name).name != name or not path.is_file():
        raise UserError(f"{path}: is missing; copy the whole folder")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != expected:
        raise UserError(f"{path}: was changed or cut short (its checksum differs); copy the folder anew")
    return content


def _checksum(manifest: Mapping[str, Any]) -> str:
    """Return the SHA-256 of all that a manifest says beside its own checksum."""
    rest = {name: value for name, value in manifest.items() if name != "checksum"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


INSIDE: dict[str, type] = {"detector": Detector, "forecaster": Forecaster}
"""Kinds of parts that another part may be made of."""


def can_be_kept(detector: Any) -> bool:
    """Return whether a detector, and all that it is made of, is of our own house."""
    return is_dataclass(detector) and all(can_be_kept(part) for part in _inside(detector))


def _inside(part: Any) -> list[Any]:
    values = [getattr(part, field.name) for field in fields(part) if field.init]
    each = [one for value in values for one in (value.values() if isinstance(value, dict) else [value])]
    return [one for one in each if isinstance(one, tuple(INSIDE.values()))]


def arguments_of(part: Any) -> dict[str, Any]:
    """Return a part's constructor arguments, as YAML would give them."""
    return {field.name: _as_given(getattr(part, field.name)) for field in fields(part) if field.init}


def _as_given(value: Any) -> Any:
    """Return what stands in a config for an argument."""
    if isinstance(value, timedelta):
        return f"{value.total_seconds():.15g}s"
    if isinstance(value, dict):
        return {name: _as_given(one) for name, one in value.items()}
    for kind, promise in INSIDE.items():
        if isinstance(value, promise):
            return {"name": name_of(kind, type(value)), **arguments_of(value)}
    return value
