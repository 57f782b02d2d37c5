"""The engineered set for several metrics of one service."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Self

import numpy as np

from sre_anomaly.causal import difference, exponential_mean, new_window, rolling_mean_std, rows_since_change
from sre_anomaly.clock import Duration, rows_in
from sre_anomaly.contracts import Features
from sre_anomaly.frame import Array, MetricFrame, Times
from sre_anomaly.registry import register
from sre_anomaly.seasons import DAY, Profile, is_weekend

MAD_TO_STD = 1.4826
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
CLOCK = ("day_sin", "day_cos", "weekend")
PULL = 10.0
"""Ridge penalty that keeps metrics which always move together from sharing one explanation wildly."""


@dataclass
class Usual:
    """What was learned about one metric from the training rows."""

    profile: Profile
    scale: float
    """The usual size of a deviation from the profile."""
    floor: float
    """A value this small is no basis for a ratio."""
    others: Array
    """(m,) weights of the other metrics' deviations; its own is 0."""
    alone_scale: float
    spread: float
    """The usual standard deviation within a short window."""


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

    usual_: list[Usual] = field(init=False, repr=False)
    rows_: int = field(init=False, repr=False)

    def fit(self, frame: MetricFrame) -> Self:
        """Learn each metric's usual course, its usual deviations and how the metrics explain one another."""
        self.rows_ = max(3, rows_in(self.short, frame.step))
        self.lookback = self.rows_
        profiles = [Profile.learn(frame.time.asi8, column, self.slot) for column in frame.values.T]
        gaps = np.column_stack(
            [
                column - profile.expected(frame.time.asi8)
                for column, profile in zip(frame.values.T, profiles, strict=True)
            ]
        )
        scales = np.array([_deviation(gap) for gap in gaps.T])
        scaled = np.nan_to_num(np.clip(gaps / scales, -10, 10))
        weights = _explain_each_other(scaled)
        self.usual_ = []
        for metric, profile in enumerate(profiles):
            column = np.ascontiguousarray(frame.values[:, metric])
            _, std = rolling_mean_std(column, new_window(self.rows_))
            self.usual_.append(
                Usual(
                    profile=profile,
                    scale=scales[metric],
                    floor=max(0.05 * float(np.nanmedian(np.abs(column))), 1e-9),
                    others=weights[metric],
                    alone_scale=_deviation(scaled[:, metric] - scaled @ weights[metric]),
                    spread=max(float(np.nanmedian(std)), 1e-6 * scales[metric])
                    if np.isfinite(std).any()
                    else 1.0,
                )
            )
        return self

    def columns(self, metrics: tuple[str, ...]) -> list[tuple[str, str]]:
        """Return the columns of `PER_METRIC` for each metric, then the clock's."""
        own = [(f"{metric}.{kind}", metric) for metric in metrics for kind in PER_METRIC]
        return own + [(name, "") for name in CLOCK]

    def transform(self, frame: MetricFrame) -> Array:
        """Return (n, 12 m + 3) columns."""
        metrics = list(zip(np.ascontiguousarray(frame.values.T), self.usual_, strict=True))
        expected = [usual.profile.expected(frame.time.asi8) for _, usual in metrics]
        residuals = [(c - e) / u.scale for (c, u), e in zip(metrics, expected, strict=True)]
        moves = np.nan_to_num(np.clip(np.column_stack(residuals), -10, 10))
        blocks = [
            self._of_metric(column, usual, course, residual, moves, frame.step)
            for (column, usual), course, residual in zip(metrics, expected, residuals, strict=True)
        ]
        out = np.column_stack([*blocks, self._clock(frame.time.asi8)])
        out[: self.lookback] = np.nan
        return out

    def _of_metric(
        self, column: Array, usual: Usual, course: Array, residual: Array, moves: Array, step: timedelta
    ) -> Array:
        fresh = residual - exponential_mean(residual, max(1.0, self.drift / step))
        # Summed in one fixed order, so that a row alone gives the same bits as a row among many.
        explained = np.einsum("nm,m->n", moves, usual.others)
        alone = (residual - explained) / usual.alone_scale
        mean, std = self._short(column)
        missing = np.isnan(column).astype(np.float64)
        return np.column_stack(
            [
                residual,
                fresh,
                self._short(fresh)[0],
                np.log(np.maximum(column, usual.floor) / np.maximum(course, usual.floor)),
                difference(column, 1) / usual.scale,
                difference(column, self.rows_) / usual.scale,
                (column - mean) / np.maximum(std, 0.1 * usual.spread),
                np.log((std + 0.01 * usual.spread) / usual.spread),
                alone,
                self._short(alone)[0],
                rows_since_change(column),
                self._short(missing)[0],
            ]
        )

    def _short(self, column: Array) -> tuple[Array, Array]:
        return rolling_mean_std(column, new_window(self.rows_))

    @staticmethod
    def _clock(time: Times) -> Array:
        angle = 2 * np.pi * (time / 1e9 % DAY) / DAY
        weekend = is_weekend(time).astype(np.float64)
        return np.column_stack([np.sin(angle), np.cos(angle), weekend])


def _deviation(gaps: Array) -> float:
    """Return the usual size of a deviation, never 0: the median one, or the mean one where most are 0."""
    present = np.abs(gaps[np.isfinite(gaps)])
    if not len(present):
        return 1.0
    return MAD_TO_STD * float(np.median(present)) or float(present.mean()) or 1.0


def _explain_each_other(scaled: Array) -> Array:
    """Return (m, m) ridge weights: row j explains metric j by the others."""
    products = scaled.T @ scaled
    weights = np.zeros_like(products)
    for metric in range(len(products)):
        others = [other for other in range(len(products)) if other != metric]
        gram = products[np.ix_(others, others)] + PULL * np.eye(len(others))
        weights[metric, others] = np.linalg.solve(gram, products[others, metric])
    return weights
