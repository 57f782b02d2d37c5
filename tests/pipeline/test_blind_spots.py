"""What a run says that its metrics could not tell is true of the detector that ran."""

import numpy as np
import pytest

from sre_anomaly.config.build import build_parts
from sre_anomaly.config.compose import composed
from sre_anomaly.frame import Split
from sre_anomaly.parallel.progress import Stages
from sre_anomaly.pipeline.blind_spots import blind_spots
from sre_anomaly.pipeline.detection import detect, prepare
from sre_anomaly.testing.examples import example_frame


@pytest.mark.parametrize(
    ("detector", "told"),
    [
        ("baseline", "the first 30 have no score, and what is usual rests on little"),
        ("zscore", "what is usual rests on little"),
    ],
)
def test_where_scores_begin(detector, told):
    """The baseline has no score for its first data points, and a detector that was trained on all has one for each."""
    frame = example_frame().rows(slice(0, 120))
    parts = build_parts(composed([f"detector={detector}", "features=raw"]))
    split = Split(slice(0, 120), None, slice(0, 120))
    with Stages() as stages:
        prepared = prepare(frame, split, parts.features, stages.stage)
        scores = detect(frame, split, prepared, parts, stages.stage).scores
    assert blind_spots(frame, scores)[0] == f"120 data points are few: {told}"


def test_no_score_at_all():
    """A history that is too short for any answer says so; a long one says nothing of its length."""
    assert blind_spots(example_frame().rows(slice(0, 25)), np.full(25, np.nan))[0].endswith(
        "none of them has a score"
    )
    assert not any("few" in line for line in blind_spots(example_frame(), np.zeros(700)))
