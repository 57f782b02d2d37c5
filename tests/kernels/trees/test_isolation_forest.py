"""The compiled forest says what scikit-learn's says."""

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest

from sre_anomaly.kernels.trees.isolation_forest import BLOCK, FlatForest, expected_depth


def grown(X, **arguments):
    model = IsolationForest(n_estimators=30, random_state=0, **arguments).fit(X)
    return model, FlatForest.of(model)


def agree(model, forest, X):
    np.testing.assert_allclose(forest.score(X), -model.score_samples(X), rtol=0, atol=1e-12)


@pytest.mark.parametrize("columns", [1, 2, 7])
@pytest.mark.parametrize("rows", [2, 40, 3 * BLOCK + 1])
def test_scores_are_scikit_learns(columns, rows):
    """Scores equal score_samples to 1e-12, on rows seen and on rows far outside."""
    draw = np.random.default_rng(columns)
    X = draw.normal(50, 9, (rows, columns))
    model, forest = grown(X)
    agree(model, forest, X)
    agree(model, forest, draw.normal(50, 900, (rows, columns)))


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_each_tree_asks_about_its_own_columns(share):
    """With max_features below 1 every tree has columns of its own."""
    X = np.random.default_rng(1).normal(0, 1, (500, 6)) * [1, 10, 100, 1, 1e-3, 1e6]
    model, forest = grown(X, max_features=share)
    assert any(len(columns) < 6 for columns in model.estimators_features_)
    agree(model, forest, X)


def test_values_on_a_threshold_go_the_same_way():
    """Whole numbers, equal rows and values right at a cut are compared as scikit-learn compares them."""
    X = np.random.default_rng(2).integers(0, 4, (2000, 3)).astype(np.float64)
    model, forest = grown(X)
    agree(model, forest, X)
    cuts = np.concatenate([tree.tree_.threshold[tree.tree_.feature >= 0] for tree in model.estimators_])
    near = np.concatenate([cuts, cuts.astype(np.float32), np.nextafter(cuts.astype(np.float32), np.inf)])
    agree(model, forest, np.column_stack([near] * 3))


def test_large_numbers_are_compared_as_float32():
    """Counters so large that float32 merges neighbours are merged alike."""
    X = 1e9 + np.random.default_rng(3).normal(0, 200, (800, 2))
    model, forest = grown(X)
    agree(model, forest, X)


def test_trees_without_a_cut():
    """Rows that are all the same leave nothing to cut: one score for all."""
    X = np.full((300, 2), 7.0)
    model, forest = grown(X)
    agree(model, forest, X)
    assert len(set(forest.score(X))) == 1


def test_a_row_is_scored_alone():
    """A row has the same bits alone, in company, and wherever it stands; equal rows have equal scores."""
    draw = np.random.default_rng(4)
    X = draw.normal(0, 1, (2 * BLOCK + 9, 3))
    _, forest = grown(X)
    together = forest.score(X)
    alone = np.array([forest.score(X[row : row + 1])[0] for row in range(len(X))])
    assert together.tobytes() == alone.tobytes()
    order = draw.permutation(len(X))
    assert forest.score(X[order]).tobytes() == together[order].tobytes()
    assert len(set(forest.score(np.repeat(X[:1], BLOCK + 3, axis=0)))) == 1
    assert forest.score(X[:0]).shape == (0,)


def test_other_layouts_of_the_same_rows():
    """Columns first, a slice with steps or whole numbers: the same scores."""
    X = np.random.default_rng(5).integers(0, 50, (400, 4))
    _, forest = grown(X.astype(np.float64))
    plain = forest.score(X.astype(np.float64))
    assert forest.score(np.asfortranarray(X)).tobytes() == plain.tobytes()
    assert forest.score(X[::2]).tobytes() == plain[::2].tobytes()


def test_expected_depth_of_few_rows():
    """No cut for one row, one for two, and the formula from there on."""
    np.testing.assert_allclose(expected_depth(np.array([0, 1, 2, 3])), [0, 0, 1, 1.2073923], atol=1e-7)
