"""Our sweeper and launchers keep Hydra's own promises: its test suites, and a sweep in an app that is not ours."""

import copy
import warnings
from pathlib import Path

import pytest
from hydra import version
from hydra.core.plugins import Plugins
from hydra.core.singleton import Singleton
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.test_utils.launcher_common_tests import BatchedSweeperTestSuite, LauncherTestSuite

GRID = ["hydra/sweeper=optuna", "hydra.sweeper.sampler.name=grid", "hydra.sweeper.objective=null"]
OLD_BASE = "ignore:Future Hydra versions will no longer change working directory"


@pytest.fixture(autouse=True)
def _oldest_defaults():
    """Hydra's suites expect the defaults of its oldest version, whatever our own command has chosen before."""
    state = copy.deepcopy(Singleton.get_state())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        version.setbase("1.1")
    yield
    Singleton.set_state(state)


def test_hydra_finds_them():
    """Hydra discovers the sweeper and both launchers."""
    found = {plugin.__name__ for kind in (Sweeper, Launcher) for plugin in Plugins.instance().discover(kind)}
    assert {"OptunaSweeper", "LocalLauncher", "DaskLauncher"} <= found


@pytest.mark.parametrize(
    ("launcher_name", "overrides"), [("local", []), ("local", ["hydra.launcher.n_jobs=1"])]
)
class TestLocalLauncher(LauncherTestSuite):
    """Hydra's suite for launchers."""


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("launcher_name", "overrides"), [("dask", ["hydra.launcher.n_workers=1"])])
class TestDaskLauncher(LauncherTestSuite):
    """Hydra's suite for launchers."""


@pytest.mark.parametrize(("launcher_name", "overrides"), [("local", ["hydra.sweeper.max_batch_size=2"])])
class TestLocalLauncherInBatches(BatchedSweeperTestSuite):
    """Hydra's suite for sweepers that hand over a few jobs at a time, with our launcher."""


@pytest.mark.filterwarnings(OLD_BASE)
@pytest.mark.parametrize(("launcher_name", "overrides"), [("basic", [*GRID, "hydra.sweeper.n_jobs=2"])])
class TestOptunaSweeperInBatches(BatchedSweeperTestSuite):
    """Hydra's suite for sweepers, with our sweeper and Hydra's own launcher."""


@pytest.mark.filterwarnings(OLD_BASE)
@pytest.mark.usefixtures("hydra_restore_singletons")
@pytest.mark.parametrize("launcher", ["basic", "local"])
def test_an_app_that_is_not_ours(hydra_sweep_runner, tmpdir, launcher):
    """Any Hydra application can be swept: its return value is the objective."""

    def sphere(config):
        return (config.foo - 3) ** 2 + (config.bar - 7) ** 2

    sweep = hydra_sweep_runner(
        calling_file=None,
        calling_module="hydra.test_utils.a_module",
        task_function=sphere,
        config_path="configs",
        config_name="compose.yaml",
        overrides=[
            "hydra/sweeper=optuna",
            f"hydra/launcher={launcher}",
            "hydra.sweeper.direction=minimize",
            "hydra.sweeper.n_trials=15",
            "foo=range(0,6)",
            "bar=interval(0,10)",
        ],
        temp_dir=Path(tmpdir),
    )
    with sweep:
        assert len([job for batch in sweep.returns for job in batch]) == 15
        trials = (Path(sweep.temp_dir) / "trials.csv").read_text().splitlines()
        assert len(trials) == 16
        assert trials[0].startswith("trial,state,value,foo,bar")
