"""Every component that can be chosen keeps the laws."""

from dataclasses import replace

import numpy as np
import pytest

from sre_anomaly import registry
from sre_anomaly.classifier.naive_bayes import NaiveBayes
from sre_anomaly.config.build import NOTHING, OPTIONAL
from sre_anomaly.config.catalogue import options
from sre_anomaly.config.compose import composed
from sre_anomaly.folds.group import ByGroup
from sre_anomaly.folds.time import ByTime
from sre_anomaly.regressor.ridge import Ridge
from sre_anomaly.table.seven_lines import SevenLines
from sre_anomaly.table_contracts import Fold
from sre_anomaly.testing import checks
from sre_anomaly.text.hashing import Hashing

ASKED = {"cloudwatch", "cloudwatch_fleet", "prometheus", "prometheus_fleet", "sql"}
"""Sources that ask a server."""
LOCAL = ASKED | {
    "csv",
    "csv_folder",
    "nab",
    "nab_corpus",
    "asd",
    "smd",
    "servers",
    "inject",
    "logs",
    "loghub",
}
"""Sources that need what is not here; their own tests cover them."""
FILES = ASKED | {"csv", "csv_folder", "inject", "logs"}
"""Sources that have to be told which."""


def _cases():
    for kind in (*registry.KINDS, *registry.TABLE_KINDS):
        for name in options(kind):
            if (kind in OPTIONAL and name == NOTHING) or (kind in {"data", "table"} and name in LOCAL):
                continue
            for check in checks(kind):
                yield pytest.param(kind, name, check, id=f"{kind}={name}-{check.__name__}")


@pytest.mark.parametrize(("kind", "name", "check"), list(_cases()))
def test_component_keeps_the_law(kind, name, check):
    """Each check of a kind holds for each of its options, built from the YAML as shipped."""
    overrides = [f"{kind}={name}"]
    if kind == "data" and name == "generator":
        overrides += ["data.days=10", "data.count=1", "data.hard_negative_count=1"]
    check(composed(overrides)[kind])


@pytest.mark.parametrize(
    "name", ["sklearn.ensemble.RandomForestClassifier", "sklearn.neighbors.KNeighborsRegressor"]
)
def test_a_class_of_another_library_keeps_the_law(name):
    """What YAML names by its class path is held to the same checks."""
    for check in checks("classifier" if "Classifier" in name else "regressor"):
        check({"name": name})


@pytest.mark.parametrize("kind", registry.KINDS)
def test_the_same_word_stands_in_four_places(kind):
    """A registered name has a YAML file of that name, and a YAML file with a short name is registered."""
    shown = set(options(kind)) - ({NOTHING} if kind in OPTIONAL else set())
    nodes = {
        name: composed([f"{kind}={name}", *(["data.path=x"] if name in FILES else [])])
        for name in shown
        if name not in FILES
    }
    own = {name for name, node in nodes.items() if "." not in node[kind]["name"]} | (shown & FILES)
    assert own == set(registry.names(kind))
    for name in own - FILES:
        assert nodes[name][kind]["name"] == name
        module = registry.lookup(kind, name).__module__.split(".")
        assert (module[0], module[1], module[-1]) == ("sre_anomaly", kind, name)


class Sure(NaiveBayes):
    def proba(self, X):
        return super().proba(X) * 2


class Swayed(NaiveBayes):
    def proba(self, X):
        proba = super().proba(X) + (X.shape[0] > 1) * np.array([0.3, 0.0, 0.0])[: len(self.classes_)]
        return proba / proba.sum(axis=1, keepdims=True)


class Forgetful(NaiveBayes):
    def learned(self):
        return {**super().learned(), "intercepts_": self.intercepts_ * 0}


class Restless(NaiveBayes):
    def proba(self, X):
        self.intercepts_ = self.intercepts_ + 0.01
        return super().proba(X)


class Touchy(NaiveBayes):
    def proba(self, X):
        assert abs(X).max() < 100
        return super().proba(X)


class Backward(NaiveBayes):
    def fit(self, X, y, weight=None):
        super().fit(X, y, weight)
        self.classes_ = self.classes_[::-1]
        return self


class Halved(Ridge):
    def predict(self, X):
        return super().predict(X)[::2]


class Crossed(Ridge):
    def quantiles(self, X):
        return np.stack([self.predict(X) + 1, self.predict(X)], axis=1)


class Centred(Ridge):
    def predict(self, X):
        told = super().predict(X)
        return told - told.mean() * 0.5


class Numbering(Hashing):
    def transform(self, texts):
        X = super().transform(texts)
        X.data = X.data + np.arange(len(X.data))
        return X


class Cut(Hashing):
    def transform(self, texts):
        return super().transform([text for text in texts if text])


class Leaky(ByGroup):
    def folds(self, table):
        return [Fold(one.name, np.r_[one.train, one.test[:1]], one.test[1:]) for one in super().folds(table)]


class Overlapping(ByGroup):
    def folds(self, table):
        return [Fold(one.name, np.r_[one.train, one.test[:1]], one.test) for one in super().folds(table)]


class Prophet(ByTime):
    def folds(self, table):
        return [Fold(one.name, one.test, one.train) for one in super().folds(table)]


class Raw(ByTime):
    def folds(self, table):
        assert table.time is not None
        return super().folds(table)


class Drawn(SevenLines):
    def table(self):
        return replace(super().table(), target=np.random.default_rng().random(7))


class Ragged(SevenLines):
    def table(self):
        return replace(super().table(), group=np.array(["a"], dtype=object))


BROKEN = {
    Sure: "a row does not add up to 1",
    Swayed: "a row by itself is answered differently",
    Forgetful: "a saved model answers differently",
    Restless: "asking changed the answer",
    Touchy: "",
    Backward: "classes",
    Halved: "shape",
    Crossed: "an interval ends before it begins",
    Centred: "a row by itself is answered differently",
    Numbering: "a text by itself looks different",
    Cut: "texts",
    Leaky: "near copies stand on both sides",
    Overlapping: "a row is on both sides",
    Prophet: "near copies stand on both sides",
    Raw: "",
    Drawn: "reading twice gives another table",
    Ragged: "group has 1 values for 7 rows",
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_plugin_is_found(broken, monkeypatch):
    """Each way to break a promise fails the check that is for it, in words."""
    kinds = {NaiveBayes: "classifier", Ridge: "regressor", Hashing: "text", SevenLines: "table"}
    kind = kinds.get(broken.__base__, "folds")
    monkeypatch.setitem(registry._classes, (kind, "broken"), broken)
    told = []
    for check in checks(kind):
        try:
            check({"name": "broken"})
        except AssertionError as error:
            told.append(str(error))
    assert any(BROKEN[broken] in one for one in told), told
