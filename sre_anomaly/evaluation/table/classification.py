"""How good class probabilities are: right or wrong, how surely, and for which class."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sre_anomaly.evaluation.anomaly.points import pr_auc
from sre_anomaly.frame import Array

Codes = npt.NDArray[np.int64]
"""Class numbers."""
BINS = 10
FEW = 20
"""Rows of a class, or of all, below which what is measured of them is chance."""


def confusion(truth: Codes, answer: Codes, classes: int) -> Codes:
    """Return (k, k) counts: a row for each true class, a column for each answer.

    Examples
    --------
    >>> confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist()
    [[1, 1], [0, 1]]
    """
    return np.bincount(truth * classes + answer, minlength=classes * classes).reshape(classes, classes)


def per_class(counts: Codes) -> tuple[Array, Array, Array]:
    """Return precision, recall and F1 of each class, each (k,); 0 where nothing was answered or nothing is true."""
    hits = np.diag(counts).astype(np.float64)
    answered, true = counts.sum(axis=0), counts.sum(axis=1)
    precision = hits / np.maximum(answered, 1)
    recall = hits / np.maximum(true, 1)
    return precision, recall, 2 * hits / np.maximum(answered + true, 1)


def macro_f1(counts: Codes) -> float:
    """Return the mean F1 of all k classes, rare ones as heavy as common ones.

    Examples
    --------
    >>> round(macro_f1(np.array([[1, 1], [0, 1]])), 3)
    0.667
    """
    return float(per_class(counts)[2].mean())


def calibration_error(confidence: Array, right: Array, bins: int = BINS) -> float:
    """Return the expected calibration error: how far stated probability and share of right answers lie apart.

    Rows are put in ``bins`` of equal width by their (n,) confidence (Naeini et al., 2015). NaN without rows.

    Examples
    --------
    >>> calibration_error(np.array([0.8, 0.8, 0.8, 0.8]), np.array([1.0, 1.0, 1.0, 0.0])).__round__(3)
    0.05
    """
    if not len(confidence):
        return float("nan")
    which = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    stated = np.bincount(which, weights=confidence, minlength=bins)
    found = np.bincount(which, weights=right, minlength=bins)
    return float(np.abs(stated - found).sum() / len(confidence))


def brier(proba: Array, truth: Codes) -> float:
    """Return the mean squared distance of (n, k) probabilities from the truth, 0 to 2 (Brier, 1950).

    Examples
    --------
    >>> brier(np.array([[0.8, 0.2]]), np.array([0])).__round__(3)
    0.08
    """
    goal = np.eye(proba.shape[1])[truth]
    return float(((proba - goal) ** 2).sum(axis=1).mean()) if len(proba) else float("nan")


def _area(proba: Array, truth: Codes, one: int) -> float:
    """Return the PR-AUC of a class against the rest, NaN where there is no row of it or none of the rest."""
    is_one = truth == one
    return float("nan") if is_one.all() else pr_auc(proba[:, one], is_one.astype(np.float64))


def measures(proba: Array, truth: Codes) -> dict[str, float]:
    """Return all measures of (n, k) probabilities against (n,) class numbers.

    ``pr_auc`` is the mean over the classes that occur, each against the rest; NaN where all rows are of one.
    """
    classes = proba.shape[1]
    answer = proba.argmax(axis=1)
    counts = confusion(truth, answer, classes)
    areas = [_area(proba, truth, one) for one in range(classes)]
    right = (answer == truth).astype(np.float64)
    return {
        "accuracy": float(right.mean()) if len(right) else float("nan"),
        "macro_f1": macro_f1(counts),
        "pr_auc": float(np.nanmean(areas)) if np.isfinite(areas).any() else float("nan"),
        "calibration_error": calibration_error(proba.max(axis=1), right),
        "brier": brier(proba, truth),
    }


def by_class(counts: Codes, classes: Sequence[str], proba: Array, truth: Codes) -> dict[str, dict[str, Any]]:
    """Return precision, recall, F1, PR-AUC and rows of each class by its name."""
    columns = zip(*per_class(counts), strict=True)
    return {
        name: {
            "precision": float(precision),
            "recall": float(recall),
            "f1": float(f1),
            "pr_auc": _area(proba, truth, number),
            "rows": int(counts[number].sum()),
        }
        for number, (name, (precision, recall, f1)) in enumerate(zip(classes, columns, strict=True))
    }


def too_few(rows: dict[str, int]) -> list[str]:
    """Return what is said of classes of which few rows are judged, or none, from the number of each.

    Examples
    --------
    >>> too_few({"no": 40, "yes": 0})
    ["no evaluated row is 'yes': it has no measures"]
    >>> too_few({"no": 2, "yes": 1})
    ['only 3 rows are evaluated: the measures are mostly chance']
    """
    said = [
        f"no evaluated row is {name!r}: it has no measures" for name, number in rows.items() if not number
    ]
    total = sum(rows.values())
    if total < FEW:
        return [*said, f"only {total} rows are evaluated: the measures are mostly chance"]
    if few := [f"{name} ({number})" for name, number in rows.items() if 0 < number < FEW]:
        said.append(f"fewer than {FEW} evaluated rows: {', '.join(few)}; their measures are mostly chance")
    return said


def grouping_accuracy(found: Iterable[Hashable], truth: Iterable[Hashable]) -> float:
    """Return the share of lines whose group is exactly their true group, no line missing and none too many.

    Reference: J. Zhu et al. (2019), Tools and benchmarks for automated log parsing.

    Examples
    --------
    >>> grouping_accuracy([0, 0, 1, 2], ["a", "a", "b", "b"])
    0.5
    """
    groups: defaultdict[Hashable, list[int]] = defaultdict(list)
    true: defaultdict[Hashable, list[int]] = defaultdict(list)
    rows = 0
    for row, (ours, theirs) in enumerate(zip(found, truth, strict=True)):
        groups[ours].append(row)
        true[theirs].append(row)
        rows = row + 1
    right = {tuple(group) for group in true.values()}
    return (
        sum(len(group) for group in groups.values() if tuple(group) in right) / rows if rows else float("nan")
    )
