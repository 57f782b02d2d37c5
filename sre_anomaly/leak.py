"""What a random split would say of a table: shown beside the honest number, as the leak that it is."""

from typing import Any

import numpy as np

from sre_anomaly.dataset import Fold, Table
from sre_anomaly.evaluation.classification import measures as measures_of_classes
from sre_anomaly.evaluation.regression import measures as measures_of_numbers
from sre_anomaly.table_model import aligned, fit_classes, fit_numbers
from sre_anomaly.table_parts import TableParts

SHARE = 0.7


def random_fold(rows: int, seed: int) -> Fold:
    """Return one fold of rows dealt out at random.

    Examples
    --------
    >>> len(random_fold(10, 0).train)
    7
    """
    order = np.random.default_rng(seed).permutation(rows)
    cut = max(1, int(SHARE * rows))
    return Fold("random rows", np.sort(order[:cut]), np.sort(order[cut:]))


def leaking_classes(table: Table, parts: TableParts, *, once: bool, seed: int) -> dict[str, Any] | None:
    """Return the measures of a classifier on a random split; None where its training rows are of one class."""
    assert parts.classifier is not None
    fold, labels = random_fold(len(table), seed), table.labels()
    if len(set(labels[fold.train])) < 2 or not len(fold.test):
        return None
    classes = sorted(set(labels))
    model = fit_classes(table.rows(fold.train), parts.text, parts.classifier, once=once)
    proba = aligned(model.proba(table.rows(fold.test)), model.classes, classes)
    return measures_of_classes(proba, np.array([classes.index(label) for label in labels[fold.test]]))


def leaking_numbers(table: Table, parts: TableParts, *, seed: int) -> dict[str, Any] | None:
    """Return the measures of a regressor on a random split; None without test rows."""
    assert parts.regressor is not None
    fold = random_fold(len(table), seed)
    if not len(fold.test):
        return None
    model = fit_numbers(table.rows(fold.train), parts.text, parts.regressor)
    return measures_of_numbers(table.values()[fold.test], model.predict(table.rows(fold.test)))
