"""The best rule that looks at one column: what any model of a table has to beat.

Reference: R. C. Holte (1993), Very simple classification rules perform well on most commonly used datasets.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sre_anomaly.dataset import Table
from sre_anomaly.evaluation.table.classification import Codes, confusion, macro_f1
from sre_anomaly.frame import Array
from sre_anomaly.table_contracts import Fold

BINS = 8
"""Stretches, of as many training rows each, into which a column of numbers is cut."""
FEW_VALUES = 20
"""A column of numbers with no more of them is cut between all, if each comes often."""
OFTEN = 10
"""Training rows that a value needs, on average, to have a cell of its own."""


class OneRule(NamedTuple):
    """The column that tells best, and what it says of a fold's test rows."""

    column: str
    """Empty where no column is better than always the same answer."""
    answer: npt.NDArray[Any]
    """(t,) class numbers or numbers."""


def _edges(known: Array, code: Codes | None, pieces: int) -> Iterator[Array]:
    """Yield the ways in which to cut a column: n known training values, and their classes if they have some.

    Between all values where they are few; else into stretches of as many rows each, where a value that fills one by
    itself keeps it for itself. Where a class is rare, all that tells of it may lie inside one stretch: so also where
    a tree of this column alone would cut.
    """
    if not len(known):
        yield np.empty(0)
        return
    values, rows = np.unique(known, return_counts=True)
    if len(values) <= min(FEW_VALUES, len(known) // OFTEN):
        yield values[:-1] / 2 + values[1:] / 2
        return
    alone = values[rows >= len(known) / BINS]
    inner = np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1])
    yield np.unique(np.concatenate([inner, alone, np.nextafter(alone, np.inf)]))
    if code is None:
        return
    from sklearn.tree import DecisionTreeClassifier  # slow to import

    # The tree looks at places in the list of values: it computes in float32, which would round the values.
    tree = DecisionTreeClassifier(max_leaf_nodes=pieces, random_state=0)
    tree.fit(np.searchsorted(values, known)[:, None], code)
    cuts = np.sort(tree.tree_.threshold[tree.tree_.feature >= 0])
    below, above = values[np.floor(cuts).astype(np.int64)], values[np.ceil(cuts).astype(np.int64)]
    yield below / 2 + above / 2


def _cells(
    table: Table, fold: Fold, code: Codes | None = None, pieces: int = 1
) -> Iterator[tuple[str, Codes, Codes]]:
    """Yield for each column which cell every training and every test row is in; the last cell is of all new values."""
    for name, column in table.numbers.items():
        finite = np.isfinite(column[fold.train])
        known = column[fold.train][finite]
        for edges in _edges(known, None if code is None else code[finite], pieces):
            cell = np.where(np.isfinite(column), np.searchsorted(edges, column, side="right"), len(edges) + 1)
            yield name, cell[fold.train], cell[fold.test]
    for name, words in table.categories.items():
        place = {word: number for number, word in enumerate(sorted(set(words[fold.train])))}
        cell = np.array([place.get(word, len(place)) for word in words], dtype=np.int64)
        yield name, cell[fold.train], cell[fold.test]


def rule_for_classes(table: Table, code: Codes, classes: int, fold: Fold) -> OneRule:
    """Return the answers (t,) to a fold's test rows of the column that tells the training rows best.

    A cell answers its commonest class, or the class that it has the largest share of, whichever has the higher
    macro-F1 on the training rows; without such a column the commonest class of all.
    """
    truth = code[fold.train]
    total = np.bincount(truth, minlength=classes)
    best, found = -1.0, OneRule("", np.full(len(fold.test), total.argmax()))
    # Each class a stretch, and one on its other side.
    for name, train, test in _cells(table, fold, truth, 2 * classes - 1):
        cells = int(max(train.max(initial=0), test.max(initial=0))) + 1
        counts = np.bincount(train * classes + truth, minlength=cells * classes).reshape(cells, classes)
        for weighed in (counts, counts / np.maximum(total, 1)):
            rule = np.where(counts.sum(axis=1) > 0, weighed.argmax(axis=1), total.argmax())
            reached = macro_f1(confusion(truth, rule[train], classes))
            if reached > best:
                best, found = reached, OneRule(name, rule[test])
    return found


def given_away(columns: Iterable[str], target: str) -> str:
    """Return what is said of columns that are the answer.

    Examples
    --------
    >>> given_away(["ticket"], "failed")
    'column ticket alone determines failed: is it known before the outcome (a leak)? If not: table.leave_out=[ticket]'
    """
    names = sorted(columns)
    return (
        f"column {' or '.join(names)} alone determines {target}: is it known before the outcome (a leak)? "
        f"If not: table.leave_out=[{','.join(names)}]"
    )


def rule_for_numbers(table: Table, actual: Array, fold: Fold) -> OneRule:
    """Return for a fold's test rows (t,) the median of the cell they are in, of the column with the least error."""
    truth = actual[fold.train]
    best, found = np.inf, OneRule("", np.full(len(fold.test), np.median(truth)))
    for name, train, test in _cells(table, fold):
        cells = int(max(train.max(initial=0), test.max(initial=0))) + 1
        rule = np.full(cells, np.median(truth))
        for cell in np.unique(train):
            rule[cell] = np.median(truth[train == cell])
        error = float(np.abs(truth - rule[train]).mean())
        if error < best:
            best, found = error, OneRule(name, rule[test])
    return found
