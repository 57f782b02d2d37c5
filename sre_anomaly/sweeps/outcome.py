"""What a sweep leaves: ``sweep.json`` for programs, ``trials.csv`` for everyone."""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import optuna
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from sre_anomaly.records import write_json, write_text
from sre_anomaly.sweeps.progress import STATES
from sre_anomaly.sweeps.settings import SweepSettings
from sre_anomaly.sweeps.study import ERROR, LOST, SHAPE


def best_trials(study: Study) -> list[FrozenTrial]:
    """Return the best trial that keeps the constraints; empty where none does.

    With several objectives these are all that no other trial beats, the best in the first objective first.
    """
    try:
        found = [study.best_trial] if len(study.directions) == 1 else study.best_trials
    except ValueError:
        return []
    sign = -1 if study.directions[0] == StudyDirection.MAXIMIZE else 1
    return sorted(found, key=lambda trial: (sign * trial.values[0], trial.number))


def write_outcome(study: Study, settings: SweepSettings, folder: Path, target: int) -> None:
    """Write both files from the study, whoever ran its trials."""
    shares = importance(study)
    # Read last, because another process may be telling trials of its own.
    trials = study.get_trials(deepcopy=False)
    counts = Counter(_state(trial) for trial in trials)
    storage = settings.storage or "journal.log"
    content = {
        "study": study.study_name,
        "storage": re.sub(r"://[^@/]*@", "://...@", storage),
        "objective": settings.objective,
        "direction": settings.direction,
        "constraints": settings.constraints,
        "space": study.user_attrs[SHAPE],
        "trials": dict(counts),
        "target": target,
        "best": [_told(trial) for trial in best_trials(study)],
        "default": _told(trials[0]) if trials and "fixed_params" in trials[0].system_attrs else None,
        "importance": shares,
    }
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "sweep.json", content)
    write_text(folder / "trials.csv", _table(trials, settings))


def importance(study: Study) -> dict[str, float]:
    """Return each parameter's share in how the (first) objective varies (fANOVA: Hutter, 2014).

    Empty with fewer than ten completed trials, or when all are alike.
    """
    completed = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(completed) < 10 or len({trial.values[0] for trial in completed}) < 2:
        return {}
    target = None if len(study.directions) == 1 else (lambda trial: trial.values[0])
    try:
        found = optuna.importance.get_param_importances(
            study, evaluator=optuna.importance.FanovaImportanceEvaluator(seed=0), target=target
        )
    except (ValueError, RuntimeError):
        # Parameters that exist under a choice only are not common to all trials.
        return {}
    return {name: float(share) for name, share in found.items()}


def _told(trial: FrozenTrial) -> dict[str, Any]:
    return {"trial": trial.number, "values": trial.values, "params": trial.params, "state": _state(trial)}


def _state(trial: FrozenTrial) -> str:
    if trial.user_attrs.get(LOST):
        return "lost"
    return STATES.get(trial.state, trial.state.name.lower())


def _table(trials: Sequence[FrozenTrial], settings: SweepSettings) -> str:
    names = list(dict.fromkeys(name for trial in trials for name in trial.params))
    objectives = [name or "value" for name in settings.objective]
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["trial", "state", *objectives, *names, "seconds", "error"])
    for trial in trials:
        values = trial.values or [""] * len(objectives)
        seconds = trial.duration.total_seconds() if trial.duration else ""
        error = str(trial.user_attrs.get(ERROR, "")).strip().splitlines()[-1:]
        rows.writerow(
            [
                trial.number,
                _state(trial),
                *values,
                *(trial.params.get(name, "") for name in names),
                seconds,
                *error,
            ]
        )
    return text.getvalue()
