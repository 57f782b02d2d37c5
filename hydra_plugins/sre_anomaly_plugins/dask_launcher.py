"""``hydra/launcher=dask``: jobs on a Dask cluster, one of its own on this machine or an existing one."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cloudpickle
from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from hydra_plugins.sre_anomaly_plugins.local_launcher import ended, failed

if TYPE_CHECKING:
    from sre_anomaly.sweeps.loop import Ended


@dataclass
class DaskLauncherConf:
    """``address``: of an existing scheduler, such as tcp://10.0.0.5:8786; null starts ``n_workers`` on this machine."""

    _target_: str = "hydra_plugins.sre_anomaly_plugins.dask_launcher.DaskLauncher"
    address: str | None = None
    n_workers: int | None = None
    n_jobs: int | None = None


ConfigStore.instance().store(
    group="hydra/launcher", name="dask", node=DaskLauncherConf, provider="sre-anomaly"
)


class DaskLauncher(Launcher):
    """Runs jobs on Dask; the cluster gives the jobs of a worker that died to another one."""

    def __init__(
        self, address: str | None = None, n_workers: int | None = None, n_jobs: int | None = None
    ) -> None:
        self._address = address
        self._workers = n_workers or n_jobs
        self.returned: list[list[JobReturn]] = [[]]
        self._client: Any = None
        self._cluster: Any = None
        self._running: dict[Any, int] = {}

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what the jobs need."""
        self._job = hydra_context, task_function, config

    @property
    def capacity(self) -> int:
        """How many jobs run at a time: one for each thread of the cluster."""
        return max(1, sum(self._connected().nthreads().values()))

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run some jobs and return what became of them, in their order."""
        Path(str(self._job[2].hydra.sweep.dir)).mkdir(parents=True, exist_ok=True)
        try:
            for number, overrides in enumerate(job_overrides, start=initial_job_idx):
                self.submit(number, overrides)
            futures = {number: future for future, number in self._running.items()}
            return [
                failed(overrides, str(future.exception())) if future.exception() else future.result()
                for overrides, (_, future) in zip(job_overrides, sorted(futures.items()), strict=True)
            ]
        finally:
            self.close()

    def submit(self, number: int, overrides: Sequence[str]) -> None:
        """Start one job."""
        client = self._connected()
        future = client.submit(run_parcel, self._parcel, number, list(overrides), pure=False)
        self._running[future] = number

    def wait(self, timeout: float) -> "list[tuple[int, Ended]]":
        """Return the jobs that have ended."""
        from sre_anomaly.sweeps.loop import Ended

        try:
            finished = _dask().wait(list(self._running), timeout=timeout, return_when="FIRST_COMPLETED").done
        except TimeoutError:
            return []
        found = []
        for future in finished:
            number = self._running.pop(future)
            error = future.exception()
            if error is None:
                self.returned[0].append(future.result())
                found.append((number, ended(future.result())))
            else:
                lost = isinstance(error, _dask().scheduler.KilledWorker)
                found.append((number, Ended(error=f"{type(error).__name__}: {error}", lost=lost)))
        return found

    def close(self) -> None:
        """Leave the cluster; end it if it is our own."""
        self._running.clear()
        if self._client is not None:
            self._client.close()
            self._client = None
        if self._cluster is not None:
            self._cluster.close()
            self._cluster = None

    def _connected(self) -> Any:
        if self._client is None:
            self._client = self._connect()
            from hydra_plugins.sre_anomaly_plugins.warm import parcel

            self._parcel = parcel(*self._job)
        return self._client

    def _connect(self) -> Any:
        from sre_anomaly.errors import ConfigError

        if self._address is None:
            from joblib import cpu_count

            # Hydra's jobs hold state that belongs to a whole process: one thread each.
            self._cluster = _dask().LocalCluster(
                n_workers=self._workers or int(cpu_count()),
                threads_per_worker=1,
                dashboard_address=None,
                host="127.0.0.1",
                silence_logs=logging.CRITICAL,
            )
            return _dask().Client(self._cluster)
        try:
            return _dask().Client(self._address, timeout=10)
        except (OSError, ValueError) as error:
            raise ConfigError(f"hydra.launcher.address: {self._address} cannot be reached: {error}") from None


def _dask() -> Any:
    from sre_anomaly.errors import ConfigError

    try:
        return import_module("distributed")
    except ImportError:
        raise ConfigError(
            "hydra/launcher=dask: Dask is not installed: pip install 'sre-anomaly[dask]'"
        ) from None


def run_parcel(parcel: bytes, number: int, overrides: list[str]) -> JobReturn:
    """Run a job in a worker, which keeps what the first one made."""
    answer: JobReturn = _unpacked(parcel)((number, overrides))
    return answer


@lru_cache(maxsize=2)
def _unpacked(parcel: bytes) -> Callable[[Any], JobReturn]:
    made: Callable[[Any], JobReturn] = cloudpickle.loads(parcel)()  # from our own client
    return made
