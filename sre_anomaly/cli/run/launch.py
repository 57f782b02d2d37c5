"""Hydra runs our job, once or many times; a run folder is there whole or not at all."""

import os
import shutil
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from sre_anomaly.cli.run.job import command_of, run_into, trial_into
from sre_anomaly.config.catalogue import shadowed
from sre_anomaly.config.compose import (
    CONFIG_MODULE,
    complaints_in_words,
    opened,
    refuse_unknown_sweep,
    register_resolvers,
    resolved,
    version_base,
)
from sre_anomaly.errors import ConfigError, UserError
from sre_anomaly.parallel.cache import ResultCache
from sre_anomaly.pipeline.run_folder import LATEST, as_typed, finish, point_at
from sre_anomaly.records import RunRecord

if TYPE_CHECKING:
    from sre_anomaly.fleet.run import FleetRun
    from sre_anomaly.pipeline.runner import Run

SWEEPER = "optuna"
"""The option of ``hydra/sweeper`` whose jobs are trials."""


def launch(words: list[str]) -> None:
    """Run what the command line asks for, through Hydra's own entry point.

    Raises
    ------
    UserError
        If the user has to mend something.
    """
    # Hydra would print its own one-line versions of errors and exit with 1; we want the exceptions.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    register_resolvers()
    if without_effect := shadowed():
        sys.stderr.write(
            f"sre-anomaly: {', '.join(without_effect)}: no effect, because an option of ours has the same name; "
            "rename yours\n"
        )
    signal.signal(signal.SIGTERM, _as_interrupt)
    refuse_unknown_sweep(words)
    if any(word.startswith("sweep=") and word != "sweep=null" for word in words):
        # hydra.mode says the same, but only once all else can be composed.
        words = ["--multirun", *(word for word in words if word not in ("-m", "--multirun"))]
    sys.argv = ["sre-anomaly", *(opened(word) for word in words)]
    overrides = [word for word in words if not word.startswith("-")]
    job = Job()
    entry = hydra.main(
        config_path=f"pkg://{CONFIG_MODULE}", config_name="config", version_base=version_base()
    )
    Multirun.folder = None
    try:
        with complaints_in_words(overrides):
            entry(job)()
    except OSError as error:
        if job.begun:
            raise
        # Hydra makes the run folder before it calls the job.
        raise ConfigError(
            f"outputs: {error.filename} cannot be written ({error.strerror}); choose another folder with outputs=DIR"
        ) from None
    if job.failure is not None:
        raise job.failure
    if job.found is not None:
        _finish_single(job.found, job.folder)
    elif Multirun.folder is not None:
        from sre_anomaly.cli.run.multirun import after_multirun

        after_multirun(Multirun.folder, Console(highlight=False))


def _as_interrupt(*_: object) -> None:
    """Let a polite kill end as Ctrl-C does: the record is written, then the run stops."""
    raise KeyboardInterrupt


class Multirun(Callback):
    """Hears from Hydra where the jobs of a multirun are."""

    folder: ClassVar[Path | None] = None

    def on_multirun_end(self, config: DictConfig, **_: Any) -> None:
        """Remember the folder."""
        Multirun.folder = Path(str(config.hydra.sweep.dir))


@dataclass
class Job:
    """What Hydra calls for each run of a config; worker processes get a copy of it."""

    preload: ClassVar[tuple[str, ...]] = (
        "sre_anomaly.cli.run.launch",
        "sre_anomaly.sweeps.trial",
        "xgboost",
        "sklearn.ensemble",
    )
    """What a worker will surely need."""
    begun: bool = False
    failure: BaseException | None = None
    found: "Run | FleetRun | None" = None
    folder: Path = Path()
    kept: ResultCache = field(default_factory=ResultCache)

    def __call__(self, config: DictConfig) -> None:
        """Run one config into Hydra's job folder."""
        self.begun = True
        hydra_config = HydraConfig.get()
        folder = Path(hydra_config.runtime.output_dir)
        # As they were typed: what comes from the environment is not written down.
        overrides: Any = OmegaConf.to_container(hydra_config.overrides.task, resolve=False)
        if hydra_config.mode == RunMode.MULTIRUN:
            self._one_of_many(config, hydra_config, folder, overrides)
            return
        try:
            self._single(config, folder, overrides)
        except Exception as error:  # noqa: BLE001
            # Kept from Hydra, which would add lines of its own around ours.
            self.failure = error

    def quick(self, config: DictConfig, folder: Path, overrides: list[str]) -> None:
        """Run one of many configs, without Hydra's copies of it."""
        self._one_of_many(config, config.hydra, folder, overrides)

    def _one_of_many(self, config: DictConfig, hydra_config: Any, folder: Path, overrides: list[str]) -> None:
        chosen = [word for word in overrides if not word.startswith(("sweep=", "hydra."))]
        record = RunRecord(command=command_of(chosen), detector=_detector(hydra_config))
        plain_config = resolved(config)
        if hydra_config.runtime.choices.get("hydra/sweeper") == SWEEPER:
            sweep: Any = OmegaConf.to_container(hydra_config.sweeper, resolve=True)
            trial_into(plain_config, record, folder, sweep, self.kept)
            return
        run_into(plain_config, record, folder)
        sys.stderr.write(f"{record.command}: done, {as_typed(folder)}\n")

    def _single(self, config: DictConfig, folder: Path, overrides: list[str]) -> None:
        """Run one config; a user's mistake leaves nothing behind."""
        record = RunRecord(command=command_of(overrides), detector=_detector(HydraConfig.get()))
        try:
            self.found = run_into(resolved(config), record, folder)
            self.folder = folder
        except UserError:
            _remove(folder)
            raise
        except BaseException as error:
            how = "has failed" if isinstance(error, Exception) else "was interrupted"
            sys.stderr.write(f"sre-anomaly: the run {how}; {as_typed(finish(folder))}/ has its record\n")
            raise


def _detector(hydra_config: Any) -> str:
    """Return the option of the group detector as the user chose it."""
    return str(hydra_config.runtime.choices.get("detector") or "")


def _finish_single(found: "Run | FleetRun", folder: Path) -> None:
    from sre_anomaly.pipeline.runner import Run
    from sre_anomaly.report.fleet.screen import print_fleet
    from sre_anomaly.report.run.screen import print_run

    folder = finish(folder)
    point_at(Path(str(found.config["outputs"])) / LATEST, folder)
    console = Console(highlight=False)
    if isinstance(found, Run):
        print_run(found, as_typed(folder), console)
    else:
        print_fleet(found, as_typed(folder), console)


def _remove(folder: Path) -> None:
    """Remove a run folder and the folders above it that it alone was in."""
    shutil.rmtree(folder, ignore_errors=True)
    for parent in (folder.parent, folder.parent.parent):
        with suppress(OSError):
            parent.rmdir()
