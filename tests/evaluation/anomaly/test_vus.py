"""The volumes agree with drawing every curve of every width row by row."""

from itertools import pairwise

import numpy as np
import pytest

from sre_anomaly.evaluation.anomaly.period import period
from sre_anomaly.evaluation.anomaly.points import pr_auc, roc_auc
from sre_anomaly.evaluation.anomaly.vus import vus


def _events(labels):
    """List the rows of each anomaly."""
    found = []
    for row in np.flatnonzero(labels == 1).tolist():
        if found and found[-1][-1] == row - 1:
            found[-1].append(row)
        else:
            found.append([row])
    return found


def _weights(labels, width):
    """Return what a flag on each row is worth: 1 on anomalies, less the farther it is in buffers, added up to 1."""
    weight = np.zeros(len(labels))
    for event in _events(labels):
        for k in range(1, width // 2 + 1):
            for row in (event[0] - k, event[-1] + k):
                if 0 <= row < len(labels):
                    weight[row] += np.sqrt(1 - k / width)
    return np.where(labels == 1, 1.0, np.minimum(weight, 1.0))


def _groups(labels, half):
    """List the rows of each anomaly with its buffer; those that meet are one."""
    groups, last = [], -np.inf
    for event in _events(labels):
        rows = set(range(max(event[0] - half, 0), min(event[-1] + half, len(labels) - 1) + 1))
        if event[0] - half <= last + half:
            groups[-1] |= rows
        else:
            groups.append(rows)
        last = event[-1]
    return [sorted(group) for group in groups]


def _areas(ranked, labels, width, cuts):
    """Return both areas of one width, one level after the other."""
    weight, groups, rows = _weights(labels, width), _groups(labels, width // 2), len(labels)
    curve, precisions = [(0.0, 0.0)], []
    for cut in cuts:
        flags = ranked >= cut
        hits = weight[flags].sum()
        total = labels.sum() + weight[flags & (labels != 1)].sum() / 2
        false = (flags.sum() - hits) / (rows - total) if rows > total else np.nan
        curve.append((false, min(hits / total, 1) * np.mean([flags[group].any() for group in groups])))
        precisions.append(hits / flags.sum())
    pr = sum(
        (after[1] - before[1]) * p for (before, after), p in zip(pairwise(curve), precisions, strict=True)
    )
    curve.append((1.0, 1.0))
    return sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in pairwise(curve)), pr


def _literal(scores, labels, window, levels):
    """Return both volumes (Paparrizos et al., 2022), one width after the other."""
    ranked = np.where(np.isfinite(scores), scores, -np.inf)
    falling = np.sort(ranked)[::-1]
    cuts = [falling[int(place)] for place in np.linspace(0, len(labels) - 1, levels)]
    return np.mean([_areas(ranked, labels, width, cuts) for width in range(window + 1)], axis=0)


def _case(seed):
    draw = np.random.default_rng(seed)
    rows = int(draw.integers(3, 70))
    labels = np.zeros(rows)
    for start in draw.integers(0, rows, draw.integers(1, 6)):
        labels[start : start + draw.integers(1, 6)] = 1
    if seed % 4 == 0:
        labels[0] = labels[-1] = 1
    scores = draw.random(rows) + labels * draw.random()
    if seed % 2:
        scores = draw.integers(0, 5, rows).astype(float)
    if seed % 3 == 0:
        scores[draw.random(rows) < 0.15] = np.nan
    return scores, labels, int(draw.integers(0, 16)), int(draw.integers(2, 30))


def test_volumes_are_drawn_as_by_hand():
    """Both volumes equal the literal definition: ties, missing scores, edges, touching and shared buffers."""
    for seed in range(250):
        scores, labels, window, levels = _case(seed)
        found = vus(scores, labels, window, levels)
        expected = _literal(scores, labels, window, levels)
        assert (found.roc, found.pr) == pytest.approx(tuple(expected), abs=1e-12, nan_ok=True)


def test_a_row_among_many_buffers():
    """Where every other row is anomalous, each normal row lies in many buffers and counts in full."""
    labels = np.tile([1.0, 0.0], 20)
    scores = np.random.default_rng(0).random(40)
    found = vus(scores, labels, 12, 25)
    assert (found.roc, found.pr) == pytest.approx(tuple(_literal(scores, labels, 12, 25)), abs=1e-12)


def test_without_buffers_and_with_every_level_the_volumes_are_areas():
    """At window 0, with a level at each row and one anomaly, they are the ordinary areas."""
    draw = np.random.default_rng(1)
    scores, labels = draw.random(60), np.zeros(60)
    labels[20:30] = 1
    found = vus(scores, labels, 0, 60)
    assert found.roc == pytest.approx(roc_auc(scores, labels), abs=1e-12)
    assert found.pr == pytest.approx(pr_auc(scores, labels), abs=1e-12)


def test_edges_of_volumes():
    """No anomaly gives NaN twice; all anomalous gives NaN and 1; a constant score is no error."""
    scores = np.arange(6.0)
    quiet, loud = vus(scores, np.zeros(6), 4), vus(scores, np.ones(6), 4)
    assert np.isnan([quiet.roc, quiet.pr, loud.roc]).all()
    assert loud.pr == pytest.approx(1)
    flat = vus(np.zeros(6), np.array([0, 0, 1.0, 0, 0, 0]), 4)
    assert np.isfinite([flat.roc, flat.pr]).all()
    with pytest.raises(ValueError, match="0 rows or more, not -1"):
        vus(scores, np.ones(6), -1)


def _autocorrelation(values, lag):
    centred = values - values.mean()
    return (centred[lag:] * centred[: len(values) - lag]).sum() / (centred**2).sum()


def test_the_period_is_the_highest_local_maximum():
    """Of random mixtures of waves, the lag found is that of the highest local maximum of a plain autocorrelation."""
    for seed in range(20):
        draw = np.random.default_rng(seed)
        time = np.arange(int(draw.integers(450, 900)))
        values = np.sin(2 * np.pi * time / draw.integers(8, 280)) + draw.normal(0, draw.random(), len(time))
        found = np.array([_autocorrelation(values, lag) for lag in range(401)])
        peaks = [lag for lag in range(4, 400) if found[lag] > found[lag - 1] and found[lag] > found[lag + 1]]
        best = max(peaks, key=lambda lag: found[lag])
        assert period(values) == (best if 6 <= best <= 303 else 125)


def test_no_period_is_125():
    """A series that is constant, too short, broken or without a repeat has the fallback."""
    ramp = np.arange(1000.0)
    broken = np.sin(ramp)
    broken[5] = np.nan
    assert [period(v) for v in (np.ones(50), ramp, ramp[:3], broken, np.empty(0))] == [125] * 5
