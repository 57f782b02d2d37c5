"""Why a data point is anomalous, in the metrics' own units: which metric, what was expected, what was seen."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from sre_anomaly.clock import rows_in
from sre_anomaly.contracts import Detector
from sre_anomaly.frame import Array, MetricFrame
from sre_anomaly.kernels.seasonal import MAD_TO_STD
from sre_anomaly.pipeline.detection import Detection
from sre_anomaly.records import Alert, Reason

Rows = npt.NDArray[np.int64]

DAY = timedelta(days=1)
DAYS_BACK = 14
FEWEST_DAYS = 3
RECENT = timedelta(hours=2)
FEWEST_RECENT = 12
"""An expectation from recent rows needs so many of them."""
CELLS = 4_000_000
"""Values looked at together: enough to be fast, few enough that memory stays flat."""


@dataclass
class Expectation:
    """What one metric was expected to be at each of k rows."""

    seen: Array
    expected: Array
    """NaN where the history gives no expectation."""
    spread: Array
    lowest: Array
    """The lowest of the values that it was compared with, and itself."""
    basis: list[str]


@dataclass
class Explainer:
    """Explains rows of one frame from rows before them.

    A detector that can say what each column contributed decides which metric is named; for the others it is
    the metric furthest from what was expected.
    """

    frame: MetricFrame
    X: Array
    columns: list[tuple[str, str]]
    detector: Detector
    told: Array | None = None
    """(n, d) shares of the columns that the detector told while it ran."""
    bands: Array | None = None
    """(n, d, 3) expected, lower and upper of each column, where the detector has bounds: then these are the reasons."""
    _typical: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # The usual size of a move, so that a metric that hardly ever moves has no spread of zero.
        self._typical = np.array([_spread_of_all(column) for column in self.frame.values.T])

    def reasons(self, rows: Sequence[int], named: Sequence[int] | None = None) -> list[Reason]:
        """Return the reason for each of some rows; ``named`` are the numbers of the metrics to tell of, if known."""
        at = np.asarray(rows, dtype=np.int64)
        if not len(at):
            return []
        if self.bands is not None:
            return self._in_units(self._from_bands(at, named))
        usual = [self._usual(metric, at) for metric in range(len(self.frame.metrics))]
        blamed = named if named is not None else self._blamed(at, usual)
        return self._in_units(
            [_reason(self.frame.metrics[one], usual[one], number) for number, one in enumerate(blamed)]
        )

    def _in_units(self, reasons: list[Reason]) -> list[Reason]:
        for one in reasons:
            one.unit = self.frame.units.get(one.metric, "")
        return reasons

    def _from_bands(self, at: Rows, named: Sequence[int] | None) -> list[Reason]:
        """Return the bounds of the metric that is named, or else has the largest share."""
        assert self.bands is not None
        if named is None:
            shares = self.shares(at.tolist())
            named = [0] * len(at) if shares is None else np.argmax(shares, axis=1).tolist()
        reasons = []
        for row, metric in zip(at.tolist(), named, strict=True):
            seen, (middle, low, high) = (
                float(self.frame.values[row, metric]),
                self.bands[row, metric].tolist(),
            )
            reasons.append(Reason(self.frame.metrics[metric], seen, middle, low, high, ""))
        return reasons

    def shares(self, rows: Sequence[int]) -> Array | None:
        """Return each metric's share in the score of each row, (k, m); None where the detector cannot say."""
        at = np.asarray(rows, dtype=np.int64)
        by_column = self.told[at] if self.told is not None else self.detector.contributions(self.X[at])
        if by_column is None or not np.isfinite(by_column).any():
            return None
        by_metric = np.zeros((len(rows), len(self.frame.metrics)))
        for share, (_, metric) in zip(by_column.T, self.columns, strict=True):
            if metric:
                by_metric[:, self.frame.metrics.index(metric)] += np.where(np.isfinite(share), share, 0.0)
        return by_metric

    def _blamed(self, at: Rows, usual: list[Expectation]) -> list[int]:
        """Return the metric to name for each row."""
        distance = np.column_stack([self._distance(metric, one) for metric, one in enumerate(usual)])
        blamed = np.argmax(distance, axis=1)
        by_metric = self.shares(at.tolist())
        if by_metric is not None:
            blamed = np.where(by_metric.max(axis=1) > 0, np.argmax(by_metric, axis=1), blamed)
        return [int(metric) for metric in blamed]

    def _distance(self, metric: int, usual: Expectation) -> Array:
        """Return how many spreads each value is from what was expected; a missing value is furthest of all."""
        spread = np.maximum(usual.spread, max(1e-3 * self._typical[metric], 1e-12))
        far = np.where(np.isfinite(usual.expected), np.abs(usual.seen - usual.expected) / spread, 0.0)
        return np.where(np.isfinite(usual.seen), far, np.inf)

    def _usual(self, metric: int, at: Rows) -> Expectation:
        """Compare values with the same time on the days before, or else with the last two hours."""
        column, step = self.frame.values[:, metric], self.frame.step
        none = np.full(len(at), np.nan)
        usual = Expectation(column[at], none, none.copy(), none.copy(), [""] * len(at))
        floor = 0.1 * float(self._typical[metric])
        if not self.frame.has_clock:
            if np.isfinite(column).sum() >= FEWEST_RECENT:
                usual.expected[:] = np.median(column[np.isfinite(column)])
                usual.spread[:] = max(self._typical[metric], floor)
                usual.lowest[:] = np.nanmin(column)
                usual.basis = ["over all data points"] * len(at)
            return usual
        if day := rows_in(DAY, step):
            days = -day * np.arange(1, DAYS_BACK + 1)
            _compare(usual, column, at, days, FEWEST_DAYS, floor, "at this time of day over the last {} days")
        recent = -np.arange(1, max(FEWEST_RECENT, rows_in(RECENT, step)) + 1)
        _compare(usual, column, at, recent, FEWEST_RECENT, floor, "from the {} data points before")
        return usual


