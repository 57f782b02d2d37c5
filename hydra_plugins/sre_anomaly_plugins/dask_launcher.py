"""``hydra/launcher=dask``: jobs on a Dask cluster, one of its own on this machine or an existing one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hydra.core.config_store import ConfigStore

from hydra_plugins.sre_anomaly_plugins.local_launcher import PoolLauncher

if TYPE_CHECKING:
    from sre_anomaly.parallel.dask_pool import DaskPool


@dataclass
class DaskLauncherConf:
    """``address``: of an existing scheduler, such as tcp://10.0.0.5:8786; null starts ``n_workers`` on this machine."""

    _target_: str = "hydra_plugins.sre_anomaly_plugins.dask_launcher.DaskLauncher"
    address: str | None = None
    n_workers: int | None = None


ConfigStore.instance().store(
    group="hydra/launcher", name="dask", node=DaskLauncherConf, provider="sre-anomaly"
)


class DaskLauncher(PoolLauncher):
    """Runs jobs in a `DaskPool`."""

    def __init__(self, address: str | None = None, n_workers: int | None = None) -> None:
        super().__init__()
        self._address, self._workers = address, n_workers

    def start_pool(self, parcel: bytes, preload: Sequence[str]) -> "DaskPool":  # noqa: ARG002 - a cluster imports for itself
        """Return a pool on the cluster."""
        from sre_anomaly.parallel.dask_pool import LOCAL, DaskPool

        return DaskPool(parcel, self._address or LOCAL, self._workers, "hydra.launcher.address")
