"""How a sweep goes, for the person who waits: one living line, or one line a trial where nobody watches."""

import sys
import time
from collections import Counter
from collections.abc import Sequence
from typing import Self

from optuna.trial import FrozenTrial, TrialState
from rich.console import Console
from rich.live import Live
from rich.text import Text

from sre_anomaly.records import short
from sre_anomaly.sweeps.results import Result

STATES = {
    TrialState.COMPLETE: "completed",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
}


class Progress:
    """Counts trials by how they ended and keeps the best value so far."""

    def __init__(self, *, maximize: bool) -> None:
        self._maximize = maximize
        self._counts: Counter[str] = Counter()
        self._best: tuple[float, int] | None = None
        self._target = 0
        self._began = time.monotonic()
        self._before = 0
        self._watched = sys.stderr.isatty()
        self._live = Live(console=Console(stderr=True), transient=True, refresh_per_second=4)

    def __enter__(self) -> Self:
        if self._watched:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._watched:
            self._live.stop()

    def begin(self, ended: Sequence[FrozenTrial], target: int) -> None:
        """Take over what earlier sessions did."""
        self._target = target
        self._count(ended)
        self._before = len(ended)
        if ended:
            left = target - len(ended)
            what = f"{left} to go" if left > 0 else "nothing to do: raise hydra.sweeper.n_trials for more"
            self._say(f"going on: {len(ended)} of {target} trials are done, {what}")

    def told(self, number: int, result: Result, ended: Sequence[FrozenTrial]) -> None:
        """Take in how a trial ended, and what other processes have done in the meantime."""
        self._count(ended)
        said = ", ".join(short(value) for value in result.values) if result.values else result.status
        if result.error:
            said = f"{result.status}: {result.error}"
        if not self._watched or result.status not in ("completed", "pruned"):
            self._say(f"trial {number}: {said}   [{self.line(0)}]")

    def lost(self, number: int) -> None:
        """Say that a trial's process has died."""
        self._say(f"trial {number}: lost, its process died; it will be tried again")

    def stopped(self) -> None:
        """Say how to go on."""
        self._say(f"stopped: {self.line(0)}; the same command goes on from here")

    def show(self, running: int) -> None:
        """Renew the living line."""
        if self._watched:
            self._live.update(Text(self.line(running)))

    def line(self, running: int) -> str:
        """Return the state of the sweep in one line."""
        ended = self._counts.total()
        parts = [f"{ended} of {self._target} trials"]
        parts += [
            f"{count} {state}" for state, count in self._counts.items() if state != "completed" and count
        ]
        if running:
            parts.append(f"{running} running")
        if self._best is not None:
            parts.append(f"best {short(self._best[0])} (trial {self._best[1]})")
        here = ended - self._before
        if here > 0 and ended < self._target:
            left = (time.monotonic() - self._began) / here * (self._target - ended)
            parts.append(f"about {_duration(left)} left")
        return ", ".join(parts)

    def _count(self, ended: Sequence[FrozenTrial]) -> None:
        self._counts = Counter(STATES[trial.state] for trial in ended)
        completed = [
            (trial.values[0], -trial.number) for trial in ended if trial.state == TrialState.COMPLETE
        ]
        if completed:
            sign = 1 if self._maximize else -1
            value, number = max(completed, key=lambda found: (sign * found[0], found[1]))
            self._best = value, -number

    def _say(self, line: str) -> None:
        if self._watched:
            self._live.console.print(line, highlight=False, markup=False, soft_wrap=True)
        else:
            sys.stderr.write(line + "\n")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
