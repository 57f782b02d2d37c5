"""Classes from rows: every part keeps its promise, splits do not leak, measures are what they say."""

import os
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.metrics import brier_score_loss, f1_score

from sre_anomaly import registry
from sre_anomaly.config.build import NOTHING, build
from sre_anomaly.config.build_table import TableParts, build_table_parts
from sre_anomaly.config.catalogue import options
from sre_anomaly.dataset import Table
from sre_anomaly.errors import ConfigError, DataError, UserError
from sre_anomaly.evaluation.table.classification import (
    brier,
    calibration_error,
    confusion,
    macro_f1,
    measures,
    per_class,
)
from sre_anomaly.tabular.classification import classify
from sre_anomaly.tabular.model import different_rows, fit_classes
from sre_anomaly.tabular.model_folder import load_table_model, save_table_model
from sre_anomaly.testing.examples import example_table

CONF = Path(__file__).parents[2] / "conf"
SEEDS_D = (
    ("Disk quota exceeded on node 7", "ERROR"),
    ("Connection refused by 10.0.0.3", "ERROR"),
    ("Service started in 35 ms", "INFO"),
    ("User 81 logged in", "INFO"),
    ("Response took 2100 ms, slow query", "WARN"),
    ("Memory usage high: 91 percent", "WARN"),
    ("Health check passed", "INFO"),
)


def node(kind, name, **changed):
    """Return an option as shipped, with some keys changed."""
    text = (CONF / kind / f"{name}.yaml").read_text().replace("${seed}", "3")
    return yaml.safe_load(text) | changed


def parts(classifier=None, text=None, folds=None):
    return TableParts(
        None, build("folds", folds or node("folds", "group")), build("text", text or node("text", "tfidf")),
        classifier=build("classifier", classifier or node("classifier", "logistic")),
    )  # fmt: skip


def result_of(table, **chosen):
    some = parts(**chosen)
    return classify(table, some.folds, some, lambda _: nullcontext())


@pytest.mark.parametrize("kind", registry.TABLE_KINDS)
def test_the_same_word_stands_in_four_places(kind):
    """Every option has its YAML, its module and its registered name, and is built from the YAML as shipped."""
    shown = [name for name in options(kind) if name != NOTHING]
    assert shown == registry.names(kind)
    for name in shown:
        assert node(kind, name)["name"] == name
        module = registry.lookup(kind, name).__module__.split(".")
        assert (module[0], module[1], module[-1]) == ("sre_anomaly", kind, name)
        if kind != "table":
            build(kind, node(kind, name))


@pytest.mark.parametrize("name", registry.names("classifier"))
@pytest.mark.parametrize("text", registry.names("text"))
def test_a_model_folder_answers_the_same(tmp_path, name, text):
    """Saved without pickle and read again: the same probabilities to the bit."""
    table = example_table(120)
    model = fit_classes(
        table, build("text", node("text", text)), build("classifier", node("classifier", name))
    )
    model.about = {"names": {"text": text, "classifier": name}}
    save_table_model(model, tmp_path / "model")
    again = load_table_model(tmp_path / "model")
    assert again.classes == model.classes
    assert again.proba(table).tobytes() == model.proba(table).tobytes()
    assert {path.suffix for path in (tmp_path / "model").iterdir()} <= {".json", ".npz", ".ubj"}


def test_a_changed_model_folder_is_refused(tmp_path):
    """One changed byte is told; a foreign class is not kept; a model of metrics is another thing."""
    table = example_table(60)
    model = fit_classes(
        table, build("text", node("text", "hashing")), build("classifier", node("classifier", "logistic"))
    )
    model.about = {"names": {"text": "hashing", "classifier": "logistic"}}
    save_table_model(model, tmp_path / "model")
    arrays = tmp_path / "model" / "arrays.npz"
    arrays.write_bytes(arrays.read_bytes()[:-1] + b"x")
    with pytest.raises(UserError, match="checksum"):
        load_table_model(tmp_path / "model")
    with pytest.raises(UserError, match="no model folder"):
        load_table_model(tmp_path)
    foreign = fit_classes(
        table,
        build("text", node("text", "hashing")),
        build("classifier", {"name": "sklearn.naive_bayes.GaussianNB"}),
    )
    with pytest.raises(UserError, match="without pickle"):
        save_table_model(foreign, tmp_path / "other")


