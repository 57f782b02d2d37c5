"""Ask, run, tell: a free worker gets the next trial at once, whatever the others are doing."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from sre_anomaly.errors import ConfigError, UserError
from sre_anomaly.parallel.process_alive import this_process
from sre_anomaly.sweeps.heartbeat import send_heartbeat
from sre_anomaly.sweeps.progress import Progress
from sre_anomaly.sweeps.results import Result, read_result
from sre_anomaly.sweeps.settings import KEY, SweepSettings
from sre_anomaly.sweeps.space import Space
from sre_anomaly.sweeps.study import ERROR, OWNER, done, is_alive, lose, settle_orphans

WAIT_S = 1.0
BEAT_S = 60.0


@dataclass
class Ended:
    """What a crew says of a job that has ended."""

    value: Any = None
    error: str = ""
    lost: bool = False
    """Its process died: that says nothing about its parameters."""


class Workers(Protocol):
    """Who runs the jobs."""

    capacity: int
    """How many jobs it takes at a time."""

    def submit(self, number: int, overrides: Sequence[str]) -> None:
        """Start a job; its folder is called after its number."""

    def wait(self, timeout: float) -> list[tuple[int, Ended]]:
        """Return the jobs that have ended, waiting for the first one for so many seconds."""

    def close(self) -> None:
        """Give up what still runs."""


@dataclass
class Loop:
    """One process's work on a study."""

    study: Study
    space: Space
    settings: SweepSettings
    crew: Workers
    folder: Path
    target: int
    progress: Progress
    running: dict[int, Trial] = field(default_factory=dict)
    stopped: bool = False
    """Whether the sampler has tried everything there is."""

    def work(self) -> None:
        """Run trials until the study has as many as were asked for, in all sessions together.

        Raises
        ------
        UserError
            If too many trials are refused.
        RuntimeError
            If too many trials fail.
        """
        settle_orphans(self.study, self._values_of)
        self.progress.begin(done(self.study), self.target)
        deadline = math.inf if self.settings.timeout is None else time.monotonic() + self.settings.timeout
        last_beat = time.monotonic()
        try:
            while True:
                while len(self.running) < self.crew.capacity and self._wants_more(deadline):
                    self._start()
                if not self.running:
                    return
                for number, ended in self.crew.wait(WAIT_S):
                    self._settle(self.running.pop(number), ended)
                self.progress.show(len(self.running))
                if time.monotonic() - last_beat > BEAT_S:
                    send_heartbeat(self.study)
                    last_beat = time.monotonic()
        except KeyboardInterrupt:
            for trial in self.running.values():
                lose(self.study, self._frozen(trial), "interrupted")
            self.progress.stopped()
            raise

    def _wants_more(self, deadline: float) -> bool:
        if self.stopped or time.monotonic() >= deadline:
            return False
        others = [
            trial
            for trial in self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
            if trial.number not in self.running and is_alive(self.study, trial)
        ]
        return len(done(self.study)) + len(self.running) + len(others) < self.target

    def _start(self) -> None:
        trial = self.study.ask()
        trial.set_user_attr(OWNER, this_process())
        overrides = self.space.suggest(trial)
        self.running[trial.number] = trial
        self.crew.submit(trial.number, overrides)

    def _settle(self, trial: Trial, ended: Ended) -> None:
        result = self._result(trial.number, ended)
        if result.status == "lost":
            lose(self.study, self._frozen(trial), result.error)
            self.progress.lost(trial.number)
            return
        if result.error:
            trial.set_user_attr(ERROR, result.error)
        for constraint, excess in zip(self.settings.constraints, result.excess, strict=False):
            trial.set_constraint(constraint, excess)
        state = {"completed": TrialState.COMPLETE, "pruned": TrialState.PRUNED}.get(
            result.status, TrialState.FAIL
        )
        try:
            values = result.values if state == TrialState.COMPLETE else None
            self.study.tell(trial.number, values, state=state)
        except RuntimeError as error:
            # Samplers that go through a list end the study, which Optuna allows only inside its own loop.
            if "Study.stop" not in str(error):
                raise
            self.stopped = True
        ended_trials = done(self.study)
        self._stop_if_too_many_failed(result, ended_trials)
        self.progress.told(trial.number, result, ended_trials)

    def _result(self, number: int, ended: Ended) -> Result:
        if self.settings.objective == [None]:
            return _returned(ended)
        found = read_result(self.folder / str(number), self.settings)
        if found is not None and found.status != "running":
            return found
        if ended.lost:
            return Result("lost", error=ended.error)
        return Result("failed", error=ended.error or "it left no record")

    def _values_of(self, number: int) -> Sequence[float] | None:
        """Return the objective of a trial that had ended but could not tell it."""
        if self.settings.objective == [None]:
            return None
        found = read_result(self.folder / str(number), self.settings)
        return found.values if found is not None and found.status == "completed" else None

    def _frozen(self, trial: Trial) -> FrozenTrial:
        return next(t for t in self.study.get_trials(deepcopy=False) if t.number == trial.number)

    def _stop_if_too_many_failed(self, last: Result, ended: Sequence[FrozenTrial]) -> None:
        failed = [trial for trial in ended if trial.state == TrialState.FAIL]
        if len(failed) <= self.settings.max_failure_rate * self.target:
            return
        if len(failed) == len(ended) and last.status == "refused":
            # Nothing has worked yet: it is not these values that are wrong.
            raise ConfigError(last.error)
        told = (
            f"{len(failed)} of {len(ended)} trials failed, more than {KEY}.max_failure_rate="
            f"{self.settings.max_failure_rate:g} of {self.target} allows; the last one: {last.error}"
        )
        raise UserError(told) if last.status == "refused" else RuntimeError(told)


def _returned(ended: Ended) -> Result:
    """Read the objective from what the job returned."""
    if ended.lost or ended.error:
        return Result("lost" if ended.lost else "failed", error=ended.error)
    values = ended.value if isinstance(ended.value, (list, tuple)) else [ended.value]
    try:
        return Result("completed", [float(value) for value in values])
    except (TypeError, ValueError):
        return Result(
            "refused",
            error=f"{KEY}.objective: has to be given, such as detection.measures.pr_auc: the job returned {ended.value!r}, "
            "no number",
        )
