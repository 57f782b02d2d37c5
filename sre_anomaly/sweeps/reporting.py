"""A trial tells its study how it goes while it runs, and hears whether to go on."""

from pathlib import Path

import optuna
from optuna.trial import Trial, TrialState

from sre_anomaly.sweeps.settings import SweepSettings
from sre_anomaly.sweeps.study import make_pruner, open_storage
from sre_anomaly.sweeps.trial import Pruned, Report


def reporter(settings: SweepSettings, folder: Path, number: int) -> Report | None:
    """Return where a trial reports to, or None where nothing is pruned.

    Works in any process that can reach the study's storage.
    """
    if settings.pruner.get("name", "none") == "none":
        return None
    study = optuna.load_study(
        study_name=settings.study_name or folder.name,
        storage=open_storage(settings.storage, folder),
        # The parameters are drawn already; a sampler that looks back at all trials would only cost time.
        sampler=optuna.samplers.RandomSampler(),
        pruner=make_pruner(settings.pruner),
    )
    running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    trial_id = next(trial._trial_id for trial in running if trial.number == number)  # noqa: SLF001
    trial = Trial(study, trial_id)
    sign = 1.0 if settings.direction[0] == "maximize" else -1.0

    def report(step: int, value: float) -> None:
        trial.report(sign * value, step)
        if trial.should_prune():
            raise Pruned(f"pruned at step {step}: {value:.4g} is far behind the other trials")

    return report
