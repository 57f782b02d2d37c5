"""The compiled booster says what XGBoost's says, bit for bit."""

import os
import subprocess
import sys

import numpy as np
import pytest
import xgboost

from sre_anomaly.kernels.trees.boosted_trees import BLOCK, FEW, FlatBooster


def rows(count, columns=6, gaps=0.1, seed=0):
    draw = np.random.default_rng(seed)
    X = draw.normal(0, 1, (count, columns)) * np.logspace(-3, 6, columns)
    X[draw.random(X.shape) < gaps] = np.nan
    return X


def grown(X, rounds=20, **parameters):
    noise = np.random.default_rng(9).normal(0, 0.5, len(X))
    y = (np.nan_to_num(X[:, 0]) * 1e3 + noise > 0.3).astype(float)
    parameters = {"objective": "binary:logistic", "nthread": 1, "seed": 0, **parameters}
    return xgboost.train(parameters, xgboost.DMatrix(X, y), rounds)


def agree(booster, X):
    flat = FlatBooster.of(booster)
    assert {part.dtype for part in flat.arrays().values()} == {np.dtype("uint32"), np.dtype("float32")}
    expected = booster.inplace_predict(X, predict_type="margin")
    assert flat.margins(X).astype(np.float32).tobytes() == expected.tobytes()
    return flat


@pytest.mark.parametrize("gaps", [0.0, 0.3])
@pytest.mark.parametrize("depth", range(1, 9))
def test_margins_are_xgboosts(depth, gaps):
    """All depths, with and without missing values, on rows seen, on rows unseen and on gaps never seen."""
    X = rows(1500, gaps=gaps)
    booster = grown(X, max_depth=depth, subsample=0.8, colsample_bytree=0.5, gamma=0.01)
    agree(booster, X)
    agree(booster, rows(3 * BLOCK + 1, gaps=0.4, seed=1))
    agree(booster, np.full((1, 6), np.nan))


@pytest.mark.parametrize(
    "parameters",
    [
        {"tree_method": "exact", "gamma": 1.0},
        {"grow_policy": "lossguide", "max_depth": 0, "max_leaves": 40},
        {"num_parallel_tree": 3, "subsample": 0.5},
        {"objective": "reg:squarederror"},
        {"objective": "count:poisson"},
    ],
)
def test_other_ways_to_grow(parameters):
    """Pruned trees, lopsided trees, several a round, and other objectives with one output."""
    agree(grown(rows(1500), **parameters), rows(700, seed=1))


@pytest.mark.parametrize("base_score", [None, *np.random.default_rng(3).uniform(0.001, 0.999, 60)])
def test_base_score(base_score):
    """Whatever the first guess, learned or given, its log-odds have XGBoost's last bit."""
    X = rows(300)
    chosen = {} if base_score is None else {"base_score": float(base_score)}
    agree(grown(X, rounds=2, max_depth=2, **chosen), X)
    agree(grown(X, rounds=1, min_child_weight=1e9, **chosen), X)


def test_slices():
    """A booster that stopped early is flattened as it was sliced."""
    X = rows(800)
    booster = grown(X)
    sizes = [len(agree(booster[:k], X).root) for k in (1, 7, 20)]
    assert sizes == [1, 7, 20]


def test_ties():
    """Values right at a cut, one float32 beside it, or merged with it by float32, turn as XGBoost turns them."""
    X = np.random.default_rng(2).integers(-2, 3, (2000, 3)) * [1e-3, 1.0, 0.1]
    booster = grown(X)
    flat = agree(booster, X)
    cuts = flat.threshold[~np.isnan(flat.threshold)]
    beside = [np.nextafter(cuts, np.float32(side)) for side in (-np.inf, np.inf)]
    near = np.concatenate([cuts, *beside]).astype(np.float64)
    agree(booster, np.column_stack([np.concatenate([near, np.nextafter(near, np.inf)])] * 3))


def test_strange_numbers():
    """Infinity, both zeros, and numbers too large or too small for float32."""
    strange = [np.inf, -np.inf, 0.0, -0.0, 1e300, -1e300, 1e-300, -1e-300, 1e-45, np.nan]
    grid = np.stack(np.meshgrid(strange, strange, strange), axis=-1).reshape(-1, 3)
    X = np.random.default_rng(5).integers(-2, 3, (900, 3)) / 1e3
    for gaps in (0.0, 0.3):
        X[np.random.default_rng(6).random(X.shape) < gaps] = np.nan
        agree(grown(X), grid)


def test_a_row_is_scored_alone():
    """A row has the same bits alone, among few, among many, and wherever it stands."""
    X = rows(2 * BLOCK + 9)
    flat = FlatBooster.of(grown(X))
    together = flat.margins(X)
    for few in {1, FEW - 1, FEW, BLOCK}:
        parts = [flat.margins(X[row : row + few]) for row in range(0, len(X), few)]
        assert np.concatenate(parts).tobytes() == together.tobytes()
    order = np.random.default_rng(4).permutation(len(X))
    assert flat.margins(X[order]).tobytes() == together[order].tobytes()
    assert flat.margins(np.asfortranarray(X)).tobytes() == together.tobytes()
    assert flat.margins(X[:0]).shape == (0,)


def test_round_trip(tmp_path):
    """An npz file is enough to score where XGBoost is never imported."""
    X = rows(500)
    flat = FlatBooster.of(grown(X))
    np.savez(tmp_path / "flat.npz", **flat.arrays())
    np.savez(tmp_path / "rows.npz", X=X, expected=flat.margins(X))
    with np.load(tmp_path / "flat.npz") as stored:
        assert FlatBooster(**stored).margins(X).tobytes() == flat.margins(X).tobytes()
    program = (
        "import sys, numpy as np; from sre_anomaly.kernels.trees.boosted_trees import FlatBooster; rows = np.load('rows.npz');"
        "flat = FlatBooster(**np.load('flat.npz'));"
        "assert flat.margins(rows['X']).tobytes() == rows['expected'].tobytes();"
        "assert 'xgboost' not in sys.modules"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path, env=environment)


def test_what_cannot_be_flattened():
    """Cuts by category, other kinds of booster, several outputs and no trees at all are refused."""
    X = np.random.default_rng(7).integers(0, 4, (300, 2)).astype(float)
    kinds = xgboost.DMatrix(X, X[:, 0] % 2, feature_types=["c", "q"], enable_categorical=True)
    with pytest.raises(ValueError, match="category"):
        FlatBooster.of(xgboost.train({"objective": "binary:logistic"}, kinds, 2))
    several = xgboost.train({"objective": "multi:softprob", "num_class": 4}, xgboost.DMatrix(X, X[:, 0]), 2)
    for booster in (several, grown(X, booster="dart"), grown(X, rounds=0), grown(X, booster="gblinear")):
        with pytest.raises(ValueError, match="single output"):
            FlatBooster.of(booster)


def test_rows_that_are_too_short():
    """Rows without a column that the trees ask about are refused, not read beyond their end."""
    X = rows(500)
    flat = FlatBooster.of(grown(X))
    for wrong in (X[:, :1], X[0], X[:1, :0]):
        with pytest.raises(ValueError, match="more columns"):
            flat.margins(wrong)
