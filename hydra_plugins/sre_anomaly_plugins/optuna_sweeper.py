"""``hydra/sweeper=optuna``: a study that goes on where it stopped, without a barrier between trials."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf, read_write

if TYPE_CHECKING:
    from sre_anomaly.sweeps.loop import Ended


@dataclass
class OptunaSweeperConf:
    """The settings, each explained in sre-anomaly's ``conf/sweep/custom.yaml``."""

    _target_: str = "hydra_plugins.sre_anomaly_plugins.optuna_sweeper.OptunaSweeper"
    objective: Any = None
    direction: Any = "maximize"
    n_trials: int = 20
    timeout: float | None = None
    n_jobs: int = 1
    max_failure_rate: float = 0.1
    sampler: dict[str, Any] = field(default_factory=lambda: {"name": "tpe"})
    pruner: dict[str, Any] = field(default_factory=lambda: {"name": "none"})
    constraints: list[str] = field(default_factory=list)
    storage: str | None = None
    study_name: str | None = None
    seed: int | None = None
    params: dict[str, Any] = field(default_factory=dict)
    when: dict[str, Any] = field(default_factory=dict)


ConfigStore.instance().store(
    group="hydra/sweeper", name="optuna", node=OptunaSweeperConf, provider="sre-anomaly"
)


class OptunaSweeper(Sweeper):
    """Hands trials of an Optuna study to a launcher."""

    def __init__(self, **settings: Any) -> None:
        self._given = {
            name: OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
            for name, value in settings.items()
        }

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what the jobs need and make the launcher."""
        self._loader: ConfigLoader = hydra_context.config_loader
        self._config: DictConfig = config
        self._launcher: Any = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Any:
        """Run the study until it has the trials that were asked for; return what Hydra says of each job."""
        from sre_anomaly.sweeps.session import run_session
        from sre_anomaly.sweeps.settings import sweep_settings

        settings = sweep_settings(self._given)
        folder = self._pin_folder()
        one_by_one = hasattr(self._launcher, "submit")
        crew = self._launcher if one_by_one else Batches(self._launcher, settings.n_jobs)
        run_session(
            settings,
            arguments,
            crew=crew,
            folder=folder,
            compose=lambda overrides: self._loader.load_sweep_config(self._config, overrides),
            save=lambda: _save(self._config, folder),
        )
        return crew.returned

    def _pin_folder(self) -> Path:
        """Tell all jobs the sweep's folder: its name may follow from values that they change."""
        folder = Path(str(self._config.hydra.sweep.dir)).absolute()
        with read_write(self._config.hydra):
            self._config.hydra.sweep.dir = str(folder)
            quoted = str(folder).replace("\\", "\\\\").replace("'", "\\'")
            self._config.hydra.overrides.hydra.append(f"hydra.sweep.dir='{quoted}'")
        return folder


def _save(config: DictConfig, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    OmegaConf.save(config, folder / "multirun.yaml")


class Batches:
    """A launcher of Hydra's own kind, which takes several jobs and answers when all have ended."""

    def __init__(self, launcher: Launcher, size: int) -> None:
        self.capacity = size
        self.returned: list[Sequence[JobReturn]] = []
        self._launcher = launcher
        self._waiting: list[tuple[int, Sequence[str]]] = []

    def submit(self, number: int, overrides: Sequence[str]) -> None:
        """Keep a job for the next batch."""
        # Numbers of trials need not follow one another, so each job is told its folder.
        self._waiting.append((number, [*overrides, f"hydra.sweep.subdir={number}"]))

    def wait(self, timeout: float) -> "list[tuple[int, Ended]]":  # noqa: ARG002 - such a launcher cannot be hurried
        """Run the batch."""
        from hydra_plugins.sre_anomaly_plugins.local_launcher import ended

        batch, self._waiting = self._waiting, []
        returned = self._launcher.launch([overrides for _, overrides in batch], batch[0][0])
        self.returned.append(returned)
        return [(number, ended(answer)) for (number, _), answer in zip(batch, returned, strict=True)]

    def close(self) -> None:
        """Nothing is held."""
