"""The laws of text encoders, classifiers and regressors, as checks; `sre_anomaly.testing` hands them on."""

import copy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from sre_anomaly.config.build import build
from sre_anomaly.dataset import Table
from sre_anomaly.frame import Array
from sre_anomaly.tabular.column_encoder import ColumnEncoder
from sre_anomaly.tabular.model import TableModel, fit_classes, fit_numbers
from sre_anomaly.tabular.model_folder import load_table_model, save_table_model
from sre_anomaly.testing.detection_laws import Checks
from sre_anomaly.testing.examples import Node, example_table

TEXT = {"name": "hashing", "bits": 8}
ALONE = 1e-6
"""How far a row by itself may differ: trees of other libraries count in single precision."""
ODD = ["", "\0", "größe \ud800", "x" * 100_000, "words that nobody has ever said"]


def strange_rows() -> Table:
    """Return rows of which nothing was seen before: no number, new categories, odd texts."""
    rows = len(ODD)
    load = np.array([np.nan, 1e300, -1e300, 0.0, np.nan])
    moon = np.array(["moon"] * rows, dtype=object)
    return Table("strange", {"load": load}, {"region": moon}, {"text": np.array(ODD, dtype=object)})


def fitted_on_table(kind: str, node: Node, table: Table) -> TableModel:
    """Return a classifier or regressor, fitted on all rows of a table."""
    text, learner = build("text", TEXT), build(kind, node, seed=1)
    model = (
        fit_classes(table, text, learner, once=False)
        if kind == "classifier"
        else fit_numbers(table, text, learner)
    )
    model.about = {"names": {"text": TEXT["name"], kind: node["name"]}}
    return model


def _rows_and_answers(kind: str) -> tuple[Table, Any, Any]:
    table = example_table(numbers=kind == "regressor")
    X = ColumnEncoder(build("text", TEXT)).fit(table).transform(table)
    return table, X, table.values() if kind == "regressor" else table.labels().astype(str)


def _ask(kind: str, learner: Any, X: Any) -> Array:
    return np.asarray(learner.proba(X) if kind == "classifier" else learner.predict(X))


# Both


def _only_answers(kind: str, node: Node) -> None:
    _, X, y = _rows_and_answers(kind)
    rows, answers = X.copy(), y.copy()
    first, second = (build(kind, node, seed=1).fit(X, y) for _ in range(2))
    told = _ask(kind, first, X)
    assert told.tobytes() == _ask(kind, first, X).tobytes(), "asking changed the answer"
    assert told.tobytes() == _ask(kind, second, X).tobytes(), "two equal fits differ"
    assert (rows != X).nnz == 0, "the rows were changed"
    assert (answers == y).all(), "the answers to learn from were changed"


def _goes_row_by_row(kind: str, node: Node) -> None:
    _, X, y = _rows_and_answers(kind)
    learner = build(kind, node, seed=1).fit(X, y)
    together = _ask(kind, learner, X)[:20]
    alone = np.concatenate([_ask(kind, learner, X[row : row + 1]) for row in range(20)])
    # Numbers have no size of their own: near is what is near beside their spread.
    near = ALONE * (1.0 if kind == "classifier" else float(np.std(y)))
    assert np.allclose(together, alone, rtol=0, atol=near), "a row by itself is answered differently"


def _survives_the_unseen(kind: str, node: Node) -> None:
    model = fitted_on_table(kind, node, example_table(numbers=kind == "regressor"))
    told = _told(kind, model, strange_rows())
    assert len(told) == len(ODD), "a row has no answer"
    assert np.isfinite(told).all(), "an answer is missing or infinite"


def _is_kept(kind: str, node: Node) -> None:
    table = example_table(numbers=kind == "regressor")
    model = fitted_on_table(kind, node, table)
    if not model.can_be_kept:
        return  # A class of another library is used from YAML and never saved.
    with TemporaryDirectory() as folder:
        save_table_model(model, Path(folder) / "model")
        again = load_table_model(Path(folder) / "model")
    assert _told(kind, again, table).tobytes() == _told(kind, model, table).tobytes(), (
        "a saved model answers differently"
    )


def _told(kind: str, model: TableModel, table: Table) -> Array:
    return model.proba(table) if kind == "classifier" else model.predict(table)


# Classifiers


def classifier_gives_probabilities(node: Node) -> None:
    """There is a column for each class, sorted by name, and each row adds up to 1."""
    _, X, y = _rows_and_answers("classifier")
    classifier = build("classifier", node, seed=1).fit(X, y)
    proba = np.asarray(classifier.proba(X))
    assert list(classifier.classes_) == ["maybe", "no", "yes"], f"classes {classifier.classes_}"
    assert proba.shape == (len(y), 3), f"shape {proba.shape}"
    assert np.isfinite(proba).all(), "a probability is missing"
    assert proba.min() >= 0, "a probability is negative"
    assert np.allclose(proba.sum(axis=1), 1), "a row does not add up to 1"
    assert (np.array(classifier.classes_)[proba.argmax(axis=1)] == y).mean() > 0.6, "it has learned nothing"


