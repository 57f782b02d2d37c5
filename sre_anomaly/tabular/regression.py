"""Fold by fold: learn from some rows, say the number of the others, and judge that beside what needs no learning."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from sre_anomaly.config.build_table import TableParts
from sre_anomaly.dataset import Table
from sre_anomaly.errors import DataError
from sre_anomaly.evaluation.bootstrap import group_interval
from sre_anomaly.evaluation.forecasts import mae
from sre_anomaly.evaluation.table.one_rule import rule_for_numbers
from sre_anomaly.evaluation.table.regression import measures
from sre_anomaly.frame import Array
from sre_anomaly.table_contracts import LEAKS, Fold, FoldRule, all_alike, no_better
from sre_anomaly.tabular.model import TableModel, fit_numbers

COVERAGE = 0.9
HELD_BACK = 0.2
"""Share of the training rows, the last of them, whose errors make the interval."""
FEWEST = 10


@dataclass
class RegressionResult:
    """Answers to the test rows of all folds, t in all, and how good they are."""

    rows: npt.NDArray[np.int64]
    actual: Array
    predicted: Array
    lower: Array
    upper: Array
    """Each (t,)."""
    measures: dict[str, Any]
    intervals: dict[str, tuple[float, float]]
    baselines: dict[str, dict[str, float]]
    per_fold: dict[str, dict[str, float]]
    model: TableModel
    """Learned from all rows, to answer new ones."""
    caveats: list[str] = field(default_factory=list)


def regress(
    table: Table,
    rule: FoldRule,
    parts: TableParts,
    stage: Callable[[str], Any],
    *,
    coverage: float = COVERAGE,
    seed: int = 0,
) -> RegressionResult:
    """Fit and judge on each fold of a rule, then fit on all rows.

    Each answer has an interval that should hold ``coverage`` of the numbers: the regressor's own quantiles,
    widened or narrowed, or its answer, until that share of training rows held back lies inside (conformal
    prediction: Lei et al., 2018; Romano et al., 2019).

    Raises
    ------
    DataError
        If there is no target, it is not of numbers, or there are too few rows.
    """
    if parts.regressor is None:
        raise ValueError("regression needs a regressor")
    actual, alike = table.values(), all_alike(table)
    with stage("folds"):
        folds = rule.folds(table)
    answers = []
    with stage("fit and predict"):
        for fold in folds:
            if len(fold.train) < FEWEST:
                raise DataError(
                    f"{table.name}: {len(fold.train)} training rows in fold {fold.name!r}; {FEWEST} are needed"
                )
            answers.append(
                predict_with_intervals(table.rows(fold.train), table.rows(fold.test), parts, coverage)
            )
    with stage("judge"):
        per_fold = {
            fold.name: measures(actual[fold.test], *answer, coverage)
            for fold, answer in zip(folds, answers, strict=True)
        }
        rows = np.concatenate([fold.test for fold in folds])
        predicted, lower, upper = (np.concatenate(column) for column in zip(*answers, strict=True))
        truth = actual[rows]
        found: dict[str, Any] = measures(truth, predicted, lower, upper, coverage)
        found |= {"rows": len(rows), "folds": len(folds)}
        baselines = {
            name: measures(truth, np.concatenate([guess(table, actual, fold) for fold in folds]))
            for name, guess in (("mean", _mean_of), ("last", _last_of), ("single_column", _column_of))
        }
        intervals = {
            "mae": group_interval(
                table.clusters()[rows], lambda some: mae(truth[some], predicted[some]), seed
            )
        }
    with stage("fit on all"):
        final = fit_numbers(table, parts.text, parts.regressor)
    result = RegressionResult(
        rows, truth, predicted, lower, upper, found, intervals, baselines, per_fold, final
    )
    if rule.leaks:
        result.caveats.append(LEAKS)
    if alike:
        result.caveats.append(alike)
    elif found["mae"] >= min(one["mae"] for one in baselines.values()):
        result.caveats.append(no_better(len(table), "number"))
    return result


def predict_with_intervals(
    known: Table, asked: Table, parts: TableParts, coverage: float = COVERAGE
) -> tuple[Array, Array, Array]:
    """Return what is predicted for rows asked of, by what is learned from known ones, and the ends of its interval: what is possible."""
    assert parts.regressor is not None
    order = _like_those_asked_last(known, parts.folds.rule_for(known))
    cut = len(order) - max(1, int(HELD_BACK * len(order)))
    careful = fit_numbers(known.rows(order[:cut]), parts.text, parts.regressor)
    held = known.rows(order[cut:])
    low, high = _ends(careful, held)
    values = held.values()
    # How far outside a row lies; negative inside.
    outside = np.maximum(low - values, values - high)
    share = min(1.0, coverage * (1 + 1 / len(values)))
    margin = float(np.quantile(outside, share, method="higher"))
    model = fit_numbers(known, parts.text, parts.regressor)
    low, high = _ends(model, asked)
    predicted = model.predict(asked)
    ends = predicted, np.minimum(low - margin, predicted), np.maximum(high + margin, predicted)
    predicted, low, high = (np.clip(end, *known.between) for end in ends)
    return predicted, low, high


def _like_those_asked_last(table: Table, rule: FoldRule) -> npt.NDArray[np.int64]:
    """Return the rows in an order whose end differs from its beginning as rows asked of do: later, or other groups."""
    if table.time is not None and (rule.goes_forward or table.group is None):
        return np.argsort(table.time, kind="stable")
    if table.group is not None:
        first, number = np.unique(table.group.astype(str), return_index=True, return_inverse=True)[1:]
        return np.argsort(first[number], kind="stable")
    return np.arange(len(table))


def _ends(model: TableModel, table: Table) -> tuple[Array, Array]:
    X = model.columns.transform(table)
    own = model.learner.quantiles(X)
    if own is None:
        predicted = model.learner.predict(X)
        return predicted, predicted
    return own[:, 0], own[:, 1]


def _mean_of(table: Table, actual: Array, fold: Fold) -> Array:
    del table
    return np.full(len(fold.test), actual[fold.train].mean())


def _column_of(table: Table, actual: Array, fold: Fold) -> Array:
    return rule_for_numbers(table, actual, fold).answer


def _last_of(table: Table, actual: Array, fold: Fold) -> Array:
    """Return the newest number that was known: by time where rows have one, else by their order."""
    if table.time is None:
        at = np.searchsorted(fold.train, fold.test) - 1
        return actual[fold.train[np.maximum(at, 0)]]
    order = fold.train[np.argsort(table.time[fold.train], kind="stable")]
    at = np.searchsorted(table.time[order], table.time[fold.test], side="left") - 1
    return actual[order[np.maximum(at, 0)]]
