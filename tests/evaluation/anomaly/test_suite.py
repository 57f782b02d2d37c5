"""The nine measures together: each is what its own function says, and they share one idea of a missing score."""

from dataclasses import fields

import numpy as np
import pytest

from sre_anomaly.evaluation.anomaly.affiliation import affiliation
from sre_anomaly.evaluation.anomaly.events import event_f1
from sre_anomaly.evaluation.anomaly.points import count, pr_auc, roc_auc
from sre_anomaly.evaluation.anomaly.ranges import range_score
from sre_anomaly.evaluation.anomaly.suite import suite
from sre_anomaly.evaluation.anomaly.vus import vus


def _case(seed):
    draw = np.random.default_rng(seed)
    rows = int(draw.integers(20, 120))
    labels = np.zeros(rows)
    for start in draw.integers(1, rows, draw.integers(1, 5)):
        labels[start : start + draw.integers(1, 9)] = 1
    labels[0] = 0
    scores = draw.integers(0, 9, rows).astype(float) if seed % 2 else draw.normal(0, 1, rows) + labels
    scores[draw.random(rows) < 0.05] = np.nan
    return scores, labels


def _literal(scores, labels, window):
    known = scores[np.isfinite(scores)]
    swept = [scores > level for level in np.linspace(known.min(), known.max(), 100)]
    cuts = [count(np.where(np.isfinite(scores), scores, -np.inf) >= cut, labels) for cut in [*known, -np.inf]]
    both = vus(scores, labels, window)
    return {
        "auc_pr": pr_auc(scores, labels),
        "auc_roc": roc_auc(scores, labels),
        "vus_pr": both.pr,
        "vus_roc": both.roc,
        "f1": max(2 * c.precision * c.recall / (c.precision + c.recall + 1e-5) for c in cuts),
        "point_adjusted_f1": max(_adjusted(flags, labels) for flags in swept),
        "event_f1": max(event_f1(flags, labels) for flags in swept),
        "range_f1": max(range_score(flags, labels).f1 for flags in swept),
        "affiliation_f": max(affiliation(flags, labels).f for flags in swept),
    }


def _adjusted(flags, labels):
    adjusted, event = flags.copy(), []
    for row, label in enumerate([*labels, 0]):
        if label == 1:
            event.append(row)
        elif event:
            adjusted[event] = flags[event].any()
            event = []
    return count(adjusted, labels).f1


def test_the_nine_are_what_each_says_alone():
    """Every measure of the suite is the best of its own function over the levels, on 40 random cases."""
    for seed in range(40):
        scores, labels = _case(seed)
        found = suite(scores, labels, window=10)
        for name, expected in _literal(scores, labels, 10).items():
            value = getattr(found, name)
            assert getattr(value, "f1", value) == pytest.approx(expected, abs=1e-12), (seed, name)


def test_perfect_scores_are_perfect():
    """Scores equal to the labels reach 1 everywhere but in standard F1, which TSB-AD nudges."""
    labels = np.zeros(200)
    labels[50:60] = labels[120:125] = 1
    found = suite(labels, labels, window=0)
    assert found.f1 == pytest.approx(1, abs=1e-5)
    for name in ("auc_pr", "auc_roc", "vus_pr", "event_f1", "range_f1", "affiliation_f"):
        assert getattr(found, name) == pytest.approx(1), name
    assert found.point_adjusted_f1.f1 == 1
    assert found.point_adjusted_f1.random < 1


def test_edges_of_the_suite():
    """No anomaly: nine times NaN. All anomalous: no ROC. All scores alike, or none at all: no F over levels."""
    scores = np.arange(12.0)
    quiet = suite(scores, np.zeros(12), window=4)
    assert np.isnan([getattr(quiet, f.name) for f in fields(quiet) if f.name != "point_adjusted_f1"]).all()
    assert np.isnan([quiet.point_adjusted_f1.f1, quiet.point_adjusted_f1.random]).all()
    assert np.isnan(
        [suite(np.empty(0), np.empty(0), window=4).auc_pr, suite(np.empty(0), np.empty(0), 4).vus_pr]
    ).all()
    loud = suite(scores, np.ones(12), window=4)
    assert np.isnan([loud.auc_roc, loud.vus_roc]).all()
    assert loud.auc_pr == 1
    labels = np.array([0, 0, 1, 1, 0, 0.0])
    for flat in (np.zeros(6), np.full(6, np.nan)):
        found = suite(flat, labels, window=2)
        assert found.auc_roc == 0.5
        assert (found.event_f1, found.range_f1, found.affiliation_f, found.point_adjusted_f1.f1) == (
            0,
            0,
            0,
            0,
        )


def test_a_monotone_change_of_scores_changes_no_ranking_measure():
    """Areas, volumes and standard F1 look at the order of scores only."""
    scores, labels = _case(2)
    first, second = suite(scores, labels, window=8), suite(np.exp(scores), labels, window=8)
    for name in ("auc_pr", "auc_roc", "vus_pr", "vus_roc", "f1"):
        assert getattr(first, name) == getattr(second, name)
