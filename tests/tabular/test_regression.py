"""Numbers from rows: every regressor keeps its promise, intervals hold what they say, baselines are right."""

from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import yaml
from sklearn.metrics import mean_pinball_loss

from sre_anomaly import registry
from sre_anomaly.config.build import build
from sre_anomaly.config.build_table import TableParts
from sre_anomaly.dataset import Table
from sre_anomaly.errors import DataError
from sre_anomaly.evaluation.table.regression import measures, pinball, wape
from sre_anomaly.tabular.regression import regress

CONF = Path(__file__).parents[2] / "conf"
REGRESSORS = [*registry.names("regressor"), "sklearn.neighbors.KNeighborsRegressor"]


def node(kind, name, **changed):
    return yaml.safe_load((CONF / kind / f"{name}.yaml").read_text().replace("${seed}", "3")) | changed


def regressor(name):
    return build("regressor", {"name": name} if "." in name else node("regressor", name))


def table_of(rows=600, seed=0):
    """Return rows whose number follows from two numbers and a category, with noise that grows."""
    draw = np.random.default_rng(seed)
    load, size = draw.random(rows), draw.random(rows)
    kind = np.where(draw.random(rows) < 0.5, "read", "write").astype(object)
    target = 20 + 30 * load + 10 * (kind == "write") + draw.normal(0, 1 + 4 * load)
    return Table("latency", {"load": load, "size": size}, {"kind": kind}, target=target, target_name="latency",
                 time=np.arange(rows, dtype=np.int64) * 10**9)  # fmt: skip


def result_of(table, name="ridge", folds="time"):
    parts = TableParts(
        None,
        build("folds", node("folds", folds)),
        build("text", node("text", "tfidf")),
        regressor=regressor(name),
    )
    return regress(table, parts.folds, parts, lambda _: nullcontext())


@pytest.mark.parametrize("name", REGRESSORS)
def test_a_whole_regression(name):
    """Better than both baselines, an interval that holds about nine in ten, the same bytes again."""
    found, again = result_of(table_of(), name), result_of(table_of(), name)
    assert found.predicted.tobytes() == again.predicted.tobytes()
    assert found.measures["mae"] < 0.6 * min(one["mae"] for one in found.baselines.values())
    assert 0.82 < found.measures["coverage"] <= 1
    assert (found.lower <= found.predicted).all()
    assert (found.predicted <= found.upper).all()
    low, high = found.intervals["mae"]
    assert low < found.measures["mae"] < high
    assert found.caveats == []


def test_baselines_know_only_the_past():
    """The mean is of the training rows, the last number that of the newest row before."""
    table = Table("t", {"x": np.arange(20.0)}, target=np.arange(20.0), time=np.arange(20, dtype=np.int64))
    found = result_of(table)
    assert found.baselines["mean"]["mae"] == pytest.approx(np.abs(np.arange(14, 20) - 6.5).mean())
    assert found.baselines["last"]["mae"] == pytest.approx(np.abs(np.arange(14, 20) - 13).mean())


@pytest.mark.parametrize(
    ("rows", "said"), [(300, "300 rows are too few to say"), (1500, "does not predict its number")]
)
def test_what_cannot_be_told_is_said(rows, said):
    """Noise is no better than the mean, and the report says so; of few rows it does not conclude more."""
    draw = np.random.default_rng(0)
    table = Table(
        "noise",
        {"x": draw.normal(size=rows)},
        target=draw.normal(size=rows),
        time=np.arange(rows, dtype=np.int64),
    )
    (caveat,) = result_of(table, "xgboost").caveats
    assert "No better than a baseline" in caveat
    assert said in caveat


def test_measures():
    """Pinball as scikit-learn has it; shares by hand; nothing to divide by is NaN."""
    draw = np.random.default_rng(0)
    actual, predicted = draw.normal(size=50), draw.normal(size=50)
    assert pinball(actual, predicted, 0.9) == pytest.approx(mean_pinball_loss(actual, predicted, alpha=0.9))
    assert np.isnan(wape(np.zeros(3), np.ones(3)))
    found = measures(np.array([1.0, 2.0]), np.array([1.0, 3.0]), np.array([0.0, 2.5]), np.array([2.0, 3.5]))
    assert (found["mae"], found["coverage"], found["width"]) == (0.5, 0.5, 1.5)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (np.array(["fast", "slow"] * 30, dtype=object), "holds 'fast', and a regressor predicts numbers"),
        (np.array([1.0, np.inf] * 30), "holds infinity"),
        (None, "table.target"),
    ],
)
def test_targets_that_are_no_numbers(target, expected):
    """Each gets one clear line."""
    table = Table("t", {"x": np.arange(60.0)}, target=target, time=np.arange(60, dtype=np.int64))
    with pytest.raises(DataError) as refused:
        result_of(table)
    assert expected in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_too_few_rows():
    """A handful of rows is refused."""
    with pytest.raises(DataError, match="10 are needed"):
        result_of(table_of(8))
