"""Point-adjusted and event-wise F1 agree with adjusting and counting row by row."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_anomaly.evaluation.anomaly.events import (
    adjusted_f1_curve,
    event_f1,
    event_f1_curve,
    point_adjusted,
)
from sre_anomaly.evaluation.anomaly.points import count
from sre_anomaly.evaluation.anomaly.threshold_sweep import even_levels
from sre_anomaly.kernels.ranking import rank

ROWS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30)


def _arrays(rows):
    return np.array([flag for flag, _ in rows]), np.array([float(label) for _, label in rows])


def _adjust(flags, labels):
    """Flag all rows of an event that has a flag, walking to both sides from each flag in it."""
    adjusted = flags.copy()
    for row in np.flatnonzero(flags & (labels == 1)):
        for step in (-1, 1):
            at = row
            while 0 <= at < len(labels) and labels[at] == 1:
                adjusted[at] = True
                at += step
    return adjusted


def _events(labels):
    found = []
    for row in np.flatnonzero(labels == 1).tolist():
        if found and found[-1][-1] == row - 1:
            found[-1].append(row)
        else:
            found.append([row])
    return found


@given(ROWS)
def test_point_adjusting_by_hand(rows):
    """The F1 is the plain F1 of flags adjusted row by row."""
    flags, labels = _arrays(rows)
    found = point_adjusted(flags, labels, seed=0)
    assert found.f1 == pytest.approx(count(_adjust(flags, labels), labels).f1, abs=1e-12, nan_ok=True)


def test_point_adjusting_flatters_chance():
    """A few random flags reach a high value on a long event, and the baseline says so."""
    labels = np.zeros(1000)
    labels[300:700] = 1
    flags = np.random.default_rng(0).permutation(np.arange(1000) < 30)
    found = point_adjusted(flags, labels, seed=1)
    assert count(flags, labels).f1 < 0.1
    assert found.f1 > 0.9
    assert found.random == pytest.approx(found.f1, abs=0.05)
    assert point_adjusted(flags, labels, seed=1) == found


@given(ROWS)
def test_event_f1_by_hand(rows):
    """Recall counts events, precision counts rows."""
    flags, labels = _arrays(rows)
    events = _events(labels)
    found = event_f1(flags, labels)
    if not events:
        assert np.isnan(found)
        return
    recall = np.mean([flags[event].any() for event in events])
    precision = labels[flags].mean() if flags.any() else 0.0
    both = precision + recall
    assert found == pytest.approx(2 * precision * recall / both if both else 0.0, abs=1e-12)


@given(
    st.lists(st.tuples(st.sampled_from([0.0, 1.0, 2.0, 3.5, np.nan]), st.booleans()), min_size=1, max_size=30)
)
def test_curves_are_the_measures_at_each_level(rows):
    """Sweeping gives at each level what flagging there gives."""
    scores, labels = _arrays(rows)
    sweep = even_levels(rank(scores), 9)
    adjusted, events = adjusted_f1_curve(sweep, labels), event_f1_curve(sweep, labels)
    for level in range(9):
        flags = sweep.at(level)
        assert adjusted[level] == pytest.approx(
            count(_adjust(flags, labels), labels).f1, abs=1e-12, nan_ok=True
        )
        assert events[level] == pytest.approx(event_f1(flags, labels), abs=1e-12, nan_ok=True)


def test_row_0_can_be_spared():
    """As in TSB-AD's code, the very first row is not adjusted when told so."""
    labels, scores = np.array([1.0, 1.0, 1.0, 0.0]), np.array([0.0, 1.0, 0.0, 0.0])
    sweep = even_levels(rank(scores), 2)
    assert adjusted_f1_curve(sweep, labels).tolist() == [0.0, 1.0]
    assert adjusted_f1_curve(sweep, labels, spare_row_0=True) == pytest.approx([0.0, 0.8])


def test_edges_of_events():
    """No anomaly gives NaN, nothing flagged 0, everything both 1."""
    quiet, loud, on = np.zeros(4), np.ones(4), np.ones(4, dtype=bool)
    assert np.isnan(
        [point_adjusted(on, quiet, 0).f1, point_adjusted(on, quiet, 0).random, event_f1(on, quiet)]
    ).all()
    assert (point_adjusted(~on, loud, 0).f1, event_f1(~on, loud)) == (0, 0)
    assert (point_adjusted(on, loud, 0).f1, event_f1(on, loud)) == (1, 1)
