"""A fitted model of a table: what it sees of a row, and what it makes of it."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field, is_dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sre_anomaly.dataset import Table
from sre_anomaly.errors import DataError
from sre_anomaly.frame import Array
from sre_anomaly.table_contracts import Classifier, Regressor, TextEncoder
from sre_anomaly.tabular.column_encoder import ColumnEncoder


@dataclass
class TableModel:
    """Columns and a learner, fitted together on some rows."""

    columns: ColumnEncoder
    learner: Any
    """A `Classifier` or a `Regressor`."""
    about: dict[str, Any] = field(default_factory=dict)
    """Where it comes from; ``names`` holds the registered names of text encoder and learner."""

    @property
    def classes(self) -> list[str]:
        """The class names of a classifier, sorted."""
        return list(self.learner.classes_)

    @property
    def can_be_kept(self) -> bool:
        """Whether a folder can hold it: a learner of another library could only be kept by pickle."""
        return is_dataclass(self.learner)

    def proba(self, table: Table) -> Array:
        """Return (n, k) probabilities of the classes."""
        return np.asarray(self.learner.proba(self.columns.transform(table)))

    def predict(self, table: Table) -> Array:
        """Return (n,) numbers."""
        return np.asarray(self.learner.predict(self.columns.transform(table)))

    def proba_of_texts(self, texts: Sequence[str]) -> Array:
        """Return (n, k) probabilities where the model looks at nothing but one text.

        Raises
        ------
        DataError
            If it looks at more.
        """
        names = list(self.columns.encoders_)
        if len(names) != 1 or self.columns.numbers_ or self.columns.levels_:
            seen = [*self.columns.numbers_, *self.columns.levels_, *names]
            raise DataError(
                f"the model looks at the columns {', '.join(seen[:6])}{', ...' * (len(seen) > 6)}, and a line has but one "
                "text; classify is for models of one column of texts, such as those of table=logs"
            )
        column = np.array(list(texts), dtype=object)
        return self.proba(Table("lines", texts={names[0]: column}))


def fit_classes(table: Table, text: TextEncoder, classifier: Classifier, *, once: bool = True) -> TableModel:
    """Fit columns and classifier on all rows of a table.

    With ``once`` rows that look the same to the model and have the same class are learned from once: of logs, a
    message that came a million times would drown all others, although it says no more than one.

    Raises
    ------
    DataError
        If all rows are of one class, or there is none.
    """
    labels = table.labels()
    present = sorted(set(labels))
    if len(present) < 2:
        seen = f"all {len(labels)} rows are {present[0]!r}" if present else "there is no row"
        raise DataError(f"{table.name}: two classes are needed, and {seen}")
    columns = ColumnEncoder(text).fit(table)
    X = columns.transform(table)
    kept = different_rows(X, labels) if once else np.arange(len(labels))
    return TableModel(columns, copy.deepcopy(classifier).fit(X[kept], labels[kept].astype(str)))


def fit_numbers(table: Table, text: TextEncoder, regressor: Regressor) -> TableModel:
    """Fit columns and regressor on all rows of a table."""
    columns = ColumnEncoder(text).fit(table)
    return TableModel(columns, copy.deepcopy(regressor).fit(columns.transform(table), table.values()))


def aligned(proba: Array, known: Sequence[str], classes: Sequence[str]) -> Array:
    """Return probabilities with a column for each class of the table; 0 for one that no training row had."""
    out = np.zeros((len(proba), len(classes)))
    out[:, [classes.index(name) for name in known]] = proba
    return out


def different_rows(X: Any, labels: Any) -> npt.NDArray[np.int64]:
    """Return the numbers of the rows that are the first of their looks and class.

    Examples
    --------
    >>> different_rows(np.array([[1.0], [1.0], [2.0], [1.0]]), ["a", "a", "a", "b"]).tolist()
    [0, 2, 3]
    """
    first: dict[tuple[bytes, str], int] = {}
    sparse = hasattr(X, "indptr")
    for row, label in enumerate(labels):
        if sparse:
            span = slice(X.indptr[row], X.indptr[row + 1])
            looks = X.indices[span].tobytes() + X.data[span].tobytes()
        else:
            looks = X[row].tobytes()
        first.setdefault((looks, str(label)), row)
    return np.fromiter(first.values(), dtype=np.int64, count=len(first))
