"""Why a row is strange, in the metrics' own units: which metric, what was expected, what was seen."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from sre_anomaly.clock import rows_in
from sre_anomaly.contracts import Detector
from sre_anomaly.frame import Array, MetricFrame
from sre_anomaly.records import Reason

DAY = pd.Timedelta(days=1)
DAYS_BACK = 14
FEWEST_DAYS = 3
RECENT = pd.Timedelta("2h")
FEWEST_RECENT = 12
"""An expectation from recent rows needs so many of them."""
MAD_TO_STD = 1.4826


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
    _typical: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # The usual size of a move, so that a metric that hardly ever moves has no spread of zero.
        self._typical = np.array([_spread(column) for column in self.frame.values.T])

    def reasons(self, rows: list[int]) -> list[Reason]:
        """Return the reason for each of some rows."""
        shares = self.detector.contributions(self.X[rows]) if rows else None
        found = []
        for number, row in enumerate(rows):
            options = [self._compare(row, metric) for metric in range(len(self.frame.metrics))]
            found.append(options[self._blamed(options, None if shares is None else shares[number])])
        return found

    def _blamed(self, options: list[Reason], shares: Array | None) -> int:
        if shares is not None:
            by_metric = np.zeros(len(options))
            for share, (_, metric) in zip(shares, self.columns, strict=True):
                if metric and np.isfinite(share):
                    by_metric[self.frame.metrics.index(metric)] += share
            if by_metric.max() > 0:
                return int(np.argmax(by_metric))
        return int(np.argmax([self._distance(metric, option) for metric, option in enumerate(options)]))

    def _distance(self, metric: int, option: Reason) -> float:
        if not np.isfinite(option.seen):
            return np.inf
        if not np.isfinite(option.expected):
            return 0.0
        spread = max((option.usual_high - option.usual_low) / 4, 1e-3 * self._typical[metric], 1e-12)
        return abs(option.seen - option.expected) / spread

    def _compare(self, row: int, metric: int) -> Reason:
        """Compare a value with the same time on the days before, or else with the last two hours."""
        column, step = self.frame.values[:, metric], self.frame.step
        name, seen = self.frame.metrics[metric], float(column[row])
        day = rows_in(DAY, step)
        days = column[row - day * np.arange(1, min(DAYS_BACK, row // day) + 1)] if day else column[:0]
        days = days[np.isfinite(days)]
        if len(days) >= FEWEST_DAYS and self.frame.has_clock:
            return self._against(name, seen, days, metric, f"at this time on the last {len(days)} days")
        recent = column[max(0, row - max(FEWEST_RECENT, rows_in(RECENT, step))) : row]
        recent = recent[np.isfinite(recent)]
        if len(recent) >= FEWEST_RECENT and self.frame.has_clock:
            return self._against(name, seen, recent, metric, f"from the {len(recent)} rows before")
        everything = column[np.isfinite(column)]
        if not self.frame.has_clock and len(everything) >= FEWEST_RECENT:
            return self._against(name, seen, everything, metric, "over all rows")
        return Reason(name, seen, float("nan"), float("nan"), float("nan"), "")

    def _against(self, name: str, seen: float, others: Array, metric: int, basis: str) -> Reason:
        middle = float(np.median(others))
        spread = max(_spread(others), 0.1 * float(self._typical[metric]))
        return Reason(name, seen, middle, middle - 2 * spread, middle + 2 * spread, basis)


def _spread(values: Array) -> float:
    present = values[np.isfinite(values)]
    if not len(present):
        return 0.0
    return MAD_TO_STD * float(np.median(np.abs(present - np.median(present)))) or float(present.std())
