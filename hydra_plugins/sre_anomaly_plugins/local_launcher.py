"""``hydra/launcher=local``: jobs in local processes that stay warm, without a barrier between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

if TYPE_CHECKING:
    from sre_anomaly.pool import Pool
    from sre_anomaly.sweeps.loop import Ended


@dataclass
class LocalLauncherConf:
    """``n_jobs``: how many processes; null is one for each core."""

    _target_: str = "hydra_plugins.sre_anomaly_plugins.local_launcher.LocalLauncher"
    n_jobs: int | None = None


ConfigStore.instance().store(
    group="hydra/launcher", name="local", node=LocalLauncherConf, provider="sre-anomaly"
)


class LocalLauncher(Launcher):
    """Runs jobs in a `Pool`; a sweeper may also hand them over one by one."""

    def __init__(self, n_jobs: int | None = None) -> None:
        self.n_jobs = n_jobs
        self.returned: list[list[JobReturn]] = [[]]
        self._pool: Pool | None = None

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what the jobs need."""
        self.hydra_context, self.task_function, self.config = hydra_context, task_function, config

    @property
    def capacity(self) -> int:
        """How many jobs run at a time."""
        from joblib import cpu_count

        return self.n_jobs or int(cpu_count())

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run some jobs and return what became of them, in their order."""
        Path(str(self.config.hydra.sweep.dir)).mkdir(parents=True, exist_ok=True)
        ended: dict[int, JobReturn] = {}
        try:
            for number, overrides in enumerate(job_overrides, start=initial_job_idx):
                self.submit(number, overrides)
            while len(ended) < len(job_overrides):
                for answer in self._running().wait():
                    ended[answer.key] = answer.value or failed(
                        job_overrides[answer.key - initial_job_idx], answer.error
                    )
        finally:
            self.close()
        return [ended[number] for number in sorted(ended)]

    def submit(self, number: int, overrides: Sequence[str]) -> None:
        """Start one job."""
        self._running().submit(number, (number, list(overrides)))

    def wait(self, timeout: float) -> "list[tuple[int, Ended]]":
        """Return the jobs that have ended."""
        from sre_anomaly.sweeps.loop import Ended

        found = []
        for answer in self._running().wait(timeout):
            returned: Any = answer.value
            if returned is None:
                found.append(
                    (answer.key, Ended(error=answer.error.strip().splitlines()[-1], lost=answer.lost))
                )
            else:
                self.returned[0].append(returned)
                found.append((answer.key, ended(returned)))
        return found

    def close(self) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    def _running(self) -> "Pool":
        if self._pool is None:
            from hydra_plugins.sre_anomaly_plugins.warm import parcel
            from sre_anomaly.pool import Pool

            work = parcel(self.hydra_context, self.task_function, self.config)
            self._pool = Pool(self.capacity, work, getattr(self.task_function, "preload", ()))
        return self._pool


def ended(returned: JobReturn) -> "Ended":
    """Return what Hydra says of a job in the sweep's words."""
    from sre_anomaly.sweeps.loop import Ended

    value = returned._return_value  # noqa: SLF001 - the property raises what the job raised
    if returned.status == JobStatus.FAILED:
        return Ended(error=f"{type(value).__name__}: {value}")
    return Ended(value=value)


def failed(overrides: Sequence[str], error: str) -> JobReturn:
    """Return what Hydra wants to hear of a job whose process died."""
    answer = JobReturn(overrides=list(overrides))
    answer.status = JobStatus.FAILED
    answer.return_value = RuntimeError(error)
    return answer
