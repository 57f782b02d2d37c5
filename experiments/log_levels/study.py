"""The level of a log line, told from its message alone: of a template, or of a system, never seen before.

Usage: python experiments/log_levels/study.py [--quick]

Prints the table and writes it beside this file. The line "chosen by inner folds" is the honest one: its settings are
chosen for each fold anew, on folds of that fold's training rows alone.
"""

import argparse
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from loghub import levels_table

from sre_anomaly.config.build import build
from sre_anomaly.config.build_table import TableParts
from sre_anomaly.dataset import Table
from sre_anomaly.table_contracts import Classifier, Fold, FoldRule
from sre_anomaly.tabular.classification import ClassificationResult, classify

HERE = Path(__file__).parent
PLAIN = {"name": "tfidf", "pieces": None, "alarm_words": 0.0}
RULES = {
    "template-disjoint": (
        "template",
        {"name": "group", "parts": 5, "repeats": 3},
        {"name": "group", "parts": 5},
    ),
    "leave one system out": ("system", {"name": "leave_one_out"}, {"name": "leave_one_out"}),
    "random, leaks": ("template", {"name": "random"}, None),
}
"""Name: what is a group, the outer folds, the inner folds."""
COMPARED: dict[str, tuple[dict[str, Any], dict[str, Any], bool]] = {
    "words, logistic, every line": (PLAIN, {"name": "logistic", "C": 1.0, "imbalance": "none"}, False),
    "words, naive Bayes": (PLAIN, {"name": "naive_bayes"}, True),
    "words, logistic": (PLAIN, {"name": "logistic"}, True),
    "words and pieces, logistic": ({"name": "tfidf", "alarm_words": 0.0}, {"name": "logistic"}, True),
    "words, pieces, alarm words, linear SVM": ({"name": "tfidf"}, {"name": "linear_svm"}, True),
    "words, pieces, alarm words, xgboost": (
        {"name": "tfidf"},
        {"name": "xgboost", "n_estimators": 100},
        True,
    ),
    "words, pieces, alarm words, logistic (as shipped)": ({"name": "tfidf"}, {"name": "logistic"}, True),
}
"""Text encoder, classifier, whether like messages are learned from once."""
CANDIDATES = [
    ({"name": "tfidf", "alarm_words": alarm}, {"name": "logistic", "C": C, "imbalance": imbalance})
    for alarm in (0.5, 1.0)
    for C in (3.0, 10.0)
    for imbalance in ("sqrt", "full")
]


class These(FoldRule):
    """Folds that are known already."""

    def __init__(self, folds: list[Fold]) -> None:
        self._folds = folds

    def folds(self, table: Table) -> list[Fold]:
        """Return them."""
        del table
        return self._folds


def measure(
    table: Table, rule: FoldRule, text: dict, classifier: dict, *, once: bool = True
) -> ClassificationResult:
    """Return what one choice of parts comes to."""
    model: Classifier = build("classifier", classifier)
    parts: Any = TableParts(None, rule, build("text", text), classifier=model)  # type: ignore[arg-type]
    return classify(table, rule, parts, lambda _: nullcontext(), once=once)


def chosen_inside(table: Table, outer: FoldRule, inner: FoldRule) -> tuple[dict[str, float], list[int]]:
    """Return the mean measures when each fold's settings are chosen on its training rows, and what was chosen."""
    found, choices = [], []
    for fold in outer.folds(table):
        if len(set(table.labels()[fold.test])) < 2:
            continue
        train = table.rows(fold.train)
        scores = [measure(train, inner, *candidate).measures["macro_f1"] for candidate in CANDIDATES]
        choices.append(int(np.argmax(scores)))
        result = measure(table, These([replace(fold)]), *CANDIDATES[choices[-1]])
        found.append(result.measures)
    return {
        name: float(np.mean([one[name] for one in found])) for name in ("accuracy", "macro_f1", "pr_auc")
    }, choices


def main() -> None:
    """Measure all and write the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="without the line that is chosen by inner folds")
    quick = parser.parse_args().quick
    lines = []
    for split, (group, node, inside) in RULES.items():
        table, rule = levels_table(group), build("folds", node)
        result = None
        for name, (text, classifier, once) in COMPARED.items():
            result = measure(table, rule, text, classifier, once=once)
            low, high = result.intervals["macro_f1_pooled"]
            lines.append(
                {"split": split, "method": name, **_shown(result.measures), "low": low, "high": high}
            )
            print(lines[-1], flush=True)
        assert result is not None
        lines += [
            {"split": split, "method": name, **_shown(found)} for name, found in result.baselines.items()
        ]
        if inside and not quick:
            found, choices = chosen_inside(table, rule, build("folds", inside))
            lines.append({"split": split, "method": "chosen by inner folds", **_shown(found)})
            print(lines[-1], [CANDIDATES[choice] for choice in sorted(set(choices))], choices, flush=True)
    written = pd.DataFrame(lines).round(3)
    print(written.to_string(index=False))
    if not quick:
        written.to_csv(HERE / "table.csv", index=False)


def _shown(found: dict[str, Any]) -> dict[str, float]:
    names = ("accuracy", "macro_f1", "macro_f1_pooled", "pr_auc", "calibration_error")
    return {name: found[name] for name in names if name in found}


if __name__ == "__main__":
    main()
