"""What runs that stand side by side are called: by what tells them apart."""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from sre_anomaly.records import short
from sre_anomaly.report.comparison.page import ComparedRun

LONGEST_NAME = 48
LEARNERS = ("detector", "classifier", "regressor", "forecaster")
"""Groups whose choice says most of a run."""


def name_runs(runs: Sequence[ComparedRun]) -> None:
    """Call each run by the words of its command that not all share, or by its folder where that says more."""
    every = [shlex.split(str(run.record.get("command", ""))) for run in runs]
    shared = set(every[0]).intersection(*every[1:]) if every else set()
    own = [" ".join(_rounded(word) for word in words if word not in shared) for words in every]
    settings = _settings(runs)
    for run, name in zip(runs, own, strict=True):
        fits = 0 < len(name) <= LONGEST_NAME and own.count(name) == 1
        # A sweep's winner goes by the name of the sweep.
        winner = (
            run.folder.name.startswith("refit_")
            and [r.folder.parent for r in runs].count(run.folder.parent) == 1
        )
        folder = f"{run.folder.parent.name}/{run.folder.name}"
        plain = run.folder.parent.name if winner else settings.get(run.folder, folder)
        run.name = name if fits else plain


def _settings(runs: Sequence[ComparedRun]) -> dict[Path, str]:
    """Return what tells finished runs apart: the fewest of the settings in which they differ, choices of a group first."""
    finished = [run for run in runs if run.completed]
    keys = dict.fromkeys(key for run in finished for key in run.config)
    differing = [key for key in keys if len({run.config.get(key) for run in finished}) > 1]
    differing.sort(key=lambda key: (not key.endswith(".name"), key.partition(".")[0] not in LEARNERS))
    for size in range(1, len(differing) + 1):
        names = [
            " ".join(
                f"{key.removesuffix('.name')}={_rounded(run.config[key])}"
                for key in differing[:size]
                if key in run.config
            )
            for run in finished
        ]
        if any(len(name) > LONGEST_NAME for name in names):
            return {}
        if len(set(names)) == len(names):
            return {run.folder: name for run, name in zip(finished, names, strict=True) if name}
    return {}


def _rounded(word: str) -> str:
    return re.sub(r"\d+\.\d{5,}(e-?\d+)?", lambda number: short(float(number[0])).replace(",", ""), word)
