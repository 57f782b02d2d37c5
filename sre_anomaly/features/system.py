"""The engineered set for several metrics of one service."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Self

import numpy as np

from sre_anomaly.clock import Duration, rows_in, wall_clock
from sre_anomaly.contracts import Features
from sre_anomaly.frame import Array, MetricFrame, Times
from sre_anomaly.kernels.compiled import compiled, step
from sre_anomaly.kernels.rolling import (
    HEADER,
    POSITION,
    new_window,
    push,
    push_mean,
    push_same,
    rolling_mean_std,
    window_mean,
    window_std,
)
from sre_anomaly.kernels.seasonal import DAY, Profile, is_weekend, slot_of, usual_deviation
from sre_anomaly.registry import register

PER_METRIC = (
    "residual",  # value minus its usual course, in usual deviations
    "fresh",  # the same minus its own slow drift
    "fresh_mean",  # ... over the short window
    "ratio",  # value against its usual course, as a logarithm
    "diff",  # change to the row before
    "diff_short",  # change over the short window
    "jump",  # distance from the short window's mean, in its standard deviations
    "spread",  # how much the metric moves now against usually, as a logarithm
    "alone",  # what the other metrics do not explain
    "alone_mean",  # ... over the short window
    "same",  # rows for which the value has been exactly the same
    "missing",  # share of the short window that is missing
)
KINDS = len(PER_METRIC)
CLIP = 10.0
"""A deviation further out than this explains no more than one at it."""
CLOCK = ("day_sin", "day_cos", "weekend")
PULL = 10.0
"""Ridge penalty that keeps metrics which always move together from sharing one explanation wildly."""


@register("features", "system")
@dataclass
class System(Features):
    """Per metric: distance from the usual course, change, jump, spread, what the other metrics do not explain,
    time since change and missing values; and the time of the day and week.

    ``short`` is the window in which a change is fresh, ``drift`` the time after which a new level is forgiven
    by half.
    """  # noqa: D205 - the list is the sentence

    short: Duration = timedelta(hours=1)
    drift: Duration = timedelta(days=2)
    slot: Duration = timedelta(minutes=30)

    dimensions = (
        ("usual_", 3),
        ("scale_", 1),
        ("floor_", 1),
        ("spread_", 1),
        ("others_", 2),
        ("alone_scale_", 1),
    )
    usual_: Array = field(init=False, repr=False)
    """(m, 2, slots) the usual course of each metric on weekdays and weekends."""
    slot_seconds_: int = field(init=False, repr=False)
    scale_: Array = field(init=False, repr=False)
    """(m,) the usual size of a deviation from it."""
    floor_: Array = field(init=False, repr=False)
    """(m,) a value this small is no basis for a ratio."""
    others_: Array = field(init=False, repr=False)
    """(m, m) row j: how the other metrics' deviations explain metric j's; its own weight is 0."""
    alone_scale_: Array = field(init=False, repr=False)
    spread_: Array = field(init=False, repr=False)
    """(m,) the usual standard deviation within a short window."""
    zone_: str = field(init=False, default="UTC", repr=False)
    """Whose wall clock tells the time of the day and the weekend."""
    rows_: int = field(init=False, repr=False)
    half_life_: float = field(init=False, repr=False)

    def fit(self, frame: MetricFrame) -> Self:
        """Learn each metric's usual course, its usual deviations and how the metrics explain one another."""
        self.rows_ = max(3, rows_in(self.short, frame.step))
        self.half_life_ = max(1.0, self.drift / frame.step)
        self.lookback = self.rows_
        self.zone_ = frame.timezone
        time = wall_clock(frame.time.asi8, self.zone_)
        columns = list(np.ascontiguousarray(frame.values.T))
        profiles = [Profile.learn(time, column, self.slot) for column in columns]
        gaps = [column - profile.expected(time) for column, profile in zip(columns, profiles, strict=True)]
        moving = [rolling_mean_std(column, new_window(self.rows_))[1] for column in columns]
        self.usual_ = np.stack([profile.usual for profile in profiles])
        self.slot_seconds_ = profiles[0].slot_seconds
        self.scale_ = np.array([usual_deviation(gap) for gap in gaps])
        self.floor_ = np.array([max(0.05 * _median(np.abs(column)), 1e-9) for column in columns])
        self.spread_ = np.maximum([_median(std) for std in moving], 1e-6 * self.scale_)
        scaled = np.nan_to_num(np.clip(np.column_stack(gaps) / self.scale_, -CLIP, CLIP))
        self.others_ = _explain_each_other(scaled)
        alone = scaled - scaled @ self.others_.T
        self.alone_scale_ = np.array([usual_deviation(column) for column in alone.T])
        return self

    def restore(self, learned: Mapping[str, Any]) -> Self:
        """Put back what was learned; the window says how far back it looks."""
        super().restore(learned)
        self.lookback = self.rows_
        return self

    def columns(self, metrics: tuple[str, ...]) -> list[tuple[str, str]]:
        """Return the columns of `PER_METRIC` for each metric, then the clock's."""
        own = [(f"{metric}.{kind}", metric) for metric in metrics for kind in PER_METRIC]
        return own + [(name, "") for name in CLOCK]

    def new_state(self, metrics: int) -> Array:
        """Return the rows seen, and for each metric its own state, all empty."""
        ring = new_window(self.rows_)
        value = np.array([np.nan, 0.0, 0.0, np.nan, 0.0])
        return np.concatenate([[0.0], *([value, ring, ring, ring, ring] * metrics)])

    def advance(self, states: Array, times: Times, rows: Array, out: Array) -> None:
        """Write (k, 12 m + 3) columns."""
        times = wall_clock(times, self.zone_)
        course = self.usual_[:, is_weekend(times).astype(int), slot_of(times, self.slot_seconds_)]
        scales = np.stack([self.scale_, self.floor_, self.alone_scale_, self.spread_])
        keep = 0.5 ** (1.0 / self.half_life_)
        _advance.for_rows(len(rows))(states, rows, course, scales, self.others_, self.rows_, keep, out)
        angle = 2 * np.pi * (times / 1e9 % DAY) / DAY
        clock = (np.sin(angle), np.cos(angle), is_weekend(times))
        # The share of gaps is there from the first full window on, whatever is missing.
        warm = np.isfinite(out[:, KINDS - 1])
        for column, values in enumerate(clock, start=rows.shape[1] * KINDS):
            out[:, column] = np.where(warm, values, np.nan)