def _compare(
    usual: Expectation, column: Array, at: Rows, offsets: Rows, fewest: int, floor: float, basis: str
) -> None:
    """Fill in what is still open from the values at some offsets, wherever there are enough of them."""
    still_open = np.flatnonzero(np.isnan(usual.expected))
    size = max(1, CELLS // len(offsets))
    for first in range(0, len(still_open), size):
        block = still_open[first : first + size]
        source = at[block][:, np.newaxis] + offsets
        others = np.where(source >= 0, column[np.maximum(source, 0)], np.nan)
        count = np.isfinite(others).sum(axis=1)
        enough = count >= fewest
        rows = block[enough]
        usual.expected[rows], spread = _middle_and_spread(others[enough])
        usual.spread[rows] = np.maximum(spread, floor)
        usual.lowest[rows] = np.fmin(np.nanmin(others[enough], axis=1), usual.seen[rows])
        for row, present in zip(rows, count[enough], strict=True):
            usual.basis[row] = basis.format(present)


def _reason(name: str, usual: Expectation, number: int) -> Reason:
    middle, spread = float(usual.expected[number]), float(usual.spread[number])
    lower = middle - 2 * spread
    return Reason(
        name,
        float(usual.seen[number]),
        middle,
        # What was never below zero, such as a share of a processor, is not expected there.
        max(lower, 0.0) if usual.lowest[number] >= 0 else lower,
        middle + 2 * spread,
        usual.basis[number],
    )


def _middle_and_spread(values: Array) -> tuple[Array, Array]:
    """Return the median of what is present in each row of (k, w), and its robust spread, 0 for an empty row.

    Where more than half of a row is equal, the median deviation says nothing: the standard deviation stands in.
    """
    count = np.isfinite(values).sum(axis=1)
    middle = _medians(values, count)
    spread = MAD_TO_STD * _medians(np.abs(values - middle[:, np.newaxis]), count)
    equal = np.flatnonzero((spread == 0) & (count > 0))
    if len(equal):
        spread[equal] = np.nanstd(values[equal], axis=1)
    return middle, np.nan_to_num(spread)


def _spread_of_all(column: Array) -> float:
    """Return the same spread of one long column: a median of a million rows needs no sort."""
    present = column[np.isfinite(column)]
    if not len(present):
        return 0.0
    return MAD_TO_STD * float(np.median(np.abs(present - np.median(present)))) or float(present.std())


def _medians(values: Array, count: npt.NDArray[np.int64]) -> Array:
    """Return the median of each row, (k,), from a sort that puts what is missing last; NaN for an empty row."""
    ranked = np.sort(values, axis=1)
    rows = np.arange(len(values))
    return np.asarray((ranked[rows, (count - 1) // 2] + ranked[rows, count // 2]) / 2)


STRONGEST = 50


def strongest_rows(detected: Detection, span: slice, explainer: Explainer) -> list[tuple[int, Reason]]:
    """Return the rows of a span furthest above their level, strongest first, each with its reason."""
    excess = detected.heard[span] - detected.levels[span]
    rows = [row + span.start for row in strongest(excess, STRONGEST)]
    return list(zip(rows, explainer.reasons(rows), strict=True))


def strongest(excess: Array, count: int) -> list[int]:
    """Return the rows of the largest values, largest first, earlier ones first among equals; NaN are left out.

    Examples
    --------
    >>> strongest(np.array([1.0, 3.0, np.nan, 3.0, 2.0]), 3)
    [1, 3, 4]
    """
    known = np.flatnonzero(np.isfinite(excess))
    if len(known) > count:
        # Only those that can be among them are sorted: a history may have millions of rows.
        cut = np.partition(excess[known], len(known) - count)[len(known) - count]
        known = known[excess[known] >= cut]
    return known[np.argsort(-excess[known], kind="stable")][:count].tolist()


def by_strength(alerts: list[Alert]) -> list[Alert]:
    """Return alerts, the one furthest above its level first."""
    return sorted(alerts, key=lambda alert: alert.peak_level - alert.peak_score)
