"""A budget of pages: kept, never the worse for being larger, there from the first row, and not raised for ever."""

from datetime import timedelta
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_anomaly.config.build import build
from sre_anomaly.config.compose import composed
from sre_anomaly.errors import ConfigError

MINUTE = timedelta(minutes=1)
A_WEEK = 7 * 1440


@cache
def _shipped():
    """Return the settings as they ship; composing them takes longer than a test should."""
    return composed(["detector=baseline"])["threshold"]


def _pages(budget, **changes):
    node = _shipped() | {"pages_per_week": budget} | changes
    threshold = build("threshold", node)
    threshold.start(MINUTE)
    return threshold


def _count(flags, bridge=120):
    """Return how many pages (n,) flags are: those no more than so many rows apart are one."""
    at = np.flatnonzero(flags)
    return 0 if not len(at) else 1 + int((np.diff(at) > bridge).sum())


@given(st.integers(0, 2**32 - 1), st.floats(0.5, 20.0), st.floats(1.01, 5.0))
def test_a_larger_budget_never_catches_less(seed, budget, more):
    """Every flag of a small budget is a flag of a larger one."""
    scores = np.random.default_rng(seed).pareto(2.0, 3000) * 3.0
    small, large = _pages(budget).level(scores), _pages(budget * more).level(scores)
    assert (large <= small + 1e-9).all()


@pytest.mark.parametrize("budget", [1.0, 2.0, 4.0, 10.0])
def test_the_budget_is_a_ceiling(budget):
    """A series that would page many times a day is soon held to its budget."""
    generator = np.random.default_rng(3)
    scores = np.zeros(8 * A_WEEK)
    at = generator.integers(0, len(scores), 8 * 60)
    scores[at] = generator.exponential(6.0, len(at)) + 2.0
    flags = scores > _pages(budget).level(scores)
    assert _count(flags[4 * A_WEEK :]) / 4 <= 1.5 * budget


def test_there_is_a_level_from_the_first_row():
    """What other series showed is a level before there is a history; a quiet history gives no lower one."""
    levels = _pages(4.0).level(np.zeros(6 * A_WEEK))
    assert np.isfinite(levels).all()
    assert levels[-1] == pytest.approx(levels[0])


def test_an_incident_does_not_raise_it_for_ever():
    """After an incident of a day the level is soon what it was."""
    scores = np.zeros(6 * A_WEEK)
    scores[A_WEEK : A_WEEK + 1440] = 50.0
    levels = _pages(4.0).level(scores)
    assert levels[-1] == pytest.approx(levels[0])


def test_a_prior_that_is_none():
    """A prior whose rate does not fall is refused, with the key."""
    with pytest.raises(ConfigError, match=r"threshold\.prior"):
        _pages(2.0, prior={2.0: 1.0, 3.0: 1.0})


def test_a_fleet_that_pages_often_is_held_to_its_budget_from_the_first_day():
    """Pooled with a wild fleet a new series starts with a higher level, with a quiet one no lower; a larger budget still gives none higher."""
    wild = np.where(np.random.default_rng(5).random((A_WEEK, 20)) < 0.002, 24.0, 0.0)
    levels = []
    for budget in (2.0, 4.0):
        threshold = _pages(budget)
        states = np.tile(threshold.new_state(), (20, 1))
        alone = threshold.level(np.zeros(1))[0]
        assert threshold.pooled(states).level(np.zeros(1))[0] == pytest.approx(alone)
        for row in wild:
            threshold.advance(states, row)
        levels.append(threshold.pooled(states).level(np.zeros(1))[0])
        assert levels[-1] > 1.2 * alone
        quiet = np.tile(threshold.new_state(), (20, 1))
        quiet[:, 0] = 4 * A_WEEK
        assert threshold.pooled(quiet).level(np.zeros(1))[0] == pytest.approx(alone)
    assert levels[0] >= levels[1]