# A metric's state: these numbers, then the windows of its value, its fresh and lone deviation and its gaps.
OWN = 5
BEFORE, WEIGHT, DRIFT, LAST, SAME = range(OWN)


@compiled
def _advance(
    states: Array,
    rows: Array,
    course: Array,
    scales: Array,
    others: Array,
    window: int,
    keep: float,
    out: Array,
) -> None:
    """Take in rows; ``course`` (m, k) is what is usual at each, ``scales`` (4, m) what was learned of each metric."""
    metrics = rows.shape[1]
    size = OWN + 4 * (HEADER + window)
    residual = np.empty(metrics)
    moves = np.empty(metrics)
    for k in range(len(rows)):
        state = states[k if len(states) > 1 else 0]
        state[0] += 1
        for metric in range(metrics):
            residual[metric] = (rows[k, metric] - course[metric, k]) / scales[0, metric]
            moves[metric] = min(max(residual[metric], -CLIP), CLIP)
            if math.isnan(residual[metric]):
                moves[metric] = 0.0
        for metric in range(metrics):
            explained = 0.0
            for other in range(metrics):
                explained += others[metric, other] * moves[other]
            own = state[1 + metric * size : 1 + (metric + 1) * size]
            columns = out[k, metric * KINDS : (metric + 1) * KINDS]
            usual = course[metric, k]
            _of_metric(
                own,
                rows[k, metric],
                residual[metric],
                explained,
                usual,
                scales[:, metric],
                window,
                keep,
                columns,
            )
        if state[0] <= window:
            out[k, : metrics * KINDS] = np.nan


@step
def _of_metric(
    own: Array,
    value: float,
    residual: float,
    explained: float,
    usual: float,
    learned: Array,
    window: int,
    keep: float,
    out: Array,
) -> None:
    """Move one metric's state on by one value and write its columns."""
    scale, floor, alone_scale, spread = learned[0], learned[1], learned[2], learned[3]
    ring = HEADER + window
    values, fresh = own[OWN : OWN + ring], own[OWN + ring : OWN + 2 * ring]
    alone, gaps = own[OWN + 2 * ring : OWN + 3 * ring], own[OWN + 3 * ring :]
    push_mean(own[WEIGHT : DRIFT + 1], residual, keep)
    # What stood here a window ago is about to leave the ring.
    a_window_ago = values[HEADER + int(values[POSITION])]
    missing = math.isnan(value)
    push(values, value)
    push(fresh, residual - own[DRIFT])
    push(alone, (residual - explained) / alone_scale)
    push(gaps, 1.0 if missing else 0.0)
    push_same(own[LAST : SAME + 1], value)
    mean, std = window_mean(values), window_std(values)
    out[0] = residual
    out[1] = residual - own[DRIFT]
    out[2] = window_mean(fresh)
    out[3] = np.nan if missing else math.log(max(value, floor) / max(usual, floor))
    out[4] = (value - own[BEFORE]) / scale
    out[5] = (value - a_window_ago) / scale
    out[6] = np.nan if math.isnan(std) else (value - mean) / max(std, 0.1 * spread)
    out[7] = math.log((std + 0.01 * spread) / spread)
    out[8] = (residual - explained) / alone_scale
    out[9] = window_mean(alone)
    out[10] = own[SAME]
    out[11] = window_mean(gaps)
    own[BEFORE] = value


def _median(values: Array) -> float:
    """Return the median of what is present, 1 where nothing is."""
    present = values[np.isfinite(values)]
    return float(np.median(present)) if len(present) else 1.0


def _explain_each_other(scaled: Array) -> Array:
    """Return (m, m) ridge weights: row j explains metric j by the others."""
    products = scaled.T @ scaled
    weights = np.zeros_like(products)
    for metric in range(len(products)):
        others = [other for other in range(len(products)) if other != metric]
        gram = products[np.ix_(others, others)] + PULL * np.eye(len(others))
        weights[metric, others] = np.linalg.solve(gram, products[others, metric])
    return weights
