"""The laws, as checks that any plugin can be held to. Shipped, so that a plugin's author can run them too.

>>> from sre_anomaly.testing import checks
>>> for check in checks("threshold"):
...     check({"name": "contamination"})

Each check takes a config node, builds the component anew and raises `AssertionError` where it breaks a law.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from sre_anomaly.config.build import build
from sre_anomaly.testing.detection_laws import ALERTS, DETECTOR, THRESHOLD
from sre_anomaly.testing.examples import (
    CUT,
    ROWS,
    Node,
    example_frame,
    fitted_forecaster,
    same,
    with_other_future,
)
from sre_anomaly.testing.learner_laws import CLASSIFIER, REGRESSOR, TEXT_ENCODER
from sre_anomaly.testing.table_laws import FOLDS, TABLE


def checks(kind: str) -> list[Callable[[Node], None]]:
    """Return the checks of a kind."""
    return CHECKS[kind]


# Features


def features_never_look_ahead(node: Node) -> None:
    """Change later rows: no earlier row of the output changes."""
    frame, features = example_frame(), build("features", node)
    features.fit(frame.rows(slice(0, CUT)))
    before = features.transform(frame)[:CUT]
    changed = with_other_future(frame)
    same(before, features.transform(changed)[:CUT], "a changed future changed the past")
    same(before, features.transform(frame.rows(slice(0, CUT))), "a prefix gives other rows than the whole")


def features_keep_their_shape(node: Node) -> None:
    """There are as many columns as named, as many rows as given, and no infinity."""
    frame, features = example_frame(), build("features", node)
    out = features.fit(frame).transform(frame)
    assert out.shape == (len(frame), len(features.columns(frame.metrics))), f"shape {out.shape}"
    assert out.dtype == np.float64, f"dtype {out.dtype}"
    assert not np.isinf(out).any(), "infinite features"
    assert np.isnan(out[: features.lookback]).all(), "rows before the lookback must be NaN"
    assert np.isfinite(out[features.lookback :]).any(), "no row has an answer"
    assert all(metric in (*frame.metrics, "") for _, metric in features.columns(frame.metrics))


def features_only_answer(node: Node) -> None:
    """Asking twice gives the same and leaves the input untouched."""
    frame, features = example_frame(), build("features", node)
    original = frame.values.copy()
    features.fit(frame)
    first = features.transform(frame)
    same(first, features.transform(frame), "asking changed the answer")
    same(original, frame.values, "the input was changed")


def features_survive_dull_metrics(node: Node) -> None:
    """Expect no infinity from a metric that never changes or is mostly missing."""
    frame = example_frame()
    frame.values[:, 0] = 7.0
    frame.values[10:, 1] = np.nan
    features = build("features", node).fit(frame)
    assert not np.isinf(features.transform(frame)).any(), "infinite features"


# Forecasters


def forecaster_never_looks_ahead(node: Node) -> None:
    """Forecasting many origins at once equals forecasting each from its history alone."""
    frame = example_frame()
    forecaster = fitted_forecaster(node, frame)
    origins = range(max(CUT, forecaster.lookback), ROWS, 25)
    together = forecaster.predict_each(frame.values, origins, 4)
    alone = np.stack([forecaster.predict(frame.values[:origin], 4) for origin in origins])
    same(together, alone, "an origin alone is forecast differently")
    assert together.shape == (len(origins), 4, frame.values.shape[1]), f"shape {together.shape}"
    assert np.isfinite(together).all(), "a forecast is missing although there is history"


def forecaster_only_answers(node: Node) -> None:
    """Forecasting twice gives the same, two equal fits agree, and the input stays."""
    frame = example_frame()
    original = frame.values.copy()
    forecaster, other = fitted_forecaster(node, frame), fitted_forecaster(node, frame)
    first = forecaster.predict(frame.values, 3)
    same(first, forecaster.predict(frame.values, 3), "asking changed the answer")
    assert first.tobytes() == other.predict(frame.values, 3).tobytes(), "two equal fits differ"
    same(original, frame.values, "the input was changed")


# Data sources and splits


def data_is_deterministic(node: Node) -> None:
    """Read twice: the same bytes and the same truth."""
    first, second = next(build("data", node).frames()), next(build("data", node).frames())
    assert first.fingerprint == second.fingerprint, "reading twice gives other data"
    assert first.incidents == second.incidents, "reading twice gives other incidents"
    assert first.values.dtype == np.float64
    assert not np.isinf(first.values).any(), "infinite values"


def split_goes_forward(node: Node) -> None:
    """Spans lie inside the frame; unless it is one span, learning ends before choosing and judging begin."""
    frame = example_frame(rows=3 * ROWS)
    spans = build("split", node).split(frame)
    ordered = [span for span in (spans.train, spans.validation, spans.test) if span is not None]
    assert all(0 <= span.start < span.stop <= len(frame) for span in ordered), "a span is empty or outside"
    if not spans.in_sample:
        assert all(a.stop <= b.start for a, b in pairwise(ordered)), "spans overlap"


CHECKS: dict[str, list[Callable[[Node], None]]] = {
    "data": [data_is_deterministic],
    "split": [split_goes_forward],
    "features": [
        features_never_look_ahead,
        features_keep_their_shape,
        features_only_answer,
        features_survive_dull_metrics,
    ],
    "detector": DETECTOR,
    "threshold": THRESHOLD,
    "alerts": ALERTS,
    "forecaster": [forecaster_never_looks_ahead, forecaster_only_answers],
    "table": TABLE,
    "folds": FOLDS,
    "text": TEXT_ENCODER,
    "classifier": CLASSIFIER,
    "regressor": REGRESSOR,
}
