"""What a random split would say of a table: shown beside the honest number, as the leak that it is."""

from typing import Any

import numpy as np

from sre_anomaly.config.build_table import TableParts
from sre_anomaly.dataset import Table
from sre_anomaly.evaluation.table.classification import measures as measures_of_classes
from sre_anomaly.evaluation.table.regression import measures as measures_of_numbers
from sre_anomaly.folds.random import Random
from sre_anomaly.tabular.model import aligned, fit_classes, fit_numbers


def classify_with_random_split(
    table: Table, parts: TableParts, *, once: bool, seed: int
) -> dict[str, Any] | None:
    """Return the measures of a classifier on a random split; None where its training rows are of one class."""
    assert parts.classifier is not None
    (fold,), labels = Random(seed=seed).folds(table), table.labels()
    if len(set(labels[fold.train])) < 2:
        return None
    classes = sorted(set(labels))
    model = fit_classes(table.rows(fold.train), parts.text, parts.classifier, once=once)
    proba = aligned(model.proba(table.rows(fold.test)), model.classes, classes)
    return measures_of_classes(proba, np.array([classes.index(label) for label in labels[fold.test]]))


def regress_with_random_split(table: Table, parts: TableParts, *, seed: int) -> dict[str, Any]:
    """Return the measures of a regressor on a random split."""
    assert parts.regressor is not None
    (fold,) = Random(seed=seed).folds(table)
    model = fit_numbers(table.rows(fold.train), parts.text, parts.regressor)
    return measures_of_numbers(table.values()[fold.test], model.predict(table.rows(fold.test)))
