"""The same pool on a Dask cluster: one of its own on this machine, or an existing one."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import lru_cache
from importlib import import_module
from typing import Any

import cloudpickle

from sre_anomaly.errors import ConfigError
from sre_anomaly.parallel.pool import Answer

LOCAL = "local"


class DaskPool(AbstractContextManager["DaskPool"]):
    """Answers tasks as `Pool` does; the cluster gives the tasks of a worker that died to another one.

    Parameters
    ----------
    make : bytes
        As for `Pool`; called once in each worker.
    address : str
        Of an existing scheduler, such as ``tcp://10.0.0.5:8786``, or ``local``.
    workers : int, optional
        Of a local cluster; one for each core where it is not given.
    key : str
        The config key that the address comes from, for errors.

    Raises
    ------
    ConfigError
        If Dask is not installed or the address cannot be reached.
    """

    def __init__(self, make: bytes, address: str, workers: int | None, key: str) -> None:
        self._make = make
        self._cluster: Any = None
        self._running: dict[Any, int] = {}
        if address == LOCAL:
            from joblib import cpu_count

            # Hydra's jobs hold state that belongs to a whole process: one thread each.
            self._cluster = _dask(key).LocalCluster(
                n_workers=workers or int(cpu_count()),
                threads_per_worker=1,
                dashboard_address=None,
                host="127.0.0.1",
                silence_logs=logging.CRITICAL,
            )
        try:
            self._client: Any = _dask(key).Client(self._cluster or address, timeout=10)
        except (OSError, ValueError) as error:
            raise ConfigError(f"{key}: {address} cannot be reached: {error}") from None

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def size(self) -> int:
        """How many tasks run at a time: one for each thread of the cluster."""
        return max(1, sum(self._client.nthreads().values()))

    def submit(self, key: int, task: Any) -> None:
        """Put a task in line."""
        self._running[self._client.submit(run_task, self._make, task, pure=False)] = key

    def wait(self, timeout: float | None = None) -> list[Answer]:
        """Return the answers that are there, waiting for the first for so many seconds."""
        dask = _dask("")
        try:
            ended = dask.wait(list(self._running), timeout=timeout, return_when="FIRST_COMPLETED").done
        except TimeoutError:
            return []
        found = []
        for future in ended:
            key, error = self._running.pop(future), future.exception()
            if error is None:
                found.append(Answer(key, future.result()))
            else:
                lost = isinstance(error, dask.scheduler.KilledWorker)
                found.append(Answer(key, error=f"{type(error).__name__}: {error}", lost=lost))
        return found

    def close(self) -> None:
        """Leave the cluster; end it if it is our own."""
        self._running.clear()
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()


def _dask(key: str) -> Any:
    try:
        return import_module("distributed")
    except ImportError:
        raise ConfigError(f"{key}: Dask is not installed: pip install 'sre-anomaly[dask]'") from None


def run_task(make: bytes, task: Any) -> Any:
    """Answer a task in a worker, which keeps what the first one made."""
    return _made(make)(task)


@lru_cache(maxsize=2)
def _made(make: bytes) -> Callable[[Any], Any]:
    answer: Callable[[Any], Any] = cloudpickle.loads(make)()  # from our own client
    return answer
