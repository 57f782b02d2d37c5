"""A saved model meets one new point.

Times are put on the model's clock: a point belongs to the tick that it lies in. A point at or before the last tick is
not used: "repeated" in the same tick, "late" before it. Skipped ticks are rows on which nothing was measured. A point
more than `LONGEST_GAP` ticks ahead may be a wrong date: it is "early" and not used, unless the next one confirms it;
then the model starts afresh. What is missing or NaN is a gap; metrics that the model does not know are ignored.
"""

import copy
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import numpy as np

from sre_anomaly.clock import in_nanoseconds
from sre_anomaly.contracts import exceeds
from sre_anomaly.errors import UserError
from sre_anomaly.frame import LARGEST, Array
from sre_anomaly.known import inside
from sre_anomaly.live.before import Course
from sre_anomaly.live.reasons import Row, Teller, usual_of
from sre_anomaly.model.model import Model, load_model
from sre_anomaly.model.state import ModelState
from sre_anomaly.model.trial import answering, refusing
from sre_anomaly.pipeline.detection import start_policy
from sre_anomaly.records import Alert, write_text

LONGEST_GAP = 100_000
FARTHEST = 2**63 - 2**53
Status = Literal["ok", "warming up", "missing", "late", "repeated", "early"]
NAN = float("nan")
MUTED = np.array([NAN])


@dataclass(slots=True, repr=False)
class Result:
    """What a model says of one point.

    ``status`` is "ok"; "warming up" before there is enough history (``seen`` of ``needed`` rows); "missing" where too
    little was measured; "late", "repeated" or "early" if it was not used. Score and level are NaN unless it is "ok".
    """

    time: int
    status: Status
    score: float = NAN
    level: float = NAN
    flag: bool = False
    alerts: Sequence[Alert] = ()
    seen: int = 0
    needed: int = 0

    def __repr__(self) -> str:
        """Show the status, or the score against its level."""
        said = f"{self.score:.4g} against {self.level:.4g}" if self.status == "ok" else self.status
        return f"<Result {datetime.fromtimestamp(self.time / 1e9, UTC):%Y-%m-%d %H:%M:%S} {said}>"


