"""What a sweep left in its folder, for the screen, the page and the pictures."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from sre_anomaly.records import RunRecord
from sre_anomaly.sweeps.results import measures

EVALUATED_ON = {
    "validation": "the validation data",
    "history": "the labelled history itself (looking back)",
    "inner folds": "the inner folds",
}


@dataclass(frozen=True)
class Sweep:
    """What a sweep left in its folder, and the record of its winner on the test rows."""

    folder: Path
    outcome: dict[str, Any]
    record: dict[str, Any] | None
    trials: pd.DataFrame
    """One row per trial, as in ``trials.csv``."""

    @property
    def objectives(self) -> list[str]:
        """The columns of the measures that were to improve, the first one leading."""
        return [name or "value" for name in self.outcome["objective"]]

    @property
    def params(self) -> list[str]:
        """The columns of what was varied, the most important first."""
        start = 2 + len(self.objectives)
        names = [str(name) for name in self.trials.columns[start:-2]]
        return sorted(names, key=lambda name: -self.outcome["importance"].get(name, 0.0))

    @property
    def completed(self) -> pd.DataFrame:
        """The trials that have a value."""
        return self.trials[self.trials["state"] == "completed"]

    def maximize(self, objective: int = 0) -> bool:
        """Return whether more of an objective is better."""
        return bool(self.outcome["direction"][objective] == "maximize")

    def trial_record(self, number: int) -> dict[str, Any]:
        """Return the record of a trial; empty where it left none."""
        path = self.folder / str(number) / "record.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}

    @property
    def chosen_on(self) -> str:
        """What the trials were evaluated on, in words."""
        best = self.outcome["best"]
        record = self.trial_record(best[0]["trial"]) if best else {}
        task = record.get(self.objectives[0].partition(".")[0]) or {}
        return EVALUATED_ON.get(str(task.get("measured_on")), "the validation data")

    @property
    def never_seen(self) -> bool:
        """Whether the winner was measured on data that no trial had seen."""
        task = (self.record or {}).get(self.objectives[0].partition(".")[0]) or {}
        return task.get("measured_on", "test") == "test" and self.chosen_on != EVALUATED_ON["history"]

    def by_factors(self) -> set[str]:
        """Return the parameters that were swept by factors instead of steps."""
        space = self.outcome["space"]
        swept = [
            *space["params"].items(),
            *(item for inside in space["when"].values() for item in inside.items()),
        ]
        keys = {key for key, written in swept if '"log": true' in written}
        return {name for name in self.params if name.split(" (")[0] in keys}

    def tested(self) -> float | None:
        """Return the first objective of the winner on the test rows, None where it is not known."""
        value = dict(measures(self.record or {})).get(self.objectives[0])
        return value if value is not None and math.isfinite(value) else None

    def tested_interval(self) -> tuple[float, float]:
        """Return its 95 % interval, NaN where there is none."""
        task = (self.record or {}).get(self.objectives[0].partition(".")[0]) or {}
        return interval_of(task, plain_name(self.objectives[0]))


def interval_of(task: Mapping[str, Any], measure: str) -> tuple[float, float]:
    """Return the 95 % interval of a task's measure, NaN where there is none.

    Examples
    --------
    >>> interval_of({"measures": {"folds": 1}, "intervals": {"macro_f1_pooled": [0.4, 0.6]}}, "macro_f1")
    (0.4, 0.6)
    """
    if measure == "macro_f1" and task.get("measures", {}).get("folds") == 1:
        # Over one fold the mean over folds and the value over all rows are the same.
        measure = "macro_f1_pooled"
    low, high = (task.get("intervals") or {}).get(measure) or (None, None)
    return math.nan if low is None else float(low), math.nan if high is None else float(high)


def read_sweep(folder: Path, outcome: dict[str, Any], record: RunRecord | None) -> Sweep:
    """Return what a sweep left in its folder."""
    trials = pd.read_csv(folder / "trials.csv", keep_default_na=False, na_values=[""])
    return Sweep(folder, outcome, None if record is None else asdict(record), trials)


def plain_name(objective: str) -> str:
    """Return the last word of a measure's name."""
    return objective.rpartition(".")[2]
