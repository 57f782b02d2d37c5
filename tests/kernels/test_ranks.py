"""Ranks among all earlier values: exact at first, nearly right for ever, in memory that does not grow."""

import numpy as np
import pytest

from sre_anomaly.kernels.compiled import compiled
from sre_anomaly.kernels.ranks import BUFFER, at_least, count, exceeded_by, new_ranks, remember


@compiled
def _ranked(values, ranks):
    out = np.empty(len(values))
    for row in range(len(values)):
        out[row] = at_least(ranks, values[row])
        remember(ranks, values[row])
    return out


@compiled
def _exceeded(ranks, rows):
    return exceeded_by(ranks, rows)


def _draw(kind, rows):
    draw = np.random.default_rng(0)
    return {
        "normal": lambda: draw.normal(size=rows),
        "heavy": lambda: draw.standard_cauchy(rows),
        "rising": lambda: np.arange(rows) + draw.normal(0, 3, rows),
        "falling": lambda: -np.arange(rows) + draw.normal(0, 3, rows),
        "few values": lambda: draw.integers(0, 5, rows).astype(float),
        "a new regime": lambda: np.where(np.arange(rows) < rows // 2, 0, 5) + draw.normal(size=rows),
    }[kind]()


KINDS = ["normal", "heavy", "rising", "falling", "few values", "a new regime"]


@pytest.mark.parametrize("kind", KINDS)
def test_ranks_are_exact_while_there_is_room(kind):
    """As many values as fit are counted one by one."""
    values = _draw(kind, 1500)
    expected = [(values[:row] >= values[row]).sum() for row in range(len(values))]
    assert _ranked(values, new_ranks(2048)).tolist() == expected


@pytest.mark.parametrize("kind", KINDS)
def test_ranks_stay_right_beyond(kind):
    """A hundred times as many values as fit: log ranks are right to 0.06, the ten largest exactly, none is lost."""
    values, ranks = _draw(kind, 200_000), new_ranks(2048)
    told = _ranked(values, ranks)
    assert count(ranks) == len(values)
    rows = np.arange(100_000, 200_000, 97)
    true = np.array([(values[:row] >= values[row]).sum() for row in rows])
    assert np.abs(np.log1p(told[rows]) - np.log1p(true)).max() < 0.06
    assert (told[rows] == true)[true < 10].all()


@pytest.mark.parametrize("rows", [1, 200, BUFFER, 1000])
def test_the_value_that_few_exceed(rows):
    """The smallest value that at most so many values exceed, as a sort gives it."""
    values = _draw("normal", rows)
    ranks = new_ranks(2048)
    _ranked(values, ranks)
    ordered = np.sort(values)[::-1]
    for most in (0, 1, 5, 199, 999):
        if most < rows:
            assert _exceeded(ranks, float(most)) == ordered[most]
    assert np.isnan(_exceeded(new_ranks(600), 1.0))
