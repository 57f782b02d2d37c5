"""Hydra runs our job, once or many times; a run folder is there whole or not at all."""

import gc
import os
import shlex
import shutil
import signal
import sys
import traceback
from contextlib import suppress
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig
from rich.console import Console

from sre_anomaly.catalogue import shadowed
from sre_anomaly.compose import CONFIG_MODULE, complaints_in_words, register_resolvers, resolved, version_base
from sre_anomaly.errors import ConfigError, UserError
from sre_anomaly.records import RunRecord, write_text
from sre_anomaly.stages import Stages

RUNNING = ".running"
LATEST = "latest"


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
    for path in shadowed():
        sys.stderr.write(
            f"sre-anomaly: {path} has no effect: an option of ours has the same name; rename yours\n"
        )
    signal.signal(signal.SIGTERM, _as_interrupt)
    sys.argv = ["sre-anomaly", *words]
    overrides = [word for word in words if not word.startswith("-")]
    failures: list[BaseException] = []
    jobs: list[str] = []
    finished: list[RunRecord] = []

    def job(config: DictConfig) -> None:
        jobs.append(HydraConfig.get().runtime.output_dir)
        try:
            finished.append(run_job(config))
        except Exception as error:
            # Kept from Hydra, which would add lines of its own around ours.
            failures.append(error)
            if HydraConfig.get().mode == RunMode.MULTIRUN:
                raise

    entry = hydra.main(
        config_path=f"pkg://{CONFIG_MODULE}", config_name="config", version_base=version_base()
    )
    try:
        with complaints_in_words(overrides):
            entry(job)()
    except OSError as error:
        if jobs:
            raise
        # Hydra makes the run folder before it calls the job.
        raise ConfigError(
            f"outputs: {error.filename} cannot be written ({error.strerror}); choose another folder with outputs=DIR"
        ) from None
    if failures:
        raise failures[0]
    if len(finished) > 1:
        from sre_anomaly.report.screen import tell_together

        tell_together(finished, Console(highlight=False))


def _as_interrupt(*_: object) -> None:
    """Let a polite kill end as Ctrl-C does: the record is written, then the run stops."""
    raise KeyboardInterrupt


def run_job(config: DictConfig) -> RunRecord:
    """Run one config into Hydra's job folder; on success rename it and point ``latest`` at it.

    A user's mistake leaves nothing behind. A fault of ours leaves the record, the error and the command that
    reproduces it.
    """
    settings = HydraConfig.get()
    folder = Path(settings.runtime.output_dir)
    single = settings.mode != RunMode.MULTIRUN
    record = RunRecord(command=shlex.join(["sre-anomaly", *settings.overrides.task]))
    try:
        plain_config = resolved(config)
        # The heavy libraries load only now that the configuration is known to be whole. Nothing that they make
        # while loading is garbage; to look for some again and again would cost half a second.
        gc.disable()
        from sre_anomaly.report.folder import write_folder
        from sre_anomaly.runner import run

        gc.freeze()
        gc.enable()

        with Stages() as stages:
            found = run(plain_config, record, stages)
            with stages.stage("write"):
                write_folder(found, folder)
            record.timings = dict(stages.seconds)
            record.write(folder)
    except UserError as error:
        if single:
            _remove(folder)
        else:
            record.status, record.error = "refused", str(error)
            record.write(folder)
        raise
    except BaseException as error:
        record.status = "failed" if isinstance(error, Exception) else "interrupted"
        record.error = "".join(traceback.format_exception_only(error)).strip()
        record.write(folder)
        write_text(folder / "error.txt", f"{record.command}\n\n{traceback.format_exc()}")
        if single:
            sys.stderr.write(
                f"sre-anomaly: the run {'has failed' if isinstance(error, Exception) else 'was interrupted'}; {_nearest(_settle(folder))}/ has its record\n"
            )
        raise
    if single:
        folder = _settle(folder)
    _point_latest(Path(str(plain_config["outputs"])), folder)
    if single:
        from sre_anomaly.report.screen import tell

        tell(found, _nearest(folder), Console(highlight=False))
    else:
        sys.stderr.write(f"{record.command}: done, {_nearest(folder)}\n")
    return record


def _settle(folder: Path) -> Path:
    """Rename ``<date>_<time>_<process>.running`` to ``<date>_<time>``, or the next free name after it."""
    if folder.suffix != RUNNING:
        return folder
    stem = folder.name.removesuffix(RUNNING).rpartition("_")[0]
    for number in range(1, 1000):
        target = folder.with_name(stem if number == 1 else f"{stem}_{number}")
        with suppress(OSError):
            if not target.exists():
                return folder.rename(target)
    return folder


def _remove(folder: Path) -> None:
    """Remove a run folder and the folders above it that it alone was in."""
    shutil.rmtree(folder, ignore_errors=True)
    for parent in (folder.parent, folder.parent.parent):
        with suppress(OSError):
            parent.rmdir()


def _point_latest(outputs: Path, folder: Path) -> None:
    link, fresh = outputs / LATEST, outputs / f".{LATEST}_{os.getpid()}"
    with suppress(FileNotFoundError):
        fresh.unlink()
    fresh.symlink_to(os.path.relpath(folder, outputs))
    os.replace(fresh, link)  # noqa: PTH105 - Path.replace follows nothing here either, but says less


def _nearest(folder: Path) -> Path:
    """Return the folder as the user would type it."""
    with suppress(ValueError):
        return folder.relative_to(Path.cwd())
    return folder
