"""What a sweep costs beside the trials themselves, and what waiting for the slowest of a batch costs.

    python experiments/speed/sweeps.py

CPU seconds of this process and of one worker; the joblib launcher is Hydra's own, the ratio of the two
sweeps is from one run.
"""

import contextlib
import io
import os
import sys
import tempfile
import time
from pathlib import Path

import hydra
from hydra._internal.callbacks import Callbacks
from hydra.core.global_hydra import GlobalHydra
from hydra.core.utils import run_job, setup_globals
from hydra.types import HydraContext, RunMode
from omegaconf import OmegaConf, open_dict

from hydra_plugins.sre_anomaly_plugins.warm import Warm
from sre_anomaly.cli.main import main
from sre_anomaly.cli.run.launch import Job
from sre_anomaly.config.compose import CONFIG_MODULE, register_resolvers, resolved, version_base
from sre_anomaly.parallel.cache import ResultCache
from sre_anomaly.parallel.progress import Stages
from sre_anomaly.records import RunRecord
from sre_anomaly.sweeps.trial import run_trial

CHEAP = [
    "sweep=custom",
    "data.days=10",
    "data.count=0",
    "data.hard_negative_count=0",
    "forecaster=none",
    "features=raw",
    "detector=zscore",
    "hydra.sweeper.objective=detection.measures.flags",
]
FREE = ["threshold.sigmas=interval(1,8)"]
TRIALS = 100


def quiet(words: list[str]) -> None:
    """Type a command and forget what it says, unless it fails."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            main(words)
    except SystemExit:
        print(said.getvalue())
        raise


def cpu_of_the_sweep(trials: int) -> float:
    """Return the CPU seconds of the process that asks and tells."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        started = time.process_time()
        quiet([*CHEAP, *FREE, f"hydra.sweeper.n_trials={trials}", "hydra.launcher.n_jobs=1"])
        return time.process_time() - started


def cpu_of_the_worker() -> tuple[float, float]:
    """Return the CPU seconds of a job in a warm worker, and of the trial alone."""
    register_resolvers()
    setup_globals()
    with (
        tempfile.TemporaryDirectory() as folder,
        hydra.initialize_config_module(CONFIG_MODULE, version_base=version_base()),
    ):
        loader = GlobalHydra.instance().config_loader()
        config = loader.load_configuration("config", CHEAP, RunMode.MULTIRUN)
        with open_dict(config):
            config.hydra.overrides.hydra.append(f"hydra.sweep.dir={folder}")
        warm = Warm(HydraContext(config_loader=loader, callbacks=Callbacks()), Job(), config)
        jobs = [(n, [*CHEAP[:-1], f"threshold.sigmas={1 + n * 0.0123}"]) for n in range(TRIALS + 1)]
        warm.run(jobs[0])
        started = time.process_time()
        for job in jobs[1:]:
            warm.run(job)
        whole = (time.process_time() - started) / TRIALS
        task = loader.load_sweep_config(config, jobs[0][1])
        OmegaConf.set_struct(task, value=False)
        plain, kept = resolved(task), ResultCache()
        run_trial(plain, RunRecord(), Stages(), kept, ["detection"])
        started = time.process_time()
        for _ in range(TRIALS):
            run_trial(plain, RunRecord(), Stages(), kept, ["detection"])
        return whole, (time.process_time() - started) / TRIALS


def cpu_of_hydra() -> float:
    """Return the CPU seconds that Hydra spends on a job of an ordinary launcher: checked, composed, copied."""
    register_resolvers()
    setup_globals()
    with (
        tempfile.TemporaryDirectory() as folder,
        hydra.initialize_config_module(CONFIG_MODULE, version_base=version_base()),
    ):
        loader = GlobalHydra.instance().config_loader()
        config = loader.load_configuration("config", [], RunMode.MULTIRUN)
        context = HydraContext(config_loader=loader, callbacks=Callbacks())
        started = time.process_time()
        for number in range(10):
            words = ["detector=zscore", f"threshold.sigmas={number}"]
            loader.load_sweep_config(config, words)
            job = loader.load_sweep_config(config, words)
            with open_dict(job):
                job.hydra.job.num, job.hydra.job.id, job.hydra.sweep.dir = number, str(number), folder
            run_job(
                lambda _: 0, job, "hydra.sweep.dir", "hydra.sweep.subdir", context, configure_logging=False
            )
        return (time.process_time() - started) / 10


SLEEPY = """
import time
from sklearn.neighbors import KernelDensity

class Sleepy(KernelDensity):
    def __init__(self, seconds=0.1, bandwidth=1.0):
        self.seconds = seconds
        super().__init__(bandwidth=bandwidth)

    def fit(self, X, y=None):
        time.sleep(self.seconds)
        return super().fit(X[:50])
"""
LONG, SHORT = 2.0, 0.1


def wall_of_uneven(launcher: str) -> float:
    """Return the seconds of 20 trials on two processes, every fourth one twenty times as long as the others."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        Path("sleepy.py").write_text(SLEEPY, encoding="utf-8")
        Path("conf/detector").mkdir(parents=True)
        Path("conf/detector/sleepy.yaml").write_text(
            f"name: sleepy.Sleepy\nseconds: {SHORT}\nbandwidth: 1.0\n", encoding="utf-8"
        )
        sys.path.insert(0, folder)
        os.environ["PYTHONPATH"] = folder
        seconds = ",".join(str(LONG if n % 4 == 0 else SHORT) for n in range(4))
        words = [
            *(word for word in CHEAP if not word.startswith("detector=")),
            "detector=sleepy",
            f"detector.seconds=choice({seconds})",
            "detector.bandwidth=range(1,6)",
            "hydra.sweeper.sampler.name=grid",
            "hydra.sweeper.n_trials=20",
            "hydra.sweeper.n_jobs=2",
            f"hydra/launcher={launcher}",
            "hydra.launcher.n_jobs=2",
        ]
        started = time.perf_counter()
        quiet(words)
        return time.perf_counter() - started


if __name__ == "__main__":
    quiet_start = cpu_of_the_sweep(2)
    few, many = cpu_of_the_sweep(20), cpu_of_the_sweep(20 + TRIALS)
    asking = (many - few) / TRIALS
    job, trial = cpu_of_the_worker()
    uneven = {launcher: wall_of_uneven(launcher) for launcher in ("joblib", "local")}
    print(f"a trial's own work                      {1e3 * trial:7.1f} ms of CPU")
    print(f"beside it, in the process that asks     {1e3 * asking:7.1f} ms")
    print(f"beside it, in the worker                {1e3 * (job - trial):7.1f} ms")
    print(f"together                                {1e3 * (asking + job - trial):7.1f} ms")
    print(f"Hydra's own launchers, a job             {1e3 * cpu_of_hydra():7.1f} ms")
    print(
        f"20 uneven trials on 2 processes: local {uneven['local']:.1f} s, joblib {uneven['joblib']:.1f} s, "
        f"ratio {uneven['local'] / uneven['joblib']:.2f}"
    )
