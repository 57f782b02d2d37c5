"""The laws of tables and of folds, as checks; `sre_anomaly.testing` hands them on."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sre_anomaly.config.build import build
from sre_anomaly.dataset import Table
from sre_anomaly.errors import UserError
from sre_anomaly.table_contracts import Fold, FoldRule
from sre_anomaly.testing.detection_laws import Checks
from sre_anomaly.testing.examples import Node, example_table

MINUTE = 60 * 10**9


# Folds


def _rule(node: Node) -> FoldRule:
    rule: FoldRule = build("folds", node)
    return rule


def folds_share_no_row(node: Node) -> None:
    """Each fold has rows to learn from and rows to judge, all of the table, none on both sides."""
    table = example_table()
    for fold in _rule(node).folds(table):
        for rows in (fold.train, fold.test):
            assert len(rows), f"a side of fold {fold.name!r} is empty"
            assert len(set(rows.tolist())) == len(rows), "a row stands twice on one side"
            assert rows.min() >= 0, "a row is outside of the table"
            assert rows.max() < len(table), "a row is outside of the table"
        assert not np.intersect1d(fold.train, fold.test).size, "a row is on both sides"


def folds_do_not_leak(node: Node) -> None:
    """Unless it says that it leaks, a rule parts groups, or past and future, or rows that look the same.

    Where it goes by time, the rows of the table stand in any order, and several have the same moment.
    """
    table = example_table()
    draw = np.random.default_rng(1)
    # Groups and moments go across each other, and every row has a twin.
    pairs = np.tile(np.arange(len(table) // 2), 2)
    assert table.time is not None
    assert table.group is not None
    mixed = replace(
        table.rows(pairs),
        time=draw.permutation(table.time) // (7 * MINUTE),
        group=draw.permutation(table.group),
    )
    rule = _rule(node)
    if rule.leaks:
        return
    for some in (table, mixed):
        for fold in rule.folds(some):
            apart = (_groups_apart, _past_before_future, _looks_apart)
            assert any(law(some, fold) for law in apart), (
                "near copies stand on both sides, and it does not say so"
            )


def _groups_apart(table: Table, fold: Fold) -> bool:
    assert table.group is not None
    return not set(table.group[fold.train]) & set(table.group[fold.test])


def _past_before_future(table: Table, fold: Fold) -> bool:
    assert table.time is not None
    return bool(table.time[fold.train].max() < table.time[fold.test].min())


def _looks_apart(table: Table, fold: Fold) -> bool:
    columns: Sequence[Any] = [*table.numbers.values(), *table.categories.values(), *table.texts.values()]
    looks = np.array(["\x1f".join(map(str, row)) for row in zip(*columns, strict=True)], dtype=object)
    return not set(looks[fold.train]) & set(looks[fold.test])


def folds_only_answer(node: Node) -> None:
    """Asking twice gives the same folds and leaves the table as it was; what a sweep divides again is a rule too."""
    table, rule = example_table(), _rule(node)
    before = table.fingerprint
    first, second = rule.folds(table), rule.folds(table)
    assert [fold.name for fold in first] == [fold.name for fold in second], "asking changed the folds"
    for one, other in zip(first, second, strict=True):
        assert (one.train == other.train).all(), "asking changed the rows to learn from"
        assert (one.test == other.test).all(), "asking changed the rows to judge"
    assert table.fingerprint == before, "the table was changed"
    assert isinstance(rule.inner(), FoldRule), "inner() is no rule"
    assert rule.in_words(), "in_words() says nothing"


def folds_refuse_in_words(node: Node) -> None:
    """Divide a table without groups or times, or with one row, or refuse it as a user's mistake: nothing else."""
    table = example_table()
    for some in (replace(table, group=None), replace(table, time=None), table.rows(np.array([0]))):
        try:
            found = _rule(node).folds(some)
        except UserError:
            continue
        assert all(len(fold.train) and len(fold.test) for fold in found), "a side of a fold is empty"


# Tables


def table_is_deterministic(node: Node) -> None:
    """Read twice: the same bytes."""
    first, second = (build("table", node, seed=1).table() for _ in range(2))
    assert first.fingerprint == second.fingerprint, "reading twice gives another table"


def table_is_whole(node: Node) -> None:
    """Every column has a value for each row: finite numbers or NaN, texts, and an answer; times are whole numbers."""
    table: Table = build("table", node, seed=1).table()
    assert len(table) > 1, "there are no rows to divide"
    columns = {**table.numbers, **table.categories, **table.texts}
    assert table.target_name not in columns, "the answer stands among the columns"
    assert len(columns) == len(table.numbers) + len(table.categories) + len(table.texts), (
        "a name stands twice"
    )
    beside = {"the answers": table.target, "group": table.group, "time": table.time}
    for name, column in {**columns, **beside}.items():
        assert column is None or len(column) == len(table), (
            f"{name} has {len(column)} values for {len(table)} rows"
        )
    for name, column in table.numbers.items():
        assert column.dtype == np.float64, f"{name} is of {column.dtype}"
        assert not np.isinf(column).any(), f"{name} is infinite somewhere"
    for name, column in {**table.categories, **table.texts}.items():
        assert all(isinstance(value, str) for value in column), f"{name} holds something that is no text"
    assert table.target is not None, "there is no answer to learn"
    assert len(set(table.labels())) > 1, "all answers are the same"
    assert table.time is None or table.time.dtype == np.int64, "times are no nanoseconds"


FOLDS: Checks = [folds_share_no_row, folds_do_not_leak, folds_only_answer, folds_refuse_in_words]
TABLE: Checks = [table_is_deterministic, table_is_whole]
