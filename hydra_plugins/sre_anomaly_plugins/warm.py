"""Hydra jobs in a process that stays: composed once where only values change, imports paid once.

Hydra composes every job anew, some 50-100 ms each. Here a job whose overrides choose the same options as an
earlier one takes that one's configuration and sets its own values in it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import cloudpickle
from hydra.core.config_loader import ConfigLoader
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import OverrideType
from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus, run_job, setup_globals
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf, open_dict, read_write
from omegaconf.basecontainer import BaseContainer

Job = tuple[int, list[str]]
"""A job's number and its overrides."""


def parcel(hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> bytes:
    """Return what another process needs to run jobs, as a function that `Pool` calls there."""
    state = Singleton.get_state()
    # Resolvers of the application live in memory only; the jobs' interpolations need them too.
    resolvers = dict(BaseContainer._resolvers)  # noqa: SLF001 - OmegaConf has no way to ask for them

    def make() -> Callable[[Job], JobReturn]:
        Singleton.set_state(state)
        BaseContainer._resolvers.update(resolvers)  # noqa: SLF001
        setup_globals()
        return Warm(hydra_context, task_function, config).run

    made: bytes = cloudpickle.dumps(make)
    return made


@dataclass
class Warm:
    """Runs jobs one after the other and keeps their composed configurations.

    A task function may have a method ``quick(config, folder, overrides)``: it is then called with plain dicts,
    Hydra's own part of the configuration among them, and does its own book-keeping; Hydra's copies of the
    configuration, three for each job, are left out.
    """

    hydra_context: HydraContext
    task_function: TaskFunction
    config: DictConfig
    _templates: dict[tuple[str, ...], DictConfig] = field(default_factory=dict)
    _groups: dict[str, bool] = field(default_factory=dict)

    def run(self, job: Job) -> JobReturn:
        """Run one job into ``<sweep dir>/<sweep subdir>``."""
        number, overrides = job
        config = self._composed(number, overrides)
        quick = getattr(self.task_function, "quick", None)
        if quick is not None:
            return self._run_quick(quick, config, overrides)
        with read_write(config.hydra):
            config.hydra.overrides.task = overrides_of_task(overrides)
            config.hydra.job.override_dirname = ",".join(overrides_of_task(overrides))
        return run_job(
            hydra_context=self.hydra_context,
            task_function=self.task_function,
            # Hydra writes the job's folder into what it is given.
            config=config.copy(),
            job_dir_key="hydra.sweep.dir",
            job_subdir_key="hydra.sweep.subdir",
        )

    def _run_quick(self, quick: Any, config: DictConfig, overrides: Sequence[str]) -> JobReturn:
        before = HydraConfig.instance().cfg
        # HydraConfig.set_config would copy it, which costs more than a small trial.
        HydraConfig.instance().cfg = cast(Any, config)
        try:
            folder = Path(str(config.hydra.sweep.dir)) / str(config.hydra.sweep.subdir)
            folder.mkdir(parents=True, exist_ok=True)
            answer = JobReturn(overrides=list(overrides))
            try:
                answer.return_value = quick(config, folder.absolute(), list(overrides))
                answer.status = JobStatus.COMPLETED
            except Exception as error:  # noqa: BLE001 - whoever asks for the value is told
                answer.return_value = error
                answer.status = JobStatus.FAILED
            return answer
        finally:
            HydraConfig.instance().cfg = before

    def _composed(self, number: int, overrides: Sequence[str]) -> DictConfig:
        values = {}
        shape = []
        for override in OverridesParser.create().parse_overrides(list(overrides)):
            key = override.key_or_group
            if override.type == OverrideType.CHANGE and override.package is None and not self._is_group(key):
                values[key] = override.value()
                shape.append(key)
            else:
                shape.append(str(override.input_line))
        template = self._templates.get(tuple(shape))
        if template is None:
            loader = self.hydra_context.config_loader
            template = loader.load_sweep_config(self.config, list(overrides))
            self._templates[tuple(shape)] = template
        else:
            for key, value in values.items():
                OmegaConf.update(template, key, value, merge=True)
        with read_write(template.hydra), open_dict(template.hydra):
            template.hydra.job.id = str(number)
            template.hydra.job.num = number
        return template

    def _is_group(self, key: str) -> bool:
        if key not in self._groups:
            loader: ConfigLoader = self.hydra_context.config_loader
            self._groups[key] = "." not in key and bool(loader.get_group_options(key))
        return self._groups[key]


def overrides_of_task(overrides: Sequence[str]) -> list[str]:
    """Return the overrides that are not Hydra's own."""
    return [word for word in overrides if not word.lstrip("+~").startswith(("hydra.", "hydra/"))]
