"""A fitted model of a table, and the folder that holds it."""

from pathlib import Path

from sre_anomaly.config.build import build
from sre_anomaly.errors import UserError
from sre_anomaly.model.folder import Contents, read_contents, read_manifest
from sre_anomaly.model.trial import refusing
from sre_anomaly.table_contracts import Classifier
from sre_anomaly.tabular.column_encoder import ColumnEncoder
from sre_anomaly.tabular.model import TableModel


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
            f"{model.learner.export_name}: a model of another library cannot be saved without pickle"
        )
    kind = "classifier" if isinstance(model.learner, Classifier) else "regressor"
    names = model.about["names"]
    contents = Contents()
    parts = {
        "text": contents.keep("text", names["text"], model.columns.text, model.columns.learned()),
        kind: contents.keep(kind, names[kind], model.learner, model.learner.learned()),
    }
    contents.write(folder, {"learns": kind, "parts": parts, "about": model.about})


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
        raise UserError(f"model={folder}: watches metrics, and was not trained on a table")
    with refusing(f"model={folder}"):
        contents = read_contents(folder, manifest)
        node = manifest["parts"]["text"]
        text = build("text", {"name": node["name"], **node["arguments"]}, key=f"{folder}: text")
        columns = ColumnEncoder(text).restore(contents.learned(node))
        return TableModel(columns, contents.rebuild(kind, manifest["parts"][kind], folder), manifest["about"])