class Monitor:
    """Answers one point after the other, exactly as a run over the same rows would.

    Parameters
    ----------
    model : Model
        Its alert policy is used from the start.
    afresh : bool
        A detector or threshold that learns while it runs goes on where the run ended, and rows of its history are
        late; with ``afresh`` it begins as the run did.
    """

    def __init__(self, model: Model, *, afresh: bool = False) -> None:
        self.model = model
        self.metrics = model.metrics
        self._row = np.empty((1, len(model.metrics)))
        self._time = np.zeros(1, dtype=np.int64)
        self._clock = self._time if model.has_clock else np.zeros(1, dtype=np.int64)
        self._columns = np.empty((1, len(model.features.columns(model.metrics))))
        self._level = float(model.threshold.level(np.zeros(1))[0]) if model.threshold.fixed else None
        self._needed, self._mutes = model.features.lookback + 1, len(model.windows.muted) > 0
        self._teller = Teller(model, usual_of(model))
        self._start_afresh()
        self._tick: int | None = None
        self._leap: int | None = None
        model.alerts.start(model.step)
        if model.memory is not None and not afresh:
            self._memory = copy.deepcopy(model.memory)
            self._before = np.empty_like(self._memory.detector)
            self._course = Course(self._memory.course, len(self.metrics))
            self._seen, self._tick = self._needed, (model.last - model.origin) // model.step
            start_policy(model.alerts, model.step, model.origin)

    @property
    def due(self) -> int | None:
        """The time of the row after the last one, ns since 1970; None before the first."""
        return None if self._tick is None else self.model.origin + (self._tick + 1) * self.model.step

    def _start_afresh(self) -> None:
        model = self.model
        self._memory = ModelState.before(model.features, model.detector, model.threshold, self.metrics)
        self._shares = self._memory.shares(self._columns)
        self._before = np.empty_like(self._memory.detector)
        self._course = Course(self._memory.course, len(self.metrics))
        self._seen = 0

    def update(self, time: int | str | datetime, values: Mapping[str, float] | Sequence[float]) -> Result:
        """Take in one point.

        Parameters
        ----------
        time : int, str or datetime
            Nanoseconds since 1970, an ISO 8601 text, or a datetime, UTC without an offset; the nearest tick counts.
        values : mapping of metric to value, or values in the order of `metrics`

        Raises
        ------
        ValueError
            If the time cannot be read, or a value is not a number, is infinite or larger than any measurement.
        """
        now = time if type(time) is int else in_nanoseconds(time)
        tick = (now - self.model.origin + self.model.step // 2) // self.model.step
        if not -FARTHEST < now < FARTHEST:
            raise ValueError(f"{time!r} is further from 1970 than a clock in nanoseconds can count")
        # Read before anything is changed: a value that is no number leaves the monitor as it was.
        given = map(values.get, self.metrics) if isinstance(values, Mapping) else values
        row = [NAN if value is None else float(value) for value in given]
        for metric, value in zip(self.metrics, row, strict=True):
            if value > LARGEST or value < -LARGEST:
                raise ValueError(f"{metric}: {value:g} is too large to be a measurement")
        before: Sequence[Alert] = ()
        if self._tick is not None:
            ahead = tick - self._tick
            if ahead <= 0:
                return Result(now, "late" if ahead else "repeated")
            if ahead > LONGEST_GAP and not self._confirmed(tick):
                return Result(now, "early")
            before = self._skip(ahead - 1) if ahead > 1 else ()
        self._leap, self._tick = None, tick
        result = self._answer(self.model.origin + tick * self.model.step, row)
        if before:
            result.alerts = [*before, *result.alerts]
        return result

    def _confirmed(self, tick: int) -> bool:
        """Say whether a leap far ahead was real: one wrong date must not make all later points late."""
        leap, self._leap = self._leap, tick
        return leap is not None and 0 < tick - leap <= LONGEST_GAP

    @answering
    def _answer(self, now: int, row: list[float]) -> Result:
        model, detector = self.model, self.model.detector
        self._time[0], self._row[0] = now, row
        if detector.bounded:
            self._course.note(row)
        memory = self._memory
        model.features.advance(memory.features, self._time, self._row, self._columns)
        self._seen += 1
        if self._seen < self._needed:
            alerts = self._step_alerts(now, NAN, NAN, False)
            return Result(now, "warming up", alerts=alerts, seen=self._seen, needed=self._needed)
        columns = self._columns
        # A sum is finite where all of its parts are, and cheaper to ask; cheaper still is not to ask.
        usable = detector.handles_nothing or math.isfinite(columns.sum())
        if not usable and not (detector.handles_missing and np.isfinite(columns).any()):
            return Result(now, "missing", alerts=self._step_alerts(now, NAN, NAN, False))
        if detector.bounded:
            # Bounds are those before the row is taken in, asked for only where there is something to report.
            self._before[:] = memory.detector
        scores = detector.advance(memory.detector, self._clock, columns, self._shares)
        score = float(scores[0])
        # In a muted window neither threshold nor policy hears of it.
        muted = self._mutes and inside(model.windows.muted, self._clock)[0]
        heard = NAN if muted else score
        level = self._level
        if level is None:
            level = float(model.threshold.advance(memory.threshold, MUTED if muted else scores)[0])
        flag = exceeds(heard, level)
        return Result(now, "ok", score, level, flag, self._step_alerts(now, heard, level, flag))

    def _step_alerts(self, now: int, score: float, level: float, flagged: bool) -> Sequence[Alert]:
        policy = self.model.alerts
        if policy.idle and not flagged:
            # As in a replay: a quiet row changes nothing.
            return ()
        alerts = policy.step(now, score, level)
        row = Row(now, level, flagged, self._row, self._columns, self._shares)
        self._teller.word(alerts, row, self._bands, self._course.before)
        return alerts

    def _bands(self, level: float) -> Array | None:
        states, levels = self._before.copy(), np.array([level])
        return self.model.detector.bands(states, self._clock, self._columns, levels)

    def _skip(self, ticks: int) -> list[Alert]:
        """Let ticks pass on which nothing was measured; return the alerts that closed meanwhile."""
        if ticks > LONGEST_GAP:
            self._start_afresh()
            return self.finish()
        assert self._tick is not None
        first, nothing = self.model.origin + self._tick * self.model.step, [NAN] * len(self.metrics)
        rows = (self._answer(first + passed * self.model.step, nothing) for passed in range(1, ticks + 1))
        return [alert for row in rows for alert in row.alerts]

    def finish(self) -> list[Alert]:
        """Close what is open at the end of a stream."""
        alerts = self.model.alerts.finish()
        self._teller.finish(alerts)
        return alerts

    def save(self, path: str | Path) -> None:
        """Write all that is remembered, whole or not at all."""
        self._course.catch_up()
        state = {
            "model": self.model.checksum,
            "tick": self._tick,
            "seen": self._seen,
            "memory": self._memory.texts(),
            "alerts": self.model.alerts.state(),
            "teller": self._teller.state(),
        }
        write_text(Path(path), json.dumps(state))

    def restore(self, path: str | Path) -> None:
        """Go on from what `save` wrote.

        Raises
        ------
        UserError
            If the file is missing, cut short, or of another model.
        """
        try:
            state = json.loads(Path(path).read_text(encoding="utf-8"))
            other, texts = state["model"] != self.model.checksum, state["memory"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            raise UserError(
                f"state={path}: is missing or cut short; start without it, or delete it"
            ) from None
        if other or not {"alerts", "teller"} <= state.keys() or not self._memory.take(texts):
            why = "belongs to another model" if other else "was written by another version of sre-anomaly"
            raise UserError(f"state={path}: {why}; delete it, or name another file with state=")
        with refusing(f"state={path}"):
            self._tick, self._seen = None if state["tick"] is None else int(state["tick"]), int(state["seen"])
            self.model.alerts.resume(state["alerts"])
            self._teller.resume(state["teller"])
        self._course = Course(self._memory.course, len(self.metrics))


def load_monitor(folder: str | Path, *, afresh: bool = False) -> Monitor:
    """Return a monitor of the model that a run left in ``<run folder>/model``; see `Monitor` for ``afresh``.

    Raises
    ------
    UserError
        If the folder is no model, or was changed.
    """
    return Monitor(load_model(Path(folder)), afresh=afresh)
