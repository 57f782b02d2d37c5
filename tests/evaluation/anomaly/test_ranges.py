"""Range precision and recall agree with counting row by row."""

import numpy as np
import pytest

from sre_anomaly.evaluation.anomaly.ranges import range_f1_curve, range_score
from sre_anomaly.evaluation.anomaly.threshold_sweep import (
    even_levels,
    first_in_runs,
    one_level,
    ranked_levels,
    runs,
)
from sre_anomaly.kernels.ranking import rank


def _runs(mask):
    """List every run as a set of rows, one row at a time."""
    found = []
    for row, on in enumerate(mask):
        if on and row and mask[row - 1]:
            found[-1].add(row)
        elif on:
            found.append({row})
    return found


def _reward(ranges, others, alpha):
    """Average over ranges: touched at all, and the share covered divided by the pieces that cover it."""
    rewards = []
    for one in ranges:
        met = [other for other in others if one & other]
        covered = sum(len(one & other) for other in met)
        rewards.append(alpha * bool(met) + (1 - alpha) * (covered / len(one) / len(met) if met else 0.0))
    return sum(rewards) / len(rewards) if rewards else 0.0


def _literal(flags, labels, alpha):
    flagged, anomalies = _runs(flags), _runs(labels == 1)
    return _reward(flagged, anomalies, 0.0), _reward(anomalies, flagged, alpha)


def _case(seed):
    draw = np.random.default_rng(seed)
    rows = int(draw.integers(1, 60))
    labels = np.zeros(rows)
    for start in draw.integers(0, rows, draw.integers(1, 5)):
        labels[start : start + draw.integers(1, 8)] = 1
    if seed % 5 == 0:
        labels[0] = labels[-1] = 1
    return draw.random(rows) < draw.random(), labels


@pytest.mark.parametrize("alpha", [0.0, 0.2, 1.0])
def test_ranges_are_counted_as_by_hand(alpha):
    """Precision, recall and F1 equal the literal definition on 300 random cases."""
    for seed in range(300):
        flags, labels = _case(seed)
        precision, recall = _literal(flags, labels, alpha)
        found = range_score(flags, labels, alpha)
        both = precision + recall
        expected = (precision, recall, 2 * precision * recall / both if both else 0.0)
        assert (found.precision, found.recall, found.f1) == pytest.approx(expected, abs=1e-12)


def test_the_curve_is_the_score_at_each_level():
    """Sweeping gives at every level what flagging by hand gives there, ties and missing scores included."""
    for seed in range(60):
        draw = np.random.default_rng(seed)
        _, labels = _case(seed)
        scores = draw.integers(0, 6, len(labels)).astype(float)
        scores[draw.random(len(labels)) < 0.1] = np.nan
        curve = range_f1_curve(even_levels(rank(scores), 12), labels)
        known = scores[np.isfinite(scores)]
        levels = np.linspace(known.min(), known.max(), 12)[::-1] if len(known) else np.full(12, np.inf)
        expected = [range_score(scores > level, labels).f1 for level in levels]
        assert curve == pytest.approx(expected, abs=1e-12)


def test_edges_of_ranges():
    """Nothing flagged is 0; no anomaly is NaN but for precision; one run may be everything."""
    quiet, loud, on = np.zeros(5), np.ones(5), np.ones(5, dtype=bool)
    nothing = range_score(~on, loud)
    assert (nothing.precision, nothing.recall, nothing.f1) == (0, 0, 0)
    found = range_score(on, quiet)
    assert found.precision == 0
    assert np.isnan([found.recall, found.f1]).all()
    assert range_score(on, loud).f1 == 1
    assert range_score(np.array([1, 0, 1, 0, 1]) == 1, loud, alpha=0.0).recall == pytest.approx(0.2)


def test_a_label_that_is_not_known_is_not_anomalous():
    """Rows labelled NaN count as normal."""
    flags = np.array([0, 1, 1, 0]) == 1
    assert range_score(flags, np.array([0, 1, np.nan, 0])) == range_score(flags, np.array([0, 1.0, 0, 0]))


def test_sweeps_flag_what_their_levels_say():
    """Each kind of sweep says of each row from which level on it is flagged."""
    scores = np.array([3.0, 1.0, np.nan, 3.0, 2.0])
    even = even_levels(rank(scores), 3)
    assert even.first.tolist() == [1, 3, 3, 1, 2]
    assert even.flags.tolist() == [0, 2, 3]
    ranked = ranked_levels(rank(scores), 5)
    assert ranked.first.tolist() == [0, 3, 4, 0, 2]
    assert ranked.flags.tolist() == [2, 2, 3, 4, 5]
    assert even_levels(rank(np.full(4, np.nan)), 3).flags.tolist() == [0, 0, 0]
    mask = np.array([1, 0, 1]) == 1
    assert first_in_runs(one_level(mask), runs(np.array([1, 1, 0]) == 1)).tolist() == [0]
    assert len(runs(np.zeros(0, dtype=bool))) == 0
