"""``hydra/launcher=local``: jobs in local processes that stay warm, without a barrier between them."""

from abc import abstractmethod
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
    from sre_anomaly.parallel.dask_pool import DaskPool
    from sre_anomaly.parallel.pool import Pool
    from sre_anomaly.sweeps.loop import Ended


@dataclass
class LocalLauncherConf:
    """``n_jobs``: how many processes; null is one for each core."""

    _target_: str = "hydra_plugins.sre_anomaly_plugins.local_launcher.LocalLauncher"
    n_jobs: int | None = None


ConfigStore.instance().store(
    group="hydra/launcher", name="local", node=LocalLauncherConf, provider="sre-anomaly"
)


class PoolLauncher(Launcher):
    """Runs jobs in a pool; a sweeper may also hand them over one by one."""

    def __init__(self) -> None:
        self.returned: list[list[JobReturn]] = [[]]
        self._pool: Pool | DaskPool | None = None

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what the jobs need."""
        self._task_function, self._config = task_function, config
        self._hydra_context = hydra_context

    @abstractmethod
    def start_pool(self, parcel: bytes, preload: Sequence[str]) -> "Pool | DaskPool":
        """Return the pool; ``parcel`` is what its processes make their answers with."""

    @property
    def capacity(self) -> int:
        """How many jobs run at a time."""
        return self._started().size

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run some jobs and return what became of them, in their order."""
        Path(str(self._config.hydra.sweep.dir)).mkdir(parents=True, exist_ok=True)
        returned: dict[int, JobReturn] = {}
        try:
            for number, overrides in enumerate(job_overrides, start=initial_job_idx):
                self.submit(number, overrides)
            while len(returned) < len(job_overrides):
                for answer in self._started().wait():
                    overrides = job_overrides[answer.key - initial_job_idx]
                    returned[answer.key] = answer.value or _failed(overrides, answer.error)
        finally:
            self.close()
        return [returned[number] for number in sorted(returned)]

    def submit(self, number: int, overrides: Sequence[str]) -> None:
        """Start one job."""
        self._started().submit(number, (number, list(overrides)))

    def wait(self, timeout: float) -> "list[tuple[int, Ended]]":
        """Return the jobs that have ended."""
        from sre_anomaly.sweeps.loop import Ended

        found = []
        for answer in self._started().wait(timeout):
            returned: Any = answer.value
            if returned is None:
                last = answer.error.strip().splitlines()[-1]
                found.append((answer.key, Ended(error=last, lost=answer.lost)))
            else:
                self.returned[0].append(returned)
                found.append((answer.key, ended(returned)))
        return found

    def close(self) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    def _started(self) -> "Pool | DaskPool":
        if self._pool is None:
            from hydra_plugins.sre_anomaly_plugins.warm import parcel

            work = parcel(self._hydra_context, self._task_function, self._config)
            self._pool = self.start_pool(work, getattr(self._task_function, "preload", ()))
        return self._pool


class LocalLauncher(PoolLauncher):
    """Runs jobs in a `Pool` of this machine."""

    def __init__(self, n_jobs: int | None = None) -> None:
        super().__init__()
        self._n_jobs = n_jobs

    def start_pool(self, parcel: bytes, preload: Sequence[str]) -> "Pool":
        """Return a pool of ``n_jobs`` processes."""
        from joblib import cpu_count

        from sre_anomaly.parallel.pool import Pool

        return Pool(self._n_jobs or int(cpu_count()), parcel, preload)


def ended(returned: JobReturn) -> "Ended":
    """Return what Hydra says of a job in the sweep's words."""
    from sre_anomaly.sweeps.loop import Ended

    value = returned._return_value  # noqa: SLF001 - the property raises what the job raised
    if returned.status == JobStatus.FAILED:
        return Ended(error=f"{type(value).__name__}: {value}")
    return Ended(value=value)


def _failed(overrides: Sequence[str], error: str) -> JobReturn:
    answer = JobReturn(overrides=list(overrides))
    answer.status = JobStatus.FAILED
    answer.return_value = RuntimeError(error)
    return answer
