"""What can be said of a table before anything is learned from it, in plain words."""

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np

from sre_anomaly.config.build_table import TableParts
from sre_anomaly.dataset import Table
from sre_anomaly.evaluation.table.classification import confusion, macro_f1, too_few
from sre_anomaly.evaluation.table.one_rule import given_away, rule_for_classes
from sre_anomaly.table_contracts import Fold, all_alike
from sre_anomaly.tabular.classification import FEWEST_OF_A_CLASS, no_classes, refuse_one_class

FEW_ROWS = 200
FEWEST_TOLD = 3
"""With fewer rows beside the commonest class some column of any table tells them, by chance."""
MUCH_MISSING = 0.2
GIVEN_AWAY = 0.995
"""A column that alone reaches this macro-F1 is most likely known only afterwards."""


@dataclass
class Findings:
    """Sentences about a table; what is wrong stops a run, what is odd does not."""

    seen: list[str] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def check_table(table: Table, parts: TableParts) -> Findings:
    """Look at the columns, the answers and the folds.

    Raises
    ------
    UserError
        If the target or the folds cannot be used at all.
    """
    found = Findings()
    found.seen.append(f"{table.name}: {len(table):,} rows")
    found.odd += table.notes
    if len(table) < FEW_ROWS:
        found.odd.append(f"{len(table)} rows are few: expect wide intervals; some hundreds would be better")
    _columns(table, found)
    if parts.classifier is not None:
        _classes(table, found)
    else:
        _numbers(table, found)
    if not found.wrong:
        rule = parts.folds.rule_for(table)
        folds = parts.folds.folds(table)
        if parts.classifier is not None:
            refuse_one_class(table, rule, folds)
        judged = np.concatenate([fold.test for fold in folds])
        found.seen.append(f"{len(judged):,} rows will be evaluated: {rule.in_words()}")
        if parts.classifier is not None:
            counted = Counter(table.labels()[judged].tolist())
            found.odd += too_few({name: counted[name] for name in sorted(set(table.labels()))})
        if caution := rule.caution(table):
            found.odd.append(caution)
    return found


def _columns(table: Table, found: Findings) -> None:
    kinds = {"numbers": table.numbers, "categories": table.categories, "texts": table.texts}
    for kind, columns in kinds.items():
        if columns:
            found.seen.append(f"{kind}: {', '.join(columns)}")
    for name, column in table.numbers.items():
        missing = float(np.isnan(column).mean())
        if missing == 1:
            found.odd.append(f"column {name} is empty: it carries no information")
        elif missing > MUCH_MISSING:
            found.odd.append(f"column {name}: {missing:.0%} of its values are missing")
    for name, words in table.categories.items():
        empty = float((words == "").mean())
        if empty > MUCH_MISSING and len(set(words)) > 1:
            found.odd.append(f"column {name}: {empty:.0%} of its cells are empty")
    still = {name: repr(words[0]) for name, words in table.categories.items() if len(set(words)) == 1}
    still |= {name: f"{column[0]:g}" for name, column in table.numbers.items() if (column == column[0]).all()}
    if len(still) == 1:
        found.odd += [
            f"column {name} is always {value}: it carries no information" for name, value in still.items()
        ]
    elif still:
        found.odd.append(f"columns that are the same in every row carry no information: {', '.join(still)}")


def _classes(table: Table, found: Findings) -> None:
    labels = table.labels()
    counts = Counter(labels.tolist()).most_common()
    key = f"table.target={table.target_name}"
    if wrong := no_classes(table):
        found.wrong.append(wrong)
        return
    found.seen.append(f"{table.target_name}: {', '.join(f'{name} {number:,}' for name, number in counts)}")
    look_alikes = Counter(name.strip().lower() for name, _ in counts)
    if twice := [name for name, number in look_alikes.items() if number > 1]:
        found.odd.append(
            f"{key}: {', '.join(twice)} is written in several ways, and each counts as a class of its own"
        )
    for name in _giveaways(table):
        found.odd.append(given_away([name], table.target_name))


def _giveaways(table: Table) -> list[str]:
    """Return the columns that tell the class by themselves."""
    classes = sorted(set(table.labels()))
    code = np.array([classes.index(label) for label in table.labels()], dtype=np.int64)
    every = np.arange(len(table))
    found: list[str] = []
    if len(table) - np.bincount(code).max() < FEWEST_TOLD:
        return found
    bare = replace(table, numbers={}, categories={}, texts={})
    alone = {name: replace(bare, numbers={name: column}) for name, column in table.numbers.items()}
    for name, words in table.categories.items():
        if len(set(words)) <= len(table) // FEWEST_OF_A_CLASS:
            alone[name] = replace(bare, categories={name: words})
    for name, one in alone.items():
        told = rule_for_classes(one, code, len(classes), Fold("all", every, every)).answer
        if macro_f1(confusion(code, told, len(classes))) > GIVEN_AWAY:
            found.append(name)
    return found


def _numbers(table: Table, found: Findings) -> None:
    values = table.values()
    low, middle, high = (float(edge) for edge in np.quantile(values, [0, 0.5, 1]))
    found.seen.append(f"{table.target_name}: from {low:g} to {high:g}, median {middle:g}")
    if alike := all_alike(table):
        found.odd.append(alike)
    if len(np.unique(values)) == FEWEST_OF_A_CLASS:
        found.odd.append(
            f"{table.target_name} has two values only: is it a class? then regressor=none classifier=xgboost"
        )
