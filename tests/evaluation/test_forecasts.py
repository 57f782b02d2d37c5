"""Measures of forecasts, by hand."""

import numpy as np
import pytest

from sre_anomaly.evaluation.forecasts import crps, smape, winkler, wql


def test_the_share_of_an_error():
    """An error as large as what came and was forecast together is 2; nothing of nothing is no error."""
    assert smape(np.array([0.0, 4.0, 0.0]), np.array([5.0, 4.0, 0.0])) == pytest.approx(2 / 3)


def test_winkler_is_the_width_and_a_fine():
    """A value one unit outside a 90 % interval costs 20 units; one inside costs the width alone."""
    low, high = np.array([0.0, 0.0]), np.array([2.0, 2.0])
    assert winkler(np.array([1.0, 1.0]), low, high, 0.9) == pytest.approx(2.0)
    assert winkler(np.array([1.0, 3.0]), low, high, 0.9) == pytest.approx((2 + 22) / 2)


def test_crps_prefers_the_true_spread():
    """Quantiles of the right distribution cost less than sharper or wider ones, and less than its middle alone."""
    shares = np.arange(0.1, 1.0, 0.1)
    came = np.random.default_rng(0).normal(size=4000)
    right = np.quantile(came, shares)

    def cost(quantiles):
        return crps(came, np.tile(quantiles, (len(came), 1)), shares)

    assert cost(right) < min(cost(0.5 * right), cost(2 * right), cost(0 * right))
    assert wql(3 + came, np.tile(3 + right, (len(came), 1)), shares) == pytest.approx(
        cost(right) / np.abs(3 + came).mean()
    )
