"""A job fills its folder: a whole run, or one trial of a sweep. What fails leaves its record and its error."""

import gc
import shlex
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sre_anomaly.cli.run.tracking import check_tracking, track
from sre_anomaly.config.environment import without_secrets
from sre_anomaly.errors import UserError
from sre_anomaly.parallel.progress import Stages
from sre_anomaly.records import RunRecord, write_json, write_text

if TYPE_CHECKING:
    from sre_anomaly.fleet.run import FleetRun
    from sre_anomaly.parallel.cache import ResultCache
    from sre_anomaly.pipeline.runner import Run
    from sre_anomaly.sources import Corpus


def command_of(overrides: Sequence[str]) -> str:
    """Return the command that does the same as a job with these overrides."""
    return shlex.join(["sre-anomaly", *overrides])


@contextmanager
def recorded(record: RunRecord, folder: Path) -> Iterator[None]:
    """Leave a record however the job ends: refused (the user's mistake), failed, interrupted or as it says itself."""
    try:
        yield
    except UserError as error:
        record.status, record.error = "refused", str(error)
        record.write(folder)
        raise
    except BaseException as error:
        record.status = "failed" if isinstance(error, Exception) else "interrupted"
        record.error = "".join(traceback.format_exception_only(error)).strip()
        record.write(folder)
        write_text(folder / "error.txt", f"{record.command}\n\n{traceback.format_exc()}")
        raise


def run_into(config: Mapping[str, Any], record: RunRecord, folder: Path) -> "Run | FleetRun":
    """Run a config into a folder with everything that a run leaves, be it of one series or of many."""
    with recorded(record, folder):
        # What loads now is never garbage; to look for some again and again would cost half a second.
        gc.disable()
        from sre_anomaly.config.build_table import build_all
        from sre_anomaly.pipeline.runner import run
        from sre_anomaly.report.run.folder import write_folder
        from sre_anomaly.sources import Corpus

        gc.freeze()
        gc.enable()
        check_tracking(config)
        with Stages() as stages:
            source = build_all(config)[0].data
            if source is not None:
                # The same for the workers, the record and who asks again.
                config = {**config, "data": source.settled(config["data"])}
            if isinstance(source, Corpus):
                found: Run | FleetRun = _many_series(config, source, record, folder, stages)
            else:
                found = run(config, record, stages)
                with stages.stage("write"):
                    write_folder(found, folder)
            record.timings = dict(stages.seconds)
            record.write(folder)
    # The run is whole by now, whatever becomes of this.
    track(config, record, folder)
    return found


def _many_series(
    config: Mapping[str, Any], source: "Corpus", record: RunRecord, folder: Path, stages: Stages
) -> "FleetRun":
    from sre_anomaly.fleet.run import run_fleet
    from sre_anomaly.report.fleet.folder import write_fleet

    found = run_fleet(config, source, record, folder, stages)
    with stages.stage("write"):
        write_fleet(found, folder)
    return found


def trial_into(
    config: Mapping[str, Any], record: RunRecord, folder: Path, sweep: Mapping[str, Any], kept: "ResultCache"
) -> None:
    """Run one trial of a sweep into ``<sweep>/<number>``: its config and the record of its validation rows."""
    from sre_anomaly.sweeps.reporting import reporter
    from sre_anomaly.sweeps.settings import sweep_settings
    from sre_anomaly.sweeps.trial import Pruned, run_trial

    with recorded(record, folder):
        settings = sweep_settings(sweep)
        write_json(folder / "config.json", without_secrets(config))
        stages = Stages()
        try:
            report = reporter(settings, folder.parent, int(folder.name))
            run_trial(config, record, stages, kept, settings.tasks, report)
            record.status = "completed"
        except Pruned as pruned:
            record.status, record.error = "pruned", str(pruned)
        record.timings = dict(stages.seconds)
        record.write(folder)