def classifier_takes_numbers_alone(node: Node) -> None:
    """Two classes and more are told from dense columns of numbers of any sign, whatever the names."""
    draw = np.random.default_rng(0)
    for names in (["no", "yes"], ["1", "10", "2"]):
        code = draw.integers(0, len(names), 150)
        X = draw.normal(0, 0.5, (150, 2)) + 4 * np.eye(3)[code][:, :2]
        proba = build("classifier", node, seed=1).fit(X, np.array(names)[code]).proba(X)
        assert proba.shape == (150, len(names)), f"shape {proba.shape}"
        assert (proba.argmax(axis=1) == code).mean() > 0.9, "it has learned nothing"


def classifier_only_answers(node: Node) -> None:
    """Asking twice gives the same, two equal fits agree to the bit, and the input stays."""
    _only_answers("classifier", node)


def classifier_goes_row_by_row(node: Node) -> None:
    """Each row by itself has the answer that it has among others."""
    _goes_row_by_row("classifier", node)


def classifier_survives_the_unseen(node: Node) -> None:
    """Answer new categories, missing and huge numbers and odd texts with probabilities too."""
    _survives_the_unseen("classifier", node)


def classifier_is_kept(node: Node) -> None:
    """Give the same bytes when saved without pickle and read again."""
    _is_kept("classifier", node)


# Regressors


def regressor_gives_numbers(node: Node) -> None:
    """There is a finite number for each row, nearer than the mean; its own interval, if any, has its ends in order."""
    _, X, y = _rows_and_answers("regressor")
    regressor = build("regressor", node, seed=1).fit(X, y)
    told = np.asarray(regressor.predict(X))
    assert told.shape == y.shape, f"shape {told.shape}"
    assert np.isfinite(told).all(), "a number is missing or infinite"
    assert np.abs(told - y).mean() < 0.8 * np.abs(y.mean() - y).mean(), "it has learned nothing"
    ends = regressor.quantiles(X)
    if ends is not None:
        assert ends.shape == (len(y), 2), f"shape {ends.shape} of quantiles"
        assert (ends[:, 0] <= ends[:, 1]).all(), "an interval ends before it begins"


def regressor_only_answers(node: Node) -> None:
    """Asking twice gives the same, two equal fits agree to the bit, and the input stays."""
    _only_answers("regressor", node)


def regressor_goes_row_by_row(node: Node) -> None:
    """Each row by itself has the answer that it has among others."""
    _goes_row_by_row("regressor", node)


def regressor_survives_the_unseen(node: Node) -> None:
    """Answer new categories, missing and huge numbers and odd texts with numbers too."""
    _survives_the_unseen("regressor", node)


def regressor_is_kept(node: Node) -> None:
    """Give the same bytes when saved without pickle and read again."""
    _is_kept("regressor", node)


# Text encoders


def text_keeps_its_shape(node: Node) -> None:
    """There is a row for each text, even for none, and as many columns as are named."""
    texts = example_table().texts["text"].tolist()
    encoder = build("text", node)
    encoder.fit(texts)
    for some in (texts, ODD, []):
        X = encoder.transform(some)
        assert X.shape == (len(some), len(encoder.columns())), f"shape {X.shape} of {len(some)} texts"
        assert X.dtype == np.float64, f"dtype {X.dtype}"
        assert np.isfinite(X.data).all(), "a number is missing or infinite"


def text_goes_row_by_row(node: Node) -> None:
    """Each text by itself has the row that it has among others, and asking changes nothing."""
    texts = example_table().texts["text"].tolist()
    encoder = build("text", node)
    encoder.fit(texts)
    X = encoder.transform(texts)
    for row in range(20):
        assert (encoder.transform(texts[row : row + 1]) != X[row]).nnz == 0, (
            "a text by itself looks different"
        )
    assert (encoder.transform(texts) != X).nnz == 0, "asking changed the answer"


def text_is_kept(node: Node) -> None:
    """Restored from what it learned, it gives the same rows; two equal fits agree."""
    texts = example_table().texts["text"].tolist()
    encoder, second = build("text", node), build("text", node)
    encoder.fit(texts)
    second.fit(texts)
    again = build("text", node).restore(copy.deepcopy(encoder.learned()))
    for some in (texts, ODD):
        expected = encoder.transform(some)
        assert (second.transform(some) != expected).nnz == 0, "two equal fits differ"
        assert (again.transform(some) != expected).nnz == 0, "a restored encoder sees something else"


CLASSIFIER: Checks = [
    classifier_gives_probabilities,
    classifier_takes_numbers_alone,
    classifier_only_answers,
    classifier_goes_row_by_row,
    classifier_survives_the_unseen,
    classifier_is_kept,
]
REGRESSOR: Checks = [
    regressor_gives_numbers,
    regressor_only_answers,
    regressor_goes_row_by_row,
    regressor_survives_the_unseen,
    regressor_is_kept,
]
TEXT_ENCODER: Checks = [text_keeps_its_shape, text_goes_row_by_row, text_is_kept]
