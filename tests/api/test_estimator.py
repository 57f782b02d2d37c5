"""A detector keeps scikit-learn's own rules for estimators."""

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from sre_anomaly import AnomalyDetector
from sre_anomaly.errors import ConfigError


@pytest.mark.slow
@parametrize_with_checks([AnomalyDetector()])
def test_it_is_an_estimator(estimator, check):
    """scikit-learn's own checks of an outlier detector pass."""
    check(estimator)


@pytest.mark.parametrize("detector", ["iforest", "gaussian", "kmeans", "zscore"])
def test_what_is_strange_is_below_zero(detector):
    """A row far from all others is an anomaly, and about the asked share of the training rows are."""
    rows = np.random.default_rng(0).normal(size=(500, 2))
    model = AnomalyDetector(detector, contamination=0.02).fit(rows)
    assert model.predict([[30.0, -30.0]])[0] == -1
    assert np.mean(model.predict(rows) == -1) == pytest.approx(0.02, abs=0.011)


def test_a_detector_that_cannot_is_refused():
    """One that needs labels says so."""
    with pytest.raises(ConfigError, match="needs labels"):
        AnomalyDetector("xgboost").fit(np.zeros((10, 2)))
