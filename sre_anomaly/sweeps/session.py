"""One session of a sweep, from the settings to its outcome on disk."""

import shutil
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import optuna
from omegaconf import DictConfig, OmegaConf
from optuna.distributions import CategoricalDistribution
from optuna.study import Study

from sre_anomaly.config.compose import fixed_hash, resolved
from sre_anomaly.errors import ConfigError, UserError
from sre_anomaly.sweeps.check import refuse_misfits, refuse_unfit_data
from sre_anomaly.sweeps.loop import Loop, Workers
from sre_anomaly.sweeps.outcome import best_trials, write_outcome
from sre_anomaly.sweeps.progress import Progress
from sre_anomaly.sweeps.settings import KEY, SweepSettings
from sre_anomaly.sweeps.space import Space, read_space
from sre_anomaly.sweeps.study import open_study


def run_session(
    settings: SweepSettings,
    arguments: Sequence[str],
    *,
    crew: Workers,
    folder: Path,
    compose: Callable[[list[str]], DictConfig],
    save: Callable[[], None],
) -> None:
    """Go on with a study until it has all its trials, and write what came of it.

    Parameters
    ----------
    arguments : sequence of str
        The command line's overrides, fixed ones and sweeps.
    crew : Crew
        Runs the jobs; closed at the end.
    compose : callable
        Overrides to configuration; raises where a key does not exist.
    save : callable
        Writes the sweep's own configuration once all is known to be right.
    """
    space = read_space(settings.params, settings.when, arguments)
    if not space.free:
        raise ConfigError(
            f"{KEY}.params: nothing is varied; name what to vary, such as 'threshold.contamination=interval(0.001,0.1)'"
        )
    for overrides in space.examples():
        refuse_misfits(space, resolved(compose(overrides)))
    refuse_unfit_data(resolved(compose(next(iter(space.examples())))))
    base = compose([word for word in arguments if word.partition("=")[0] not in space.free])
    seed = settings.seed if settings.seed is not None else int(OmegaConf.select(base, "seed", default=0) or 0)
    study = open_study(
        settings, space, folder, workers=crew.capacity, seed=seed, fixed={"config": fixed_hash(base)}
    )
    save()
    target = settings.n_trials
    name = settings.sampler.get("name")
    if name == "grid":
        target = min(target, line_up(study, space))
    elif name != "brute_force":
        begin_with_defaults(study, space, base)
    try:
        with Progress(maximize=settings.direction[0] == "maximize") as progress:
            Loop(study, space, settings, crew, folder, target, progress).work()
    except UserError:
        crew.close()
        if not best_trials(study):
            # A sweep that never got a result is no study to go on with.
            optuna.delete_study(study_name=study.study_name, storage=study._storage)  # noqa: SLF001
            shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        crew.close()
        if folder.is_dir():
            write_outcome(study, settings, folder, target)


def line_up(study: Study, space: Space) -> int:
    """Put every combination of a grid in line, in the order in which Hydra itself goes through it; return how many."""
    grid = space.grid()
    combinations = [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]
    for values in combinations:
        study.enqueue_trial(values, skip_if_exists=True)
    return len(combinations)


def begin_with_defaults(study: Study, space: Space, base: DictConfig) -> None:
    """Let the first trial be the configuration without a sweep: what is found must be better than that."""
    if study.get_trials(deepcopy=False):
        return
    values: dict[str, Any] = {}
    wanted = {key: (key, distribution) for key, distribution in space.free.items()}
    for branch in space.branches:
        if _value_of(base, branch.key) == branch.choice:
            wanted |= {space.label(branch, key): (key, d) for key, d in branch.free.items()}
    for label, (key, distribution) in wanted.items():
        value = _value_of(base, key)
        if isinstance(distribution, CategoricalDistribution):
            inside = value in distribution.choices
        else:
            inside = isinstance(value, (int, float)) and distribution._contains(float(value))  # noqa: SLF001
        if not inside:
            return
        values[label] = value
    if values:
        study.enqueue_trial(values)


def _value_of(base: DictConfig, key: str) -> Any:
    """Return a value, or the chosen option where the key is a group."""
    value = OmegaConf.select(base, key)
    return value.get("name") if OmegaConf.is_dict(value) else value
