"""The laws, as checks that any plugin can be held to. Shipped, so that a plugin's author can run them too.

>>> from sre_anomaly.testing import checks
>>> for check in checks("threshold"):
...     check({"name": "contamination"})

Each check takes a config node, builds the component anew and raises `AssertionError` where it breaks a law.
"""

import copy
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from sre_anomaly.build import build
from sre_anomaly.contracts import AlertPolicy, Detector
from sre_anomaly.frame import Array, Incident, MetricFrame, Split
from sre_anomaly.records import Alert

Node = Mapping[str, Any]
ROWS, CUT = 700, 450
CLOSE = 1e-9


def example_frame(rows: int = ROWS, metrics: int = 3, seed: int = 0) -> MetricFrame:
    """Return a frame with a daily wave, a gap, a stuck stretch and a labelled jump in both halves."""
    draw = np.random.default_rng(seed)
    time = pd.date_range("2024-01-01", periods=rows, freq="15min", tz="UTC")
    wave = np.sin(2 * np.pi * np.arange(rows) / 96)
    values = 50 + 10 * wave[:, None] + draw.normal(0, 2, (rows, metrics))
    incidents = []
    for number, start in enumerate(range(60, rows - 20, 120), start=1):
        values[start : start + 6, number % metrics] += 40
        incidents.append(Incident(time[start], time[start + 6], id=number, metric=f"m{number % metrics}"))
    values[130:133, 0] = np.nan
    values[200:210, metrics - 1] = values[200, metrics - 1]
    names = tuple(f"m{number}" for number in range(metrics))
    split = Split(slice(0, rows // 2), slice(rows // 2, rows * 3 // 4), slice(rows * 3 // 4, rows))
    return MetricFrame("example", time, values, names, incidents=tuple(incidents), split=split)


def checks(kind: str) -> list[Callable[[Node], None]]:
    """Return the checks of a kind."""
    return CHECKS[kind]


# Features


def features_never_look_ahead(node: Node) -> None:
    """Changing later rows changes no earlier row of the output."""
    frame, features = example_frame(), build("features", node)
    features.fit(frame.rows(slice(0, CUT)))
    before = features.transform(frame)[:CUT]
    changed = _with_other_future(frame)
    _same(before, features.transform(changed)[:CUT], "a changed future changed the past")
    _same(before, features.transform(frame.rows(slice(0, CUT))), "a prefix gives other rows than the whole")


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
    _same(first, features.transform(frame), "asking changed the answer")
    _same(original, frame.values, "the input was changed")


def features_survive_dull_metrics(node: Node) -> None:
    """A metric that never changes or is mostly missing gives no infinity."""
    frame = example_frame()
    frame.values[:, 0] = 7.0
    frame.values[10:, 1] = np.nan
    features = build("features", node).fit(frame)
    assert not np.isinf(features.transform(frame)).any(), "infinite features"


# Detectors


def detector_scores_each_row_alone(node: Node) -> None:
    """A row's score does not depend on the rows asked with it, so nothing later can reach it."""
    X, detector = _fitted(node)
    together = detector.score(X[:40])
    _same(together[:15], detector.score(X[:15]), "a prefix is scored differently")
    alone = np.array([detector.score(X[row : row + 1])[0] for row in range(15)])
    _same(together[:15], alone, "a row alone is scored differently")


def detector_keeps_its_shape(node: Node) -> None:
    """One finite float64 score a row; contributions, if any, one a column."""
    X, detector = _fitted(node)
    scores = detector.score(X[:40])
    assert scores.shape == (40,), f"shape {scores.shape}"
    assert scores.dtype == np.float64, f"dtype {scores.dtype}"
    assert np.isfinite(scores).all(), "scores of complete rows must be finite"
    shares = detector.contributions(X[:40])
    assert shares is None or shares.shape == (40, X.shape[1]), "contributions need a column per feature"


def detector_higher_is_stranger(node: Node) -> None:
    """Rows far outside of everything seen score above the ordinary ones."""
    X, detector = _fitted(node)
    ordinary = np.median(detector.score(X[:60]))
    strange = detector.score(X[:5] + 60.0)
    assert (strange > ordinary).all(), "a row far outside does not score higher"


def detector_is_deterministic(node: Node) -> None:
    """Two fits on the same rows give the same bytes."""
    X, detector = _fitted(node)
    _, other = _fitted(node)
    assert detector.score(X[:40]).tobytes() == other.score(X[:40]).tobytes(), "two equal fits differ"


def detector_only_answers(node: Node) -> None:
    """Scoring twice gives the same and leaves the input untouched."""
    X, detector = _fitted(node)
    original = X.copy()
    first = detector.score(X[:40])
    _same(first, detector.score(X[:40]), "asking changed the answer")
    _same(original, X, "the input was changed")


# Thresholds


def threshold_never_looks_ahead(node: Node) -> None:
    """A level depends on earlier scores only, and there is one for every row."""
    scores, labels = _scores()
    threshold = build("threshold", node)
    threshold.fit(scores[:CUT], labels[:CUT] if threshold.needs_labels else None)
    levels = threshold.level(scores)
    assert levels.shape == scores.shape, f"shape {levels.shape}"
    later = scores.copy()
    later[CUT:] = 1 - later[CUT:]
    _same(levels[: CUT + 1], threshold.level(later)[: CUT + 1], "a changed future changed the level")


def threshold_only_answers(node: Node) -> None:
    """Fitting twice gives the same level, asking changes nothing, the input stays."""
    scores, labels = _scores()
    original = scores.copy()
    threshold = build("threshold", node)
    first = threshold.fit(scores, labels if threshold.needs_labels else None).level(scores)
    again = threshold.fit(scores, labels if threshold.needs_labels else None).level(scores)
    _same(first, again, "fitting twice gives another level")
    _same(original, scores, "the input was changed")
    assert np.isfinite(threshold.describe()["level"]), "describe() must give the level"


# Alert policies


def alerts_skip_only_what_changes_nothing(node: Node) -> None:
    """Skipping quiet rows while idle gives the same alerts as feeding every row."""
    flags = _flags()
    _assert_equal_alerts(
        _replay(build("alerts", node), flags), _replay(build("alerts", node), flags, skip=True)
    )


def alerts_never_look_ahead(node: Node) -> None:
    """What was said up to a row does not change with later rows."""
    flags = _flags()
    changed = flags.copy()
    changed[CUT:] = ~changed[CUT:]
    policy, other = build("alerts", node), build("alerts", node)
    _assert_equal_alerts(_replay(policy, flags, until=CUT), _replay(other, changed, until=CUT))


def alerts_make_sense(node: Node) -> None:
    """Alerts are ordered, closed in the end, hold their peak, and never come from rows without a score."""
    alerts = _replay(build("alerts", node), _flags())
    assert alerts, "no alert at all"
    for alert in alerts:
        assert alert.closed, "an alert stays open after finish()"
        assert alert.start <= alert.fired < alert.end, "an alert fires inside its own window"
        assert alert.start <= alert.peak < alert.end, "an alert holds its peak"
    assert all(a.end <= b.start for a, b in zip(alerts, alerts[1:], strict=False)), "alerts overlap"
    assert not _replay(build("alerts", node), np.zeros(ROWS, dtype=bool), score=np.nan), "NaN opened an alert"


# Forecasters


def forecaster_never_looks_ahead(node: Node) -> None:
    """Forecasting many origins at once equals forecasting each from its history alone."""
    frame = example_frame()
    forecaster = _fitted_forecaster(node, frame)
    origins = range(max(CUT, forecaster.lookback), ROWS, 25)
    together = forecaster.predict_each(frame.values, origins, 4)
    alone = np.stack([forecaster.predict(frame.values[:origin], 4) for origin in origins])
    _same(together, alone, "an origin alone is forecast differently")
    assert together.shape == (len(origins), 4, frame.values.shape[1]), f"shape {together.shape}"
    assert np.isfinite(together).all(), "a forecast is missing although there is history"


def forecaster_only_answers(node: Node) -> None:
    """Forecasting twice gives the same, two equal fits agree, and the input stays."""
    frame = example_frame()
    original = frame.values.copy()
    forecaster, other = _fitted_forecaster(node, frame), _fitted_forecaster(node, frame)
    first = forecaster.predict(frame.values, 3)
    _same(first, forecaster.predict(frame.values, 3), "asking changed the answer")
    assert first.tobytes() == other.predict(frame.values, 3).tobytes(), "two equal fits differ"
    _same(original, frame.values, "the input was changed")


# Data sources and splits


def data_is_deterministic(node: Node) -> None:
    """Reading twice gives the same bytes and the same truth, lazily, with names for all metrics."""
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
        assert all(a.stop <= b.start for a, b in zip(ordered, ordered[1:], strict=False)), "spans overlap"


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


def _with_other_future(frame: MetricFrame) -> MetricFrame:
    changed = copy.deepcopy(frame)
    changed.values[CUT:] = np.random.default_rng(1).normal(0, 500, changed.values[CUT:].shape)
    return changed


def _fitted(node: Node) -> tuple[Array, Detector]:
    frame = example_frame()
    complete = np.isfinite(frame.values).all(axis=1)
    X = frame.values[complete]
    assert frame.labels is not None
    y = frame.labels[complete]
    detector: Detector = build("detector", node, seed=1)
    if detector.needs_labels:
        detector.fit(X[:CUT], y[:CUT], (X[CUT:], y[CUT:]))
    else:
        detector.fit(X[:CUT])
    return X, detector


def _scores() -> tuple[Array, Array]:
    draw = np.random.default_rng(2)
    labels = (draw.random(ROWS) < 0.1).astype(np.float64)
    return np.clip(draw.normal(0.3, 0.1, ROWS) + 0.4 * labels, 0.01, 0.99), labels


def _flags() -> Any:
    """Return lone flags, dense stretches and quiet times."""
    draw = np.random.default_rng(3)
    dense = np.repeat(draw.random(ROWS // 10) < 0.3, 10)
    return draw.random(ROWS) < np.where(dense, 0.7, 0.02)


def _replay(
    policy: AlertPolicy, flags: Any, *, skip: bool = False, until: int = ROWS, score: float | None = None
) -> list[Alert]:
    step = pd.Timedelta("5m").value
    policy.start(step)
    alerts: dict[int, Alert] = {}
    for row in range(until):
        if skip and policy.idle and not flags[row]:
            continue
        value = (1.0 + row % 7 if flags[row] else 0.0) if score is None else score
        for alert in policy.step(row * step, value, 0.5):
            alerts[alert.id] = copy.copy(alert)
    if until == ROWS:
        for alert in policy.finish():
            alerts[alert.id] = copy.copy(alert)
    return list(alerts.values())


def _fitted_forecaster(node: Node, frame: MetricFrame) -> Any:
    forecaster = build("forecaster", node, seed=1)
    forecaster.start(frame.step)
    return forecaster.fit(frame.values[:CUT])


def _same(first: Array, second: Array, complaint: str) -> None:
    assert np.allclose(first, second, rtol=0, atol=CLOSE, equal_nan=True), complaint


def _assert_equal_alerts(first: list[Alert], second: list[Alert]) -> None:
    assert first == second, f"alerts differ: {first[:2]} and {second[:2]}"
