"""Fold by fold: learn from some rows, say the class of the others, and judge that beside what needs no learning."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from sre_anomaly.config.build_table import TableParts
from sre_anomaly.dataset import Table, TextColumn
from sre_anomaly.errors import DataError
from sre_anomaly.evaluation.bootstrap import group_interval
from sre_anomaly.evaluation.table.classification import by_class, confusion, macro_f1, measures, too_few
from sre_anomaly.evaluation.table.one_rule import given_away, rule_for_classes
from sre_anomaly.frame import Array
from sre_anomaly.logs.alarm_words import keyword_level
from sre_anomaly.logs.levels import LEVELS
from sre_anomaly.table_contracts import LEAKS, Fold, FoldRule, no_better
from sre_anomaly.tabular.model import TableModel, aligned, fit_classes

MOST_CLASSES, FEWEST_OF_A_CLASS = 50, 2
NEARLY_PERFECT = 0.97
"""Macro-F1 on evaluated rows above which a lone column is taken for one that is known only afterwards."""


@dataclass
class ClassificationResult:
    """Answers to the test rows of all folds, t in all, and how good they are."""

    classes: list[str]
    rows: npt.NDArray[np.int64]
    """(t,) row numbers in the table; a row that was tested in several folds is there several times."""
    truth: npt.NDArray[np.int64]
    """(t,) class numbers."""
    proba: Array
    """(t, k)."""
    measures: dict[str, Any]
    """Mean over the folds; ``macro_f1_pooled`` is of all test rows together."""
    intervals: dict[str, tuple[float, float]]
    baselines: dict[str, dict[str, float]]
    per_class: dict[str, dict[str, Any]]
    confusion: list[list[int]]
    """A row for each true class, a column for each answer."""
    per_fold: dict[str, dict[str, float]]
    model: TableModel
    """Learned from all rows, to answer new ones."""
    caveats: list[str] = field(default_factory=list)

    @property
    def answers(self) -> TextColumn:
        """The class names that were answered, (t,)."""
        return np.array(self.classes, dtype=object)[self.proba.argmax(axis=1)]


def classify(
    table: Table,
    rule: FoldRule,
    parts: TableParts,
    stage: Callable[[str], Any],
    *,
    once: bool = True,
    seed: int = 0,
) -> ClassificationResult:
    """Fit and judge on each fold of a rule, then fit on all rows.

    Parameters
    ----------
    parts : TableParts
        With a classifier.
    stage : callable
        A context manager that names and times what is done.
    once : bool
        Whether rows that look the same are learned from once (see `fit_classes`).

    Raises
    ------
    DataError
        If there is no target, or fewer than two classes to learn.
    """
    if parts.classifier is None:
        raise ValueError("classification needs a classifier")
    labels = table.labels()
    classes = sorted(set(labels))
    code = np.array([classes.index(label) for label in labels], dtype=np.int64)
    if wrong := no_classes(table):
        raise DataError(wrong)
    with stage("folds"):
        folds = rule.folds(table)
        refuse_one_class(table, rule, folds)
    probas, baselines = [], {}
    with stage("fit and classify"):
        for fold in folds:
            train = table.rows(fold.train)
            model = fit_classes(train, parts.text, parts.classifier, once=once)
            probas.append(aligned(model.proba(table.rows(fold.test)), model.classes, classes))
    with stage("judge"):
        per_fold = {
            fold.name: measures(proba, code[fold.test]) for fold, proba in zip(folds, probas, strict=True)
        }
        rows = np.concatenate([fold.test for fold in folds])
        truth, proba = code[rows], np.concatenate(probas)
        counts = confusion(truth, proba.argmax(axis=1), len(classes))
        telling = _telling(folds, code)
        found = _mean([per_fold[fold.name] for fold in telling])
        found |= {"macro_f1_pooled": macro_f1(counts), "rows": len(rows), "folds": len(folds)}
        for name, answer in _baselines(table, classes, code).items():
            baselines[name] = _mean(
                [measures(np.eye(len(classes))[answer(fold)], code[fold.test]) for fold in telling]
            )
        intervals = {"macro_f1_pooled": _interval(table, rows, truth, proba, seed)}
    with stage("fit on all"):
        final = fit_classes(table, parts.text, parts.classifier, once=once)
    result = ClassificationResult(
        classes, rows, truth, proba, found, intervals, baselines, by_class(counts, classes, proba, truth),
        counts.tolist(), per_fold, final,
    )  # fmt: skip
    _add_caveats(result, folds, telling, rule, labels)
    if baselines.get("single_column", {}).get("macro_f1", 0) > NEARLY_PERFECT:
        columns = {rule_for_classes(table, code, len(classes), fold).column for fold in telling}
        result.caveats.append(f"C{given_away(columns, table.target_name)[1:]}.")
    elif found["macro_f1"] <= max(one["macro_f1"] for one in baselines.values()):
        result.caveats.append(no_better(len(table), "class"))
    return result


def no_classes(table: Table) -> str:
    """Return why the target is no column of classes; empty where it is one."""
    names, key = sorted(set(table.labels())), f"table.target={table.target_name}"
    if len(names) == 1:
        return f"{key}: all {len(table)} rows are {names[0]!r}; there is nothing to predict"
    if len(names) > min(MOST_CLASSES, len(table) // FEWEST_OF_A_CLASS):
        return (
            f"{key}: has {len(names)} different values in {len(table)} rows, and a classifier needs a few that come again; "
            "if it is a number, use classifier=none regressor=xgboost"
        )
    return ""


def refuse_one_class(table: Table, rule: FoldRule, folds: list[Fold]) -> None:
    """Refuse folds that leave one class only to learn from.

    Raises
    ------
    DataError
        If there is such a fold; says which, and what would do.
    """
    labels = table.labels()
    for fold in folds:
        if len(set(labels[fold.train])) < 2:
            raise DataError(
                f"{table.name}: the training rows of fold {fold.name!r} are all of one class; use "
                + _other_folds(table, rule)
            )


def _other_folds(table: Table, rule: FoldRule) -> str:
    """Return a division that may leave rows of several classes to learn from."""
    if not rule.rule_for(table).goes_forward:
        return "folds=time" + ("" if table.time is not None else " and name the column with table.time=...")
    return "folds=group" if table.group is not None else "folds=distinct"


def _telling(folds: list[Fold], code: npt.NDArray[np.int64]) -> list[Fold]:
    """Return the folds whose test rows are of two classes at least; if there is none, all."""
    several = [fold for fold in folds if len(np.unique(code[fold.test])) > 1]
    return several or folds


def _mean(found: list[dict[str, float]]) -> dict[str, Any]:
    out = {}
    for name in found[0]:
        seen = [one[name] for one in found if np.isfinite(one[name])]
        out[name] = float(np.mean(seen)) if seen else float("nan")
    return out


def _baselines(
    table: Table, classes: list[str], code: npt.NDArray[np.int64]
) -> dict[str, Callable[[Fold], npt.NDArray[np.int64]]]:
    """Return what always says the commonest class, the best rule of one column and, for levels of logs, of keywords."""
    majority = lambda fold: np.full(len(fold.test), np.bincount(code[fold.train]).argmax())
    found: dict[str, Callable[[Fold], npt.NDArray[np.int64]]] = {"majority": majority}
    if table.numbers or table.categories:
        found["single_column"] = lambda fold: rule_for_classes(table, code, len(classes), fold).answer
    if table.texts and set(classes) <= set(LEVELS):
        column = next(iter(table.texts.values()))
        known = {text: keyword_level(text) for text in set(column)}
        commonest = classes[np.bincount(code).argmax()]
        told = np.array(
            [classes.index(known[text] if known[text] in classes else commonest) for text in column],
            dtype=np.int64,
        )
        found["keywords"] = lambda fold: told[fold.test]
    return found


def _interval(table: Table, rows: Any, truth: Any, proba: Array, seed: int) -> tuple[float, float]:
    answer, size = proba.argmax(axis=1), proba.shape[1]
    return group_interval(
        table.clusters()[rows], lambda some: macro_f1(confusion(truth[some], answer[some], size)), seed
    )


def _add_caveats(
    found: ClassificationResult, folds: list[Fold], telling: list[Fold], rule: FoldRule, labels: TextColumn
) -> None:
    if rule.leaks:
        found.caveats.append(LEAKS)
    if len(telling) < len(folds):
        names = ", ".join(fold.name for fold in folds if fold not in telling)
        found.caveats.append(
            f"Folds with one class only cannot be evaluated and are left out of the mean: {names}."
        )
    for fold in folds:
        if new := sorted(set(labels[fold.test]) - set(labels[fold.train])):
            found.caveats.append(
                f"Fold {fold.name}: no training row is {', '.join(new)}; it can never be predicted there."
            )
    judged = {name: row["rows"] for name, row in found.per_class.items()}
    found.caveats += [f"{said[0].upper()}{said[1:]}." for said in too_few(judged)]
