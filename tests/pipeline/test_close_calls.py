"""What came near the threshold is told apart as the alert policy in force would have told pages apart."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from sre_anomaly.config.build import build_parts
from sre_anomaly.config.compose import composed
from sre_anomaly.frame import MetricFrame
from sre_anomaly.model.state import ModelState
from sre_anomaly.pipeline.close_calls import nearest_rows
from sre_anomaly.pipeline.detection import Detection
from sre_anomaly.records import Alert

MINUTE = 60 * 10**9


@pytest.mark.parametrize(
    ("chosen", "bridge", "told"),
    [
        (["alerts=page"], 120, [330]),
        (["alerts=page", "alerts.bridge=30m"], 30, [330, 100, 250]),
        (["alerts=page", "alerts.bridge=3h"], 180, []),
        (["alerts=incident"], 60, [330, 250]),
        (["alerts=every_flag"], 0, [330, 100, 250]),
        (["alerts=fatigue"], 10, [330, 100, 250]),
    ],
)
def test_stretches_are_as_far_apart_as_pages(chosen, bridge, told):
    """With a shorter bridge there are more of them, with a longer one fewer; near an alert there is none."""
    policy = build_parts(composed([*chosen, "forecaster=none"])).alerts
    policy.start(MINUTE)
    assert policy.bridge == timedelta(minutes=bridge)
    scores, levels = np.zeros(500), np.ones(500)
    scores[[100, 150, 250, 330]] = 0.8, 2.0, 0.7, 0.9
    time = pd.date_range("2024-05-06", periods=500, freq="1min", tz="UTC")
    frame = MetricFrame("one", time, np.zeros((500, 1)), ("one",))
    at = int(frame.time.asi8[150])
    alert = Alert(1, at, at, at + MINUTE, at, 2.0, 1.0, flags=1)
    nothing = ModelState(*np.empty((4, 0)))
    found = Detection(
        frame.values, [("one", "one")], scores, scores, levels, scores > levels, [alert], nothing
    )
    assert [row for row, _ in nearest_rows(frame, found, slice(0, 500), policy.bridge)] == told
