"""Many series watched at once: one vectorised step answers all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import numpy as np

from sre_anomaly.clock import in_nanoseconds
from sre_anomaly.contracts import exceeds
from sre_anomaly.frame import LARGEST, Array, Mask
from sre_anomaly.kernels.course import follow
from sre_anomaly.known import inside
from sre_anomaly.live.before import remember
from sre_anomaly.live.fleet_score import score_rows
from sre_anomaly.live.monitor import LONGEST_GAP
from sre_anomaly.live.reasons import Row
from sre_anomaly.live.siblings import Stranger
from sre_anomaly.live.voices import Voices
from sre_anomaly.model.model import Model
from sre_anomaly.model.state import PARTS, ModelState
from sre_anomaly.model.trial import answering
from sre_anomaly.records import Alert, Reason

NOBODY: Mapping[int, Stranger] = {}
POOL_EVERY = 60
"""Rows after which a pooled prior is looked at anew."""


@dataclass
class FleetResult:
    """What the models say of one row of every series, n of them."""

    time: int
    scores: Array
    """(n,) NaN while warming up and where too little was measured."""
    levels: Array
    flags: Mask
    alerts: list[tuple[int, Alert]]
    """Series number and alert, for each that opened, changed or closed."""
    warming_up: bool


class FleetMonitor:
    """Answers for n series that share one clock, with one model for all or one for each.

    A detector or threshold that learns while it runs learns each series from its first row here.

    Parameters
    ----------
    models : Model or sequence of Model
        One for all series, or one per series, all with the same metrics, step and features.
    series : int
        How many series there are; with one model each it follows from them.
    pool : bool
        A threshold with a prior learns it from the whole fleet as well, looked at anew every 60 rows, so that a fleet that pages
        far more often than others is held to its budget from a new series' first day. Levels then differ from a single monitor's.
    absence : bool
        A series without any value is absent: nothing is said of it, nothing learned, and with its next value it goes on from what it
        was. Otherwise its silence is scored as any other row.
    """

    def __init__(
        self, models: Model | Sequence[Model], series: int = 0, *, pool: bool = False, absence: bool = False
    ) -> None:
        each = [models] if isinstance(models, Model) else list(models)
        self.series = series if isinstance(models, Model) else len(each)
        first = each[0]
        self._step, self._origin = first.step, first.origin
        self._metrics = len(first.metrics)
        self._width = len(first.features.columns(first.metrics))
        everyone = np.arange(self.series)
        self._groups = (
            [(first, everyone)] if len(each) == 1 else list(zip(each, everyone[:, np.newaxis], strict=True))
        )
        self._needed = 1 + max(model.features.lookback for model in each)
        self._columns = np.empty((self.series, self._width))
        self._shares = np.full_like(self._columns, np.nan)
        self.voices = Voices(each, self.series, self._step)
        self._absence = absence
        self._tick: int | None = None
        self._pool = pool
        self._start_afresh()

    def _start_afresh(self) -> None:
        self._memories = [
            ModelState.before(model.features, model.detector, model.threshold, model.metrics, len(members))
            for model, members in self._groups
        ]
        self._before = [
            remember(model, memory.detector, self._width, skips=self._absence)
            for (model, _), memory in zip(self._groups, self._memories, strict=True)
        ]
        self._thresholds = [model.threshold for model, _ in self._groups]
        self._seen = 0

    def update_many(
        self, time: int | str | datetime, matrix: Array, strangers: Mapping[int, Stranger] = NOBODY
    ) -> FleetResult | None:
        """Take in one row of every series, (n, m); NaN where nothing was measured.

        Times follow the rules of a single monitor; None for one that is late or repeated. ``strangers`` exceed their levels whatever
        their own past says.

        Raises
        ------
        ValueError
            If a value is infinite or larger than any measurement.
        """
        rows = np.ascontiguousarray(matrix, dtype=np.float64)
        if (far := np.abs(rows) > LARGEST).any():
            series, metric = (int(place) for place in np.argwhere(far)[0])
            raise ValueError(
                f"series {series}, metric {metric}: {rows[series, metric]:g} is too large to be a measurement"
            )
        now = time if isinstance(time, int) else in_nanoseconds(time)
        tick = (now - self._origin) // self._step
        if self._tick is not None and tick <= self._tick:
            return None
        skipped = 0 if self._tick is None else tick - self._tick - 1
        if skipped > LONGEST_GAP:
            self._start_afresh()
        else:
            nothing = np.full((self.series, self._metrics), np.nan)
            for passed in range(tick - skipped, tick):
                self._answer(passed, nothing)
        self._tick = tick
        return self._answer(tick, rows, strangers)

    @answering
    def _answer(self, tick: int, matrix: Array, strangers: Mapping[int, Stranger] = NOBODY) -> FleetResult:
        now = self._origin + tick * self._step
        scores, heard, levels = (np.full(self.series, np.nan) for _ in range(3))
        absent: Mask = (
            np.asarray(np.isnan(matrix).all(axis=1)) if self._absence else np.zeros(self.series, dtype=bool)
        )
        kept = [
            memory.of(absent[members])
            for (_, members), memory in zip(self._groups, self._memories, strict=True)
        ]
        self._seen += 1
        warm = self._seen >= self._needed
        if self._pool and self._seen % POOL_EVERY == 0:
            taught = np.vstack([memory.threshold for memory in self._memories])
            self._thresholds = [model.threshold.pooled(taught) for model, _ in self._groups]
        for group, ((model, members), memory) in enumerate(zip(self._groups, self._memories, strict=True)):
            before = self._before[group]
            whole = len(members) == self.series
            rows = matrix if whole else matrix[members]
            columns = self._columns if whole else np.empty((len(members), self._width))
            times = np.full(len(members), now)
            model.features.advance(memory.features, times, rows, columns)
            columns[absent[members]] = np.nan
            if warm:
                if before is not None:
                    before.note(memory.detector, now, columns)
                told = memory.shares(columns)
                scores[members] = score_rows(model, memory.detector, times, columns, told)
                self._shares[members] = np.nan if told is None else told
                if not inside(model.windows.muted, times[:1])[0]:
                    heard[members] = scores[members]
                levels[members] = self._thresholds[group].advance(memory.threshold, heard[members])
            self._columns[members] = columns
        scores[absent] = heard[absent] = np.nan
        for one, (share, _) in strangers.items():
            if not inside(self._groups[0][0].windows.muted, np.array([now]))[0]:
                scores[one] = heard[one] = share * levels[one]
        flags = exceeds(heard, levels)
        why = {one: reason for one, (_, reason) in strangers.items()}
        alerts = self._replay(now, heard, levels, flags, matrix, why) if warm or self.voices.watchful else []
        for (_, members), memory, known in zip(self._groups, self._memories, kept, strict=True):
            if memory.course.size:
                follow.for_rows(len(members))(memory.course, np.ascontiguousarray(matrix[members]))
            memory.put_back(absent[members], known)
        return FleetResult(now, scores, levels, flags, alerts, warming_up=not warm)

    def _replay(
        self, now: int, scores: Array, levels: Array, flags: Mask, matrix: Array, why: Mapping[int, Reason]
    ) -> list[tuple[int, Alert]]:
        """Step the policies of the series that are flagged, and those that are not idle; all others would not change."""
        concerned = sorted({*np.flatnonzero(flags).tolist(), *self.voices.watchful})
        told = []
        for series in concerned:
            policy, teller = self.voices.of(series)
            score, level = float(scores[series]), float(levels[series])
            alerts = policy.step(now, score, level)
            here = slice(series, series + 1)
            shares = self._shares[here]
            known = shares if np.isfinite(shares).any() else None
            row = Row(
                now, level, bool(flags[series]), matrix[here], self._columns[here], known, why.get(series)
            )
            place = self._where(series)
            teller.word(alerts, row, partial(self._bands_of, *place), partial(self._course_of, *place))
            told += [(series, alert) for alert in alerts]
            self.voices.note(series)
        return told

    def bands_before(self, time: int, rows: Array, levels: Array) -> Array:
        """Return (n, d, 3) what is expected of a row (n, d) that has not been taken in, and the bounds at levels (n,); nothing is changed.

        Only with one model for all series, of a detector that has bounds.
        """
        (model, _), memory = self._groups[0], self._memories[0]
        times = np.full(self.series, time if model.has_clock else 0)
        bands = model.detector.bands(memory.detector.copy(), times, np.ascontiguousarray(rows), levels)
        assert bands is not None
        return bands

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return all that is remembered: arrays with a row for each series, and what JSON can hold."""
        arrays = {part: np.vstack([getattr(memory, part) for memory in self._memories]) for part in PARTS} | {
            "columns": self._columns
        }
        kept = {"tick": self._tick, "seen": self._seen, **self.voices.state()}
        return arrays, kept

    def resume(
        self, arrays: dict[str, Array], kept: dict[str, Any], places: Sequence[int | None] = ()
    ) -> None:
        """Go on from what `state` returned.

        ``places`` has for each series here its row there, None for one that was not there, which begins afresh; without it they are
        the same.
        """
        from_row = list(places) or list(range(self.series))
        here = [place for place, row in enumerate(from_row) if row is not None]
        there = [row for row in from_row if row is not None]
        self._columns[here] = arrays["columns"][there]
        for part in PARTS:
            own = np.vstack([getattr(memory, part) for memory in self._memories])
            own[here] = arrays[part][there]
            for memory, (_, members) in zip(self._memories, self._groups, strict=True):
                setattr(memory, part, own[members])
        self._before = [
            remember(model, memory.detector, self._width, skips=self._absence)
            for (model, _), memory in zip(self._groups, self._memories, strict=True)
        ]
        self._tick, self._seen = kept["tick"], kept["seen"]
        moved = {str(row): place for place, row in zip(here, there, strict=True)}
        self.voices.resume(kept, moved)

    def _bands_of(self, group: int, row: int, level: float) -> Array | None:
        before = self._before[group]
        return None if before is None else before.bands(row, level)

    def _course_of(self, group: int, row: int) -> Array:
        return np.asarray(self._memories[group].course[row])

    def _where(self, series: int) -> tuple[int, int]:
        """Return the group that a series is in and its row there."""
        return (0, series) if len(self._groups) == 1 else (series, 0)
