"""What needs no learning: a column that is the answer is found however rare the answer is, and is told."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml

from sre_anomaly.config.build import build
from sre_anomaly.config.build_table import TableParts
from sre_anomaly.dataset import Table
from sre_anomaly.evaluation.table.one_rule import rule_for_classes, rule_for_numbers
from sre_anomaly.report.table.words import in_short
from sre_anomaly.table_contracts import Fold
from sre_anomaly.tabular.check import check_table

CONF = Path(__file__).parents[3] / "conf"
ROWS = 400
SHARES = (0.03, 0.1, 0.12, 0.4)

IN_TIME = [
    "experiment=table",
    "table.path=t.csv",
    "table.target=broke",
    "table.time=at",
    "classifier=logistic",
]
"""A table with times, whose latest rows are judged."""


def parts(folds="random"):
    some = {"folds": folds, "text": "tfidf", "classifier": "logistic"}
    nodes = {
        kind: (CONF / kind / f"{name}.yaml").read_text().replace("${seed}", "3")
        for kind, name in some.items()
    }
    return TableParts(None, **{kind: build(kind, yaml.safe_load(node)) for kind, node in nodes.items()})


def drawn(share, rows=ROWS, seed=0):
    """Return who is 'yes', a column that knows nothing, and three that are the answer."""
    draw = np.random.default_rng(seed)
    yes = np.isin(np.arange(rows), draw.choice(rows, int(share * rows), replace=False))
    middle = np.where(yes, 50 + draw.random(rows), draw.choice([0.0, 100.0], rows) + draw.random(rows))
    columns = {
        "flag": yes.astype(float),
        "amount": np.where(yes, draw.lognormal(3, 0.3, rows), 0.0),
        "middle": middle,
    }
    return yes, draw.normal(size=rows), columns


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("column", ["flag", "amount", "middle"])
def test_a_column_that_is_the_answer_tells_new_rows(share, column):
    """A flag, an amount that is 0 else, a stretch in the middle: the cuts of the training rows serve others."""
    yes, noise, columns = drawn(share)
    table = Table("t", {"noise": noise, column: columns[column]})
    halves = np.argsort(~yes, kind="stable")
    fold = Fold("halves", halves[::2], halves[1::2])
    found = rule_for_classes(table, yes.astype(np.int64), 2, fold)
    assert found.column == column
    assert np.mean(found.answer == yes[fold.test]) >= 0.99


def test_a_column_of_numbers_that_is_mostly_nought():
    """The rows that are not nought are told apart although they are fewer than a stretch."""
    yes, noise, columns = drawn(0.1)
    fold = Fold("halves", np.arange(0, ROWS, 2), np.arange(1, ROWS, 2))
    found = rule_for_numbers(Table("t", {"noise": noise, "amount": columns["amount"]}), 90.0 * yes, fold)
    assert found.column == "amount"
    assert np.abs(found.answer - 90 * yes[fold.test]).mean() < 1


def test_missing_and_far_values_are_answered():
    """A column that is empty in training, and values never seen, end in a cell that answers the commonest class."""
    column = np.r_[np.full(10, np.nan), 1e300, -np.inf]
    fold = Fold("f", np.arange(10), np.array([10, 11]))
    code = np.array([0] * 8 + [1] * 4)
    assert rule_for_classes(Table("t", {"x": column}), code, 2, fold).answer.tolist() == [0, 0]


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("column", ["flag", "amount", "middle"])
def test_check_finds_it(command, tmp_path, share, column):
    """`check` names the column, and no other."""
    yes, noise, columns = drawn(share)
    times = pd.date_range("2025-03-01", periods=ROWS, freq="h")
    table = pd.DataFrame(
        {"at": times, "noise": noise, column: columns[column], "broke": np.where(yes, "yes", "no")}
    )
    table.to_csv(tmp_path / "t.csv", index=False)
    code, out, err = command(
        "check", "experiment=table", "table.path=t.csv", "table.target=broke", "table.time=at"
    )
    assert (code, err) == (0, "")
    assert f"table.leave_out=[{column}]" in out
    assert "leave_out=[noise]" not in out


def test_a_run_names_the_column_that_gives_the_answer_away(command, tmp_path):
    """It is said on screen and page, and not that nothing can be known."""
    yes, noise, columns = drawn(0.1)
    table = pd.DataFrame({"noise": noise, "refund": columns["amount"], "broke": np.where(yes, "yes", "no")})
    table.to_csv(tmp_path / "t.csv", index=False)
    code, out, err = command(
        "experiment=table", "table.path=t.csv", "table.target=broke", "classifier=logistic"
    )
    assert (code, err) == (0, "")
    for told in (" ".join(out.split()), (tmp_path / "outputs/latest/report.html").read_text()):
        assert "olumn refund alone determines broke: is it known before" in told
        assert "No better than a baseline" not in told


def test_a_class_without_judged_rows(command, tmp_path):
    """Where all of a rare class lies in the past, `check` and the run say that nothing is measured of it."""
    words = IN_TIME
    times = pd.date_range("2025-03-01", periods=ROWS, freq="h")
    noise = np.random.default_rng(0).normal(size=ROWS)
    table = pd.DataFrame(
        {"at": times, "noise": noise, "broke": np.where(np.arange(ROWS) % 240 < 40, "yes", "no")}
    )
    table.iloc[:280].to_csv(tmp_path / "t.csv", index=False)
    code, out, _ = command("check", *words, "folds=time", "folds.train=0.5")
    assert code == 0
    assert "no evaluated row is" not in out
    table.iloc[:200].to_csv(tmp_path / "t.csv", index=False)
    for some in (["check", *words], words):
        code, out, err = command(*some)
        assert (code, err) == (0, "")
        assert "o evaluated row is 'yes': it has no measures" in " ".join(out.split())
    found = json.loads((tmp_path / "outputs/latest/record.json").read_text())["classification"]
    assert found["measures"]["pr_auc"] is None
    assert [found["per_class"][name]["pr_auc"] for name in ("no", "yes")] == [None, None]


def test_three_judged_rows(command, tmp_path):
    """So few prove nothing, which is said before and after."""
    table = pd.DataFrame(
        {"x": np.arange(10.0), "at": pd.date_range("2025-03-01", periods=10), "broke": ["yes", "no"] * 5}
    )
    table.to_csv(tmp_path / "t.csv", index=False)
    words = IN_TIME
    for some in (["check", *words], words):
        code, out, err = command(*some)
        assert (code, err) == (0, "")
        assert "nly 3 rows are evaluated: the measures are mostly chance" in " ".join(out.split())


@pytest.mark.parametrize(
    ("task", "value", "interval", "best", "said"),
    [
        ("classification", 0.68, (0.45, 0.8), 0.46, "better than the best baseline (keywords, 0.46), "
         "but not significantly: the interval reaches down to 0.45"),
        ("classification", 0.68, (0.5, 0.8), 0.46, "better than the best baseline (keywords, 0.46)"),
        ("classification", 0.4, (0.3, 0.8), 0.46, "no better than the best baseline (keywords, 0.46)"),
        ("regression", 5.0, (4.0, 7.0), 6.0, "better than the best baseline (keywords, 6), "
         "but not significantly: the interval reaches up to 7"),
    ],
)  # fmt: skip
def test_the_verdict_says_how_sure_it_is(task, value, interval, best, said):
    """A lead that the interval does not bear out is a lead, with its uncertainty beside it."""
    measure, key = ("macro_f1", "macro_f1_pooled") if task == "classification" else ("mae", "mae")
    told = {
        "measures": {measure: value, "coverage": 0.9, "width": 1.0}, "intervals": {key: interval},
        "baselines": {"keywords": {measure: best}}, "random_split": None,
    }  # fmt: skip
    record = SimpleNamespace(classification=None, regression=None)
    setattr(record, task, told)
    assert in_short(SimpleNamespace(record=record))[0].endswith(f": {said}")


def test_chance_gives_nothing_away():
    """In small tables of noise no column is called an answer."""
    for seed in range(20):
        draw = np.random.default_rng(seed)
        numbers = {f"c{n}": draw.normal(size=60) for n in range(5)}
        target = np.array(["yes"] * 4 + ["no"] * 56, dtype=object)
        odd = check_table(Table("t", numbers, target=target), parts()).odd
        assert not any("alone" in sentence for sentence in odd)
