"""An Optuna study that many processes may work on, and that outlives each of them."""

import inspect
import re
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import optuna
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from sre_anomaly.errors import ConfigError, did_you_mean
from sre_anomaly.parallel.process_alive import this_process
from sre_anomaly.sweeps.heartbeat import BEAT, is_working, send_heartbeat
from sre_anomaly.sweeps.settings import KEY, SweepSettings
from sre_anomaly.sweeps.space import Space

SAMPLERS = {
    "tpe": "TPESampler",
    "random": "RandomSampler",
    # A grid is put in line when the study begins; nothing is left to be sampled.
    "grid": "RandomSampler",
    "brute_force": "BruteForceSampler",
    "qmc": "QMCSampler",
    "cmaes": "CmaEsSampler",
    "gp": "GPSampler",
    "nsga2": "NSGAIISampler",
    "nsga3": "NSGAIIISampler",
}
PRUNERS = {
    "none": "NopPruner",
    "median": "MedianPruner",
    "percentile": "PercentilePruner",
    "hyperband": "HyperbandPruner",
    "successive_halving": "SuccessiveHalvingPruner",
    "threshold": "ThresholdPruner",
}
SHAPE = "shape"
OWNER, LOST, ERROR = "owner", "lost", "error"
TURN = 7919
"""Between the seeds of two processes, so that one that goes on later does not meet another's."""
JUST_ASKED_S = 10.0
MOST_ATTEMPTS = 3
"""A trial whose process died is tried again, but not for ever: it may be what kills it."""


