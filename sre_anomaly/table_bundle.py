"""A fitted model of a table as a folder: JSON, plain arrays, trees in UBJ and checksums, and no pickle."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from sre_anomaly.arguments import arguments_of
from sre_anomaly.build import build
from sre_anomaly.bundle import (
    ARRAYS,
    FORMAT,
    MANIFEST,
    checked_content,
    checksum_of,
    keep_value,
    read_manifest,
    take_value,
)
from sre_anomaly.dataset import Classifier
from sre_anomaly.errors import UserError
from sre_anomaly.mixed import MixedColumns
from sre_anomaly.records import plain, write_text
from sre_anomaly.table_model import TableModel


def save_table_model(model: TableModel, folder: Path) -> None:
    """Write a model folder; the manifest comes last and means that all is there.

    ``model.about["names"]`` has the registered names of ``text`` and of ``classifier`` or ``regressor``.

    Raises
    ------
    UserError
        If the learner is of another library, which only pickle could keep.
    """
    if not model.can_be_kept:
        raise UserError(
            f"{model.learner.export_name}: a learner of another library cannot be kept without pickle"
        )
    kind = "classifier" if isinstance(model.learner, Classifier) else "regressor"
    names = model.about["names"]
    arrays: dict[str, Any] = {}
    others: dict[str, bytes] = {}
    parts = {
        name: {
            "name": names[name],
            "arguments": arguments_of(part),
            "learned": {
                key: keep_value(f"{name}.{key}", value, arrays, others) for key, value in learned.items()
            },
        }
        for name, part, learned in (
            ("text", model.columns.text, model.columns.learned()),
            (kind, model.learner, model.learner.learned()),
        )
    }
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    contents = {ARRAYS: buffer.getvalue(), **others}
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    manifest = {
        "format": FORMAT,
        "learns": kind,
        "parts": parts,
        "about": plain(model.about),
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()},
    }
    # The checksum is of what a reader will see: JSON knows texts alone as keys.
    manifest = json.loads(json.dumps(manifest))
    manifest["checksum"] = checksum_of(manifest)
    write_text(folder / MANIFEST, json.dumps(manifest, indent=1) + "\n")


def load_table_model(folder: Path) -> TableModel:
    """Read a model folder; every checksum is checked before anything is used.

    Raises
    ------
    UserError
        If the folder is missing, incomplete, changed, of another kind or of a newer format.
    """
    manifest = read_manifest(folder)
    kind = manifest.get("learns")
    if kind is None:
        raise UserError(f"model={folder}: watches metrics, and was not learned from a table")
    contents = {name: checked_content(folder, name, expected) for name, expected in manifest["files"].items()}
    with np.load(io.BytesIO(contents[ARRAYS]), allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    built, learned = {}, {}
    for name in ("text", kind):
        node = manifest["parts"][name]
        built[name] = build(name, {"name": node["name"], **node["arguments"]}, key=f"{folder}: {name}")
        learned[name] = {key: take_value(value, arrays, contents) for key, value in node["learned"].items()}
    columns = MixedColumns(built["text"]).restore(learned["text"])
    return TableModel(columns, built[kind].restore(learned[kind]), manifest["about"])
