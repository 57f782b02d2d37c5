"""The best rule that looks at one column: what any model of a table has to beat.

Reference: R. C. Holte (1993), Very simple classification rules perform well on most commonly used datasets.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from sre_anomaly.dataset import Table
from sre_anomaly.evaluation.classification import Codes, confusion, macro_f1
from sre_anomaly.frame import Array
from sre_anomaly.table_contracts import Fold

BINS = 8
"""Stretches, of as many training rows each, into which a column of numbers is cut."""


def _cells(table: Table, fold: Fold) -> Iterator[tuple[Codes, Codes]]:
    """Yield for each column which cell every training and every test row is in; the last cell is of all new values."""
    for column in table.numbers.values():
        known = column[fold.train][np.isfinite(column[fold.train])]
        inner = np.linspace(0, 1, BINS + 1)[1:-1]
        edges = np.unique(np.quantile(known, inner)) if len(known) else np.empty(0)
        cell = np.where(np.isfinite(column), np.searchsorted(edges, column, side="right"), len(edges) + 1)
        yield cell[fold.train], cell[fold.test]
    for words in table.categories.values():
        place = {word: number for number, word in enumerate(sorted(set(words[fold.train])))}
        cell = np.array([place.get(word, len(place)) for word in words], dtype=np.int64)
        yield cell[fold.train], cell[fold.test]


def rule_for_classes(table: Table, code: Codes, classes: int, fold: Fold) -> Codes:
    """Return the answers (t,) to a fold's test rows of the column that tells the training rows best.

    A cell answers its commonest class, or the class that it has the largest share of, whichever has the higher
    macro-F1 on the training rows; without such a column the commonest class of all.
    """
    truth = code[fold.train]
    total = np.bincount(truth, minlength=classes)
    best, answer = -1.0, np.full(len(fold.test), total.argmax())
    for train, test in _cells(table, fold):
        cells = int(max(train.max(initial=0), test.max(initial=0))) + 1
        counts = np.bincount(train * classes + truth, minlength=cells * classes).reshape(cells, classes)
        for weighed in (counts, counts / np.maximum(total, 1)):
            rule = np.where(counts.sum(axis=1) > 0, weighed.argmax(axis=1), total.argmax())
            reached = macro_f1(confusion(truth, rule[train], classes))
            if reached > best:
                best, answer = reached, rule[test]
    return np.asarray(answer, dtype=np.int64)


def rule_for_numbers(table: Table, actual: Array, fold: Fold) -> npt.NDArray[np.float64]:
    """Return for a fold's test rows (t,) the median of the cell they are in, of the column with the least error."""
    truth = actual[fold.train]
    best, answer = np.inf, np.full(len(fold.test), np.median(truth))
    for train, test in _cells(table, fold):
        cells = int(max(train.max(initial=0), test.max(initial=0))) + 1
        rule = np.full(cells, np.median(truth))
        for cell in np.unique(train):
            rule[cell] = np.median(truth[train == cell])
        error = float(np.abs(truth - rule[train]).mean())
        if error < best:
            best, answer = error, rule[test]
    return np.asarray(answer)
