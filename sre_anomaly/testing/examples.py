"""The rows, tables, scores and flags on which the laws are checked."""

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from sre_anomaly.config.build import build
from sre_anomaly.contracts import AlertPolicy, Detector
from sre_anomaly.dataset import Table
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


def with_other_future(frame: MetricFrame) -> MetricFrame:
    """Return the frame with wild values from row `CUT` on."""
    changed = copy.deepcopy(frame)
    changed.values[CUT:] = np.random.default_rng(1).normal(0, 500, changed.values[CUT:].shape)
    return changed


def fitted(node: Node) -> tuple[Array, Detector]:
    """Return complete rows and a detector that learned the first `CUT` of them."""
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


def example_scores() -> tuple[Array, Array]:
    """Return scores between 0 and 1 and labels; anomalous rows score higher on the whole."""
    draw = np.random.default_rng(2)
    labels = (draw.random(ROWS) < 0.1).astype(np.float64)
    return np.clip(draw.normal(0.3, 0.1, ROWS) + 0.4 * labels, 0.01, 0.99), labels


def example_flags() -> Any:
    """Return lone flags, dense stretches and quiet times."""
    draw = np.random.default_rng(3)
    dense = np.repeat(draw.random(ROWS // 10) < 0.3, 10)
    return draw.random(ROWS) < np.where(dense, 0.7, 0.02)


def replay(
    policy: AlertPolicy, flags: Any, *, skip: bool = False, until: int = ROWS, score: float | None = None
) -> list[Alert]:
    """Feed flags to a policy and return its alerts; with ``skip`` leave out quiet rows while it is idle."""
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


def fitted_forecaster(node: Node, frame: MetricFrame) -> Any:
    """Return a forecaster that learned the first `CUT` rows of a frame."""
    forecaster = build("forecaster", node, seed=1)
    forecaster.start(frame.step)
    return forecaster.fit(frame.values[:CUT])


def same(first: Array, second: Array, complaint: str) -> None:
    """Complain unless two arrays are equal to 1e-9, NaN for NaN."""
    assert np.allclose(first, second, rtol=0, atol=CLOSE, equal_nan=True), complaint


def assert_equal_alerts(first: list[Alert], second: list[Alert]) -> None:
    """Complain unless two lists of alerts are equal in every field."""
    assert first == second, f"alerts differ: {first[:2]} and {second[:2]}"


def example_table(rows: int = 240, seed: int = 0, *, numbers: bool = False) -> Table:
    """Return rows whose class, or number, shows in a number with gaps, a category and a text; each host has several."""
    draw = np.random.default_rng(seed)
    target = np.array(["no", "yes", "maybe"], dtype=object)[draw.integers(0, 3, rows)]
    load = draw.normal(0, 1, rows) + 2.0 * (target == "yes")
    answer = 5.0 * load + 10.0 * (target == "maybe") + draw.normal(0, 0.5, rows)
    load[::17] = np.nan
    region = np.where(draw.random(rows) < 0.7, np.where(target == "maybe", "west", "east"), "north").astype(
        object
    )
    said = {"no": "all fine here", "yes": "disk failed badly", "maybe": "slow answer from peer"}
    text = np.array(
        [f"{said[t] if draw.random() < 0.8 else 'some line'} {draw.integers(999)}" for t in target],
        dtype=object,
    )
    host = np.array([f"host {n % 12}" for n in range(rows)], dtype=object)
    time = np.arange(rows, dtype=np.int64) * 60 * 10**9
    answers = answer if numbers else target
    return Table("example", {"load": load}, {"region": region}, {"text": text}, answers, "answer", host, time)
