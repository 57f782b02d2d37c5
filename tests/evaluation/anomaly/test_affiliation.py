"""Affiliation agrees with measuring every moment's distance by brute force."""

import numpy as np
import pytest

from sre_anomaly.evaluation.anomaly.affiliation import affiliation, affiliation_curves, affiliation_f_curve
from sre_anomaly.evaluation.anomaly.threshold_sweep import even_levels
from sre_anomaly.kernels.ranking import rank

STEPS = 16
"""All kinks of the integrands lie on sixteenths of a row, so the middle of each sixteenth integrates exactly."""


def _intervals(mask):
    """Return the stretches of time ``[start, stop)`` of the rows that a mask marks."""
    found = []
    for row in np.flatnonzero(mask).tolist():
        if found and found[-1][1] == row:
            found[-1][1] = row + 1
        else:
            found.append([row, row + 1])
    return found


def _distance(moments, intervals):
    """Return the distance of each moment from the nearest interval."""
    each = [np.maximum(np.maximum(a - moments, moments - b), 0.0) for a, b in intervals]
    return np.min(each, axis=0)


def _share_within(centre, radius, zone):
    """Return which share of a zone lies within a radius of an interval or moment ``centre = (a, b)``."""
    low, high = np.maximum(centre[0] - radius, zone[0]), np.minimum(centre[1] + radius, zone[1])
    return (high - low) / (zone[1] - zone[0])


def _literal(flags, labels):
    rows = len(labels)
    events, flagged = _intervals(labels == 1), _intervals(flags)
    precisions, recalls = [], []
    for number, event in enumerate(events):
        left = (events[number - 1][1] + event[0]) / 2 if number else 0.0
        right = (event[1] + events[number + 1][0]) / 2 if number + 1 < len(events) else float(rows)
        here = [(max(a, left), min(b, right)) for a, b in flagged if max(a, left) < min(b, right)]
        if not here:
            recalls.append(0.0)
            continue
        moments = (np.arange(rows * STEPS) + 0.5) / STEPS
        lit = moments[np.any([(moments > a) & (moments < b) for a, b in here], axis=0)]
        far = _distance(lit, [event])
        precisions.append(np.where(far > 0, 1 - _share_within(event, far, (left, right)), 1.0).mean())
        dark = moments[(moments > event[0]) & (moments < event[1])]
        far = _distance(dark, here)
        recalls.append((1 - _share_within((dark, dark), far, (left, right))).mean())
    return np.mean(precisions) if precisions else np.nan, np.mean(recalls)


def _case(seed):
    draw = np.random.default_rng(seed)
    rows = int(draw.integers(2, 50))
    labels = np.zeros(rows)
    for start in draw.integers(0, rows, draw.integers(1, 5)):
        labels[start : start + draw.integers(1, 7)] = 1
    if seed % 4 == 0:
        labels[0] = labels[-1] = 1
    return draw.random(rows) < draw.random() * 0.6, labels


def test_affiliation_is_measured_as_by_hand():
    """Precision and recall equal the integrals over all moments, on 400 random cases."""
    for seed in range(400):
        flags, labels = _case(seed)
        found = affiliation(flags, labels)
        precision, recall = _literal(flags, labels)
        assert (found.precision, found.recall) == pytest.approx((precision, recall), abs=1e-12, nan_ok=True)
        both = np.nan_to_num(precision) + recall
        assert found.f == pytest.approx(
            2 * np.nan_to_num(precision) * recall / both if both else 0.0, abs=1e-12
        )


def test_the_curves_are_the_measure_at_each_level():
    """Sweeping gives at every level what flagging there gives, ties and missing scores included."""
    for seed in range(60):
        draw = np.random.default_rng(seed)
        _, labels = _case(seed)
        scores = draw.integers(0, 6, len(labels)).astype(float)
        scores[draw.random(len(labels)) < 0.1] = np.nan
        sweep = even_levels(rank(scores), 10)
        precision, recall = affiliation_curves(sweep, labels)
        f = affiliation_f_curve(sweep, labels)
        for level in range(10):
            found = affiliation(sweep.at(level), labels)
            at = (precision[level], recall[level], f[level])
            assert at == pytest.approx((found.precision, found.recall, found.f), abs=1e-12, nan_ok=True)


def test_nearer_is_better_and_hits_are_perfect():
    """Flags on the anomaly score 1; the farther away a lone flag is, the less it scores."""
    labels = np.zeros(101)
    labels[50] = 1
    assert affiliation(labels == 1, labels).f == 1
    scores = [affiliation(np.arange(101) == row, labels).f for row in (51, 55, 70, 100)]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > 0.95


def test_edges_of_affiliation():
    """Nothing flagged has no precision and F 0; no anomaly gives NaN; all anomalous and flagged gives 1."""
    quiet, loud, on = np.zeros(4), np.ones(4), np.ones(4, dtype=bool)
    nothing = affiliation(~on, loud)
    assert np.isnan(nothing.precision)
    assert (nothing.recall, nothing.f) == (0, 0)
    found = affiliation(on, quiet)
    assert np.isnan([found.precision, found.recall, found.f]).all()
    assert affiliation(on, loud).f == 1