def test_seven_lines():
    """The smallest example: seven lines, and two new ones are told."""
    table = Table(
        "seven lines",
        texts={"message": np.array([text for text, _ in SEEDS_D], dtype=object)},
        target=np.array([level for _, level in SEEDS_D], dtype=object),
    )
    for name in registry.names("classifier"):
        model = fit_classes(
            table, build("text", node("text", "tfidf")), build("classifier", node("classifier", name))
        )
        assert model.proba_of_texts(["x"]).shape == (1, 3)
    model = fit_classes(
        table, build("text", node("text", "tfidf")), build("classifier", node("classifier", "logistic"))
    )
    proba = model.proba_of_texts(["Connection refused by 10.9.9.9", "Service started in 1 ms"])
    assert [model.classes[best] for best in proba.argmax(axis=1)] == ["ERROR", "INFO"]


def test_folds_by_time_keep_moments_together():
    """Rows of one moment are all on one side, and the gap is kept."""
    table = example_table()
    coarse = Table(**{**vars(table), "time": table.time // 3_600_000_000_000 * 3_600_000_000_000})
    (fold,) = build("folds", node("folds", "time", gap="1h")).folds(coarse)
    assert coarse.time[fold.test].min() - coarse.time[fold.train].max() >= 3_600_000_000_000


def test_measures_equal_those_of_scikit_learn():
    """Macro-F1 and Brier score as scikit-learn has them; calibration as by hand."""
    draw = np.random.default_rng(0)
    truth, proba = draw.integers(0, 2, 200), draw.dirichlet([1, 1], 200)
    answer = proba.argmax(axis=1)
    assert np.isclose(macro_f1(confusion(truth, answer, 2)), f1_score(truth, answer, average="macro"))
    assert np.isclose(brier(proba, truth), 2 * brier_score_loss(truth, proba[:, 1]))
    assert calibration_error(np.ones(4), np.array([1.0, 1.0, 0.0, 0.0])) == 0.5
    assert np.isnan(calibration_error(np.empty(0), np.empty(0)))
    precision, recall, f1 = per_class(np.array([[0, 2], [0, 3]]))
    assert (precision.tolist(), recall.tolist(), f1.tolist()) == ([0, 0.6], [0, 1], [0, 0.75])
    assert measures(np.eye(3)[[0, 1]], np.array([0, 1]))["macro_f1"] == pytest.approx(2 / 3)


def test_a_whole_classification():
    """Measures, interval, baselines, classes and confusion fit together; the seed fixes every byte."""
    table = example_table()
    found, again = result_of(table), result_of(table)
    assert found.proba.tobytes() == again.proba.tobytes()
    assert found.intervals == again.intervals
    assert sorted(found.rows.tolist()) == list(range(len(table)))
    assert found.measures["macro_f1"] > found.baselines["majority"]["macro_f1"] + 0.3
    low, high = found.intervals["macro_f1_pooled"]
    assert low < found.measures["macro_f1_pooled"] < high
    assert np.sum(found.confusion) == len(table)
    assert sum(row["rows"] for row in found.per_class.values()) == len(table)
    assert (found.answers == table.labels()[found.rows]).mean() == pytest.approx(
        np.trace(found.confusion) / len(table)
    )


def test_a_random_split_says_that_it_leaks():
    """Who deals rows out at random is told so."""
    assert any(
        "Near copies" in caveat
        for caveat in result_of(example_table(), folds=node("folds", "random")).caveats
    )


def test_a_class_never_seen_in_training_is_told():
    """It cannot be answered, counts as wrong, and is named."""
    table = example_table()
    target = table.target.copy()
    target[-30:] = "new"
    found = result_of(Table(**{**vars(table), "target": target}), folds=node("folds", "time"))
    assert found.classes == ["maybe", "new", "no", "yes"]
    assert (found.proba[:, 1] == 0).all()
    assert found.per_class["new"]["recall"] == 0
    assert any("no training row is new" in caveat for caveat in found.caveats)


def test_like_rows_are_learned_from_once():
    """A message that came a thousand times weighs as one."""
    assert different_rows(np.zeros((5, 2)), ["a", "a", "b", "a", "b"]).tolist() == [0, 2]
    texts = np.array(["disk failed"] + [f"disk ready {n}" for n in range(1000)], dtype=object)
    table = Table("t", texts={"m": texts}, target=np.array(["bad"] + ["good"] * 1000, dtype=object))
    model = fit_classes(
        table,
        build("text", node("text", "tfidf")),
        build("classifier", node("classifier", "logistic", imbalance="none")),
    )
    assert model.classes[model.proba_of_texts(["disk failed"]).argmax()] == "bad"


def csv(tmp_path, **columns):
    rows = 40
    good = {"id": [f"r{n}" for n in range(rows)], "load": np.arange(rows) % 7, "region": ["east", "west"] * 20,
            "note": ["disk of node failed", "all is well here"] * 20, "outage": ["yes", "no"] * 20}  # fmt: skip
    path = tmp_path / "t.csv"
    pd.DataFrame(good | columns).to_csv(path, index=False)
    return path


def test_a_yes_and_no_column_works(tmp_path):
    """A CSV with numbers, words and sentences, and an answer beside them, from config nodes alone."""
    path = csv(tmp_path, outage=["yes", "no"] * 19 + [None, "no"])
    config = {
        "table": {"name": "csv", "path": str(path), "target": "outage"},
        "folds": node("folds", "random"), "text": node("text", "tfidf"), "classifier": node("classifier", "logistic"),
        "regressor": {"name": "none"},
    }  # fmt: skip
    built = build_table_parts(config)
    table = built.table.table()
    assert (list(table.numbers), list(table.categories), list(table.texts)) == (
        ["load"],
        ["region"],
        ["note"],
    )
    assert any("column id was left out" in note for note in table.notes)
    assert any("1 row without outage was" in note for note in table.notes)
    found = classify(table, built.folds, built, lambda _: nullcontext())
    assert found.measures["accuracy"] == 1.0
    new = Table("new", {"load": np.array([np.nan])}, {"region": np.array(["moon"], dtype=object)},
                {"note": np.array(["disk of node failed"], dtype=object)})  # fmt: skip
    assert found.model.classes[found.model.proba(new).argmax()] == "yes"


LEFT_OUT = {
    "a name": ({}, "column id was left out: nearly every row has a word of its own, such as 'r0'"),
    "times": ({"id": pd.date_range("2024-01-01", periods=40, freq="3h").strftime("%d.%m.%Y %H:%M")}, "holds times, such as '01.01.2024 00:00'; table.time=id"),
    "thousands": ({"id": [f"1.{n:03d},50" for n in range(40)]}, "'1.000,50' is no number; write numbers without"),
    "a unit": ({"id": [f"{n} EUR" for n in range(40)]}, "'0 EUR' is no number"),
    "numbers of rows": ({"id": range(7, 47)}, "column id numbers the rows"),
}  # fmt: skip


@pytest.mark.parametrize("case", LEFT_OUT)
def test_columns_that_say_nothing_are_told_with_what_would_be_right(tmp_path, case):
    """Times, numbers with units and names that a newcomer's file has: each is told by what it is."""
    columns, expected = LEFT_OUT[case]
    node = {"name": "csv", "path": str(csv(tmp_path, **columns)), "target": "outage"}
    notes = build("table", node).table().notes
    assert len(notes) == 1
    assert expected in notes[0]


BAD_TABLES = {
    "only yes or empty": ({"outage": ["x", None] * 20}, {}, "every cell is 'x' or empty, and an empty one means that nobody knows"),
    "no such target": ({}, {"target": "outege"}, "did you mean 'outage'"),
    "target among texts": ({}, {"texts": ["outage"]}, "is the target"),
    "no answers": ({"outage": None}, {}, "has no value at all"),
    "a word among numbers": ({"load": [1] * 39 + ["high"]}, {}, "row 41: 'high' is not a number"),
    "nothing else": ({}, {"leave_out": ["id", "load", "region", "note"]}, "no column to learn from"),
    "unknown column": ({}, {"group": "hots"}, "table.group"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_TABLES)
def test_tables_that_cannot_be_used(tmp_path, case):
    """Each gets one clear line."""
    columns, settings, expected = BAD_TABLES[case]
    with pytest.raises((DataError, ConfigError)) as refused:
        build(
            "table", {"name": "csv", "path": str(csv(tmp_path, **columns)), "target": "outage", **settings}
        ).table()
    assert expected in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


BAD_CHOICES = {
    "one class": (lambda t: Table(**{**vars(t), "target": np.full(len(t), "no", dtype=object)}), {}, "there is nothing to predict"),
    "numbers": (lambda t: Table(**{**vars(t), "target": np.arange(len(t)) / 7}), {}, "if it is a number, use classifier=none regressor=xgboost"),
    "no target": (lambda t: Table(**{**vars(t), "target": None}), {}, "table.target"),
    "no groups": (lambda t: Table(**{**vars(t), "group": None}), {}, "table.group"),
    "few groups": (lambda t: Table(**{**vars(t), "group": np.full(len(t), "one", dtype=object)}), {}, "has 1 group(s)"),
    "no time": (lambda t: Table(**{**vars(t), "time": None}), {"folds": node("folds", "time")}, "table.time"),
    "no moments": (lambda t: Table(**{**vars(t), "time": np.zeros(len(t), dtype=np.int64)}), {"folds": node("folds", "time")}, "too few distinct times"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_CHOICES)
def test_tables_that_do_not_suit_their_folds(case):
    """Each gets one clear line that names the key."""
    change, chosen, expected = BAD_CHOICES[case]
    with pytest.raises((DataError, ConfigError)) as refused:
        result_of(change(example_table()), **chosen)
    assert expected in str(refused.value)


BAD_CLASSES = {
    "no classifier": ("classifier", "sklearn.linear_model.Ridge", "is no classifier"),
    "a clustering": ("regressor", "sklearn.cluster.KMeans", "is no regressor"),
    "no probabilities": ("classifier", "sklearn.svm.LinearSVC", "use classifier=linear_svm"),
    "misspelt": ("classifier", "logistik", "did you mean 'logistic'?"),
    "not for folds": ("folds", "sklearn.model_selection.KFold", "takes the name of a registered plugin"),
}


@pytest.mark.parametrize("case", BAD_CLASSES)
def test_classes_that_keep_no_promise(case):
    """Each is refused before anything is read."""
    kind, name, expected = BAD_CLASSES[case]
    with pytest.raises(ConfigError) as refused:
        build(kind, {"name": name})
    assert expected in str(refused.value)


def test_all_mistakes_at_once():
    """Neither learner, or both, and every other mistake are told together."""
    with pytest.raises(ConfigError) as refused:
        build_table_parts(
            {
                "table": {"name": "csv", "path": "x"},
                "folds": {"name": "group", "parts": 1},
                "text": {"name": "tfdif"},
            }
        )
    told = str(refused.value)
    for part in (
        "choose one of classifier",
        "table.target: has to be given",
        "folds.parts",
        "did you mean 'tfidf'?",
    ):
        assert part in told


def test_a_model_of_several_columns_takes_no_lone_lines():
    """Lines of a log have one text; a model that wants more says so."""
    some = parts()
    model = fit_classes(example_table(60), some.text, some.classifier)
    with pytest.raises(DataError, match="has but one text"):
        model.proba_of_texts(["a line"])


def test_levels_of_loghub(needs):
    """Templates never seen before: better than both baselines, far below the leaking random split."""
    needs("loghub")
    from sre_anomaly.table.csv import CsvTable

    root = Path(os.environ["SRE_ANOMALY_DATA"]) / "loghub"
    table = CsvTable(
        str(root / "Zookeeper" / "Zookeeper_2k.log_structured.csv"), target="Level", group="EventId", texts=["Content"],
        leave_out=["LineId", "Date", "Time", "Node", "Component", "Id", "EventTemplate"],
    ).table()  # fmt: skip
    honest, leak = (result_of(table, folds=node("folds", name)) for name in ("group", "random"))
    assert leak.measures["macro_f1"] > 0.9
    assert honest.measures["macro_f1"] > honest.baselines["majority"]["macro_f1"]
    assert honest.measures["macro_f1"] < leak.measures["macro_f1"]
