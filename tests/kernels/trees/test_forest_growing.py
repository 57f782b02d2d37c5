"""Trees grown by compiled code are as those of scikit-learn: by what they find, how deep they are, and how often a value is cut."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from sre_anomaly.detector.iforest import IsolationForest
from sre_anomaly.kernels.trees.forest_growing import draw, grown, uniform
from sre_anomaly.kernels.trees.isolation_forest import expected_depth

FORESTS = 30


def rows():
    made = np.random.default_rng(1)
    X = np.column_stack([made.normal(size=(1000, 2)), made.integers(0, 3, 1000)])
    X[:40, :2] += made.normal(0, 3, (40, 2))
    return X


def test_forests_are_as_those_of_scikit_learn():
    """Mean score of ordinary and of strange rows, number of nodes and AUC differ by no more than chance."""
    X, truth = rows(), np.arange(1000) < 40
    found = {}
    for grown_by in ("us", "scikit-learn"):
        detectors = [
            IsolationForest(n_estimators=50, grown_by=grown_by, seed=seed).fit(X) for seed in range(FORESTS)
        ]
        scores = [one.score(X) for one in detectors]
        found[grown_by] = np.array(
            [
                [one[truth].mean(), one[~truth].mean(), roc_auc_score(truth, one), len(detector.forest_.left)]
                for one, detector in zip(scores, detectors, strict=True)
            ]
        )
    ours, theirs = found["us"], found["scikit-learn"]
    error = np.sqrt((ours.var(axis=0) + theirs.var(axis=0)) / FORESTS)
    assert (np.abs(ours.mean(axis=0) - theirs.mean(axis=0)) < 3.5 * error).all()


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 60), st.integers(1, 4), st.integers(2, 40), st.integers(0, 2**32), st.booleans())
def test_a_tree_is_a_tree(count, width, samples, seed, alike):
    """Children follow their parents, every node is reached once, leaves hold all rows, and none is too deep."""
    made = np.random.default_rng(seed)
    X = np.ones((count, width)) if alike else made.integers(0, 5, (count, width)).astype(float)
    forest = grown(X, trees=3, samples=samples, columns=width, seed=seed)
    ends = np.append(forest.root[1:], len(forest.left))
    deepest = np.ceil(np.log2(max(min(samples, count), 2)))
    for root, end in zip(forest.root, ends, strict=True):
        own = np.arange(root, end)
        left = forest.left[root:end]
        cut = own[left != own]
        assert (left[cut - root] > cut).all()
        children = np.concatenate([left[cut - root], left[cut - root] + 1])
        assert sorted(children) == own[1:].tolist()
        assert np.isinf(forest.threshold[root:end][left == own]).all()
    assert forest.steps.max() <= deepest
    assert np.isfinite(forest.score(X)).all()
    if alike:
        assert len(forest.left) == 3
        assert forest.depth[0] == pytest.approx(expected_depth(np.array([min(samples, count)]))[0])


def test_random_numbers_are_even():
    """A hundred thousand of them, by chi-square over a hundred parts; what is drawn is drawn once."""
    state = np.array([7], dtype=np.uint64)
    with np.errstate(over="ignore"):
        numbers = np.array([uniform(state) for _ in range(100_000)])
        drawn = np.arange(50)
        draw(state, drawn, 20)
    counts = np.histogram(numbers, bins=100, range=(0, 1))[0]
    assert ((counts - 1000) ** 2 / 1000).sum() < 160
    assert sorted(drawn) == list(range(50))
    assert len(set(drawn[:20])) == 20


def test_same_seed_same_forest():
    """Another seed gives another one."""
    X = rows()
    one, two, other = (grown(X, 5, 100, 2, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.threshold, two.threshold)
    assert not np.array_equal(one.threshold, other.threshold)
