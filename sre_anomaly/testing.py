"""The laws, as checks that any plugin can be held to. Shipped, so that a plugin's author can run them too.

>>> from sre_anomaly.testing import checks
>>> for check in checks("threshold"):
...     check({"name": "contamination"})

Each check takes a config node, builds the component anew and raises `AssertionError` where it breaks a law.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from sre_anomaly.build import build
from sre_anomaly.examples import (
    CUT,
    ROWS,
    Node,
    assert_equal_alerts,
    example_flags,
    example_frame,
    example_scores,
    fitted,
    fitted_forecaster,
    replay,
    same,
    with_other_future,
)


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


# Detectors


def detector_scores_each_row_alone(node: Node) -> None:
    """Score rows with others and alone: equal, so nothing later can reach a score."""
    X, detector = fitted(node)
    together = detector.score(X[:40])
    same(together[:15], detector.score(X[:15]), "a prefix is scored differently")
    alone = np.array([detector.score(X[row : row + 1])[0] for row in range(15)])
    same(together[:15], alone, "a row alone is scored differently")


def detector_keeps_its_shape(node: Node) -> None:
    """One finite float64 score a row; contributions, if any, one a column."""
    X, detector = fitted(node)
    scores = detector.score(X[:40])
    assert scores.shape == (40,), f"shape {scores.shape}"
    assert scores.dtype == np.float64, f"dtype {scores.dtype}"
    assert np.isfinite(scores).all(), "scores of complete rows must be finite"
    shares = detector.contributions(X[:40])
    assert shares is None or shares.shape == (40, X.shape[1]), "contributions need a column per feature"


def detector_higher_is_stranger(node: Node) -> None:
    """Rows far outside of everything seen score above the ordinary ones."""
    X, detector = fitted(node)
    ordinary = np.median(detector.score(X[:60]))
    strange = detector.score(X[:5] + 60.0)
    assert (strange > ordinary).all(), "a row far outside does not score higher"


def detector_is_deterministic(node: Node) -> None:
    """Two fits on the same rows give the same bytes."""
    X, detector = fitted(node)
    _, other = fitted(node)
    assert detector.score(X[:40]).tobytes() == other.score(X[:40]).tobytes(), "two equal fits differ"


def detector_only_answers(node: Node) -> None:
    """Scoring twice gives the same and leaves the input untouched."""
    X, detector = fitted(node)
    original = X.copy()
    first = detector.score(X[:40])
    same(first, detector.score(X[:40]), "asking changed the answer")
    same(original, X, "the input was changed")


# Thresholds


def threshold_never_looks_ahead(node: Node) -> None:
    """Change later scores: no earlier level changes; and there is one for every row."""
    scores, labels = example_scores()
    threshold = build("threshold", node)
    threshold.fit(scores[:CUT], labels[:CUT] if threshold.needs_labels else None)
    levels = threshold.level(scores)
    assert levels.shape == scores.shape, f"shape {levels.shape}"
    later = scores.copy()
    later[CUT:] = 1 - later[CUT:]
    same(levels[: CUT + 1], threshold.level(later)[: CUT + 1], "a changed future changed the level")


def threshold_only_answers(node: Node) -> None:
    """Fitting twice gives the same level, asking changes nothing, the input stays."""
    scores, labels = example_scores()
    original = scores.copy()
    threshold = build("threshold", node)
    first = threshold.fit(scores, labels if threshold.needs_labels else None).level(scores)
    again = threshold.fit(scores, labels if threshold.needs_labels else None).level(scores)
    same(first, again, "fitting twice gives another level")
    same(original, scores, "the input was changed")
    assert np.isfinite(threshold.describe()["level"]), "describe() must give the level"


# Alert policies


def alerts_skip_only_what_changes_nothing(node: Node) -> None:
    """Skipping quiet rows while idle gives the same alerts as feeding every row."""
    flags = example_flags()
    assert_equal_alerts(replay(build("alerts", node), flags), replay(build("alerts", node), flags, skip=True))


def alerts_never_look_ahead(node: Node) -> None:
    """Change later rows: nothing that was said before changes."""
    flags = example_flags()
    changed = flags.copy()
    changed[CUT:] = ~changed[CUT:]
    policy, other = build("alerts", node), build("alerts", node)
    assert_equal_alerts(replay(policy, flags, until=CUT), replay(other, changed, until=CUT))


def alerts_make_sense(node: Node) -> None:
    """Alerts are ordered, closed in the end, hold their peak, and never come from rows without a score."""
    alerts = replay(build("alerts", node), example_flags())
    assert alerts, "no alert at all"
    for alert in alerts:
        assert alert.closed, "an alert stays open after finish()"
        assert alert.start <= alert.fired < alert.end, "an alert fires inside its own window"
        assert alert.start <= alert.peak < alert.end, "an alert holds its peak"
    assert all(a.end <= b.start for a, b in pairwise(alerts)), "alerts overlap"
    assert not replay(build("alerts", node), np.zeros(ROWS, dtype=bool), score=np.nan), "NaN opened an alert"


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
    "detector": [
        detector_scores_each_row_alone,
        detector_keeps_its_shape,
        detector_higher_is_stranger,
        detector_is_deterministic,
        detector_only_answers,
    ],
    "threshold": [threshold_never_looks_ahead, threshold_only_answers],
    "alerts": [alerts_skip_only_what_changes_nothing, alerts_never_look_ahead, alerts_make_sense],
    "forecaster": [forecaster_never_looks_ahead, forecaster_only_answers],
}