def open_storage(storage: str | None, folder: Path) -> BaseStorage:
    """Return the storage of a database URL, or of a journal file; the default is a file in the sweep's folder.

    Raises
    ------
    ConfigError
        If it cannot be reached.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        if storage is not None and "://" in storage:
            return RDBStorage(storage)
        path = Path(storage) if storage else folder / "journal.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        return JournalStorage(JournalFileBackend(str(path)))
    except Exception as error:  # noqa: BLE001
        # Each database driver has exceptions of its own; none of them is a fault of ours.
        shown = re.sub(r"://[^@/]*@", "://...@", str(storage))
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ConfigError(f"{KEY}.storage: {shown} cannot be used: {reason}") from None


def open_study(
    settings: SweepSettings, space: Space, folder: Path, *, workers: int, seed: int, fixed: Mapping[str, Any]
) -> Study:
    """Create a study, or open the one of that name to go on with it.

    Parameters
    ----------
    folder : Path
        Of the sweep; the study is named after it unless it has a name.
    workers : int
        Trials that run at the same time.
    fixed : mapping
        What else the result depends on; a study only goes on where it is the same.

    Raises
    ------
    ConfigError
        If the storage cannot be reached, a sampler or pruner does not exist, or the study's space or
        objective has changed.
    """
    pruner = make_pruner(settings.pruner)
    _sampler(settings, seed=seed, workers=workers)
    storage = open_storage(settings.storage, folder)
    name = settings.study_name or folder.name
    try:
        study = optuna.create_study(
            study_name=name, storage=storage, directions=settings.direction, load_if_exists=True
        )
    except ValueError as error:
        raise ConfigError(f"{KEY}: study {name!r}: {error}") from None
    shape = {
        "objective": [str(objective) for objective in settings.objective],
        "direction": list(settings.direction),
        "constraints": settings.constraints,
        **space.described(),
        **fixed,
    }
    _refuse_changed(study, shape)
    study.set_user_attr(SHAPE, shape)
    send_heartbeat(study)
    # Each process that works on a study draws its own random numbers.
    turn = [name for name in study.user_attrs if name.startswith(BEAT)].index(BEAT + this_process())
    begun = len(study.get_trials(deepcopy=False))
    study.sampler = _sampler(settings, seed=seed + TURN * turn + begun, workers=workers)
    study.pruner = pruner
    return study


def _refuse_changed(study: Study, shape: dict[str, Any]) -> None:
    before = study.user_attrs.get(SHAPE)
    told = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
    same_direction = [direction.name.lower() for direction in study.directions] == shape["direction"]
    if same_direction and (before is None or before == shape or not told):
        return
    changed = [key for key in shape if before is None or before.get(key) != shape[key]] or ["direction"]
    was = "; ".join(
        f"{key} was {_short((before or {}).get(key))}, is {_short(shape[key])}" for key in changed
    )
    raise ConfigError(
        f"{KEY}.study_name: study {study.study_name!r} has {len(told)} finished trials of another kind: {was}. Go back "
        f"to that, or start a new study with {KEY}.study_name=NAME"
    )


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 120 else f"{text[:117]}..."


def _sampler(settings: SweepSettings, *, seed: int, workers: int) -> BaseSampler:
    options = dict(settings.sampler)
    name = str(options.pop("name", "tpe"))
    if name == "tpe":
        # What runs now is taken as poor, so that workers do not all try the same.
        options.setdefault("constant_liar", workers > 1)
    return _made(f"{KEY}.sampler", SAMPLERS, optuna.samplers, name, {"seed": seed, **options})


def make_pruner(node: Mapping[str, Any]) -> Any:
    """Return the pruner of a config node.

    Raises
    ------
    ConfigError
        If there is none of that name, or it has no such option.
    """
    options = dict(node)
    return _made(f"{KEY}.pruner", PRUNERS, optuna.pruners, str(options.pop("name", "none")), options)


def _made(key: str, names: Mapping[str, str], home: Any, name: str, options: dict[str, Any]) -> Any:
    if name not in names:
        raise ConfigError(f"{key}.name: {name!r} does not exist; {did_you_mean(name, names)}")
    made = getattr(home, names[name])
    known = [option for option in inspect.signature(made).parameters if option != "self"]
    for option in options:
        if option not in known:
            raise ConfigError(
                f"{key}.{option}: {name} has no such option; {did_you_mean(option, known)}; take it out with "
                f"~{key}.{option}"
            )
    try:
        with warnings.catch_warnings():
            # Optuna marks some options as experimental; they are named in YAML on purpose.
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return made(**options)
    except ImportError as error:
        raise ConfigError(
            f"{key}.name: {name} needs the package {error.name}: pip install {error.name}"
        ) from None
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{key}: {error}") from None


def settle_orphans(study: Study, finished: Callable[[int], Sequence[float] | None]) -> int:
    """Settle the trials whose process has died without a word; return how many will be tried again.

    One that had written its result is told; any other has failed and is put in line again.
    """
    again = 0
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if is_alive(study, trial):
            continue
        values = finished(trial.number)
        if values is not None:
            with suppress(optuna.exceptions.UpdateFinishedTrialError, ValueError):
                study.tell(trial.number, list(values))
        else:
            again += lose(study, trial, "its process ended without an error")
    return again


def is_alive(study: Study, trial: FrozenTrial) -> bool:
    """Return whether the process that works on a running trial lives."""
    name = trial.user_attrs.get(OWNER)
    if name is None:
        # Asked for a moment ago, or left by a process that died in that moment.
        asked = trial.datetime_start.timestamp() if trial.datetime_start else 0.0
        return time.time() - asked < JUST_ASKED_S
    return is_working(study, name)


def lose(study: Study, trial: FrozenTrial, why: str) -> bool:
    """Tell that a trial was lost through no fault of its own, and put its parameters in line again.

    Returns False where another process was quicker: only one of them may put it in line.
    """
    attempts = int(trial.user_attrs.get("attempts", 1))
    storage, number = study._storage, trial._trial_id  # noqa: SLF001 - a frozen trial has no door
    try:
        storage.set_trial_user_attr(number, ERROR, why)
        if attempts < MOST_ATTEMPTS:
            storage.set_trial_user_attr(number, LOST, True)
        study.tell(trial.number, state=TrialState.FAIL)
    except (optuna.exceptions.UpdateFinishedTrialError, ValueError):
        return False
    if attempts < MOST_ATTEMPTS:
        study.enqueue_trial(dict(trial.params), user_attrs={"attempts": attempts + 1, "again": trial.number})
    return True


def done(study: Study) -> list[FrozenTrial]:
    """Return the trials that count towards the total: told, and not lost."""
    return [
        trial
        for trial in study.get_trials(deepcopy=False)
        if trial.state.is_finished() and not trial.user_attrs.get(LOST)
    ]
