"""When several runs have ended: the winner of a sweep is run as a whole, and all are told about together."""

import json
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from sre_anomaly.cli.run.job import run_into
from sre_anomaly.config.environment import with_secrets
from sre_anomaly.pipeline.run_folder import LATEST, RUNNING, as_typed, point_at
from sre_anomaly.records import RunRecord

if TYPE_CHECKING:
    from sre_anomaly.fleet.run import FleetRun
    from sre_anomaly.pipeline.runner import Run

BEST = "best"


def after_multirun(folder: Path, console: Console) -> None:
    """Tell about a sweep, or about runs that were made side by side."""
    if (folder / "sweep.json").is_file():
        after_sweep(folder, console)
        return
    from sre_anomaly.report.comparison.comparison import print_comparison, read_runs, write_comparison

    runs = read_runs(sorted(folder.glob("*/record.json"), key=lambda path: int(path.parent.name)))
    if len(runs) > 1:
        written = write_comparison(runs, folder)
        print_comparison(runs, console)
        console.print(f"\n[bold]Files[/]     {as_typed(folder)}/{', '.join(written)}", soft_wrap=True)


def after_sweep(folder: Path, console: Console) -> None:
    """Run the winner of a sweep on the test rows, once, and write the sweep's page."""
    from sre_anomaly.pipeline.runner import Run
    from sre_anomaly.report.sweep.page import write_sweep_page
    from sre_anomaly.report.sweep.screen import print_sweep

    outcome: dict[str, Any] = json.loads((folder / "sweep.json").read_text(encoding="utf-8"))
    if still := outcome["trials"].get("running"):
        console.print(f"{still} trials are still running in another process, which will finish this sweep")
        return
    best = outcome["best"]
    found = refit(folder, int(best[0]["trial"])) if best else None
    write_sweep_page(folder, outcome, None if found is None else found.record)
    print_sweep(outcome, found if isinstance(found, Run) else None, as_typed(folder), console)


def refit(folder: Path, number: int) -> "Run | FleetRun":
    """Run a trial's config as a whole, judged on the test rows, into ``refit_<number>``; ``best`` points at it."""
    trial = folder / str(number)
    config = with_secrets(json.loads((trial / "config.json").read_text(encoding="utf-8")))
    tried = json.loads((trial / "record.json").read_text(encoding="utf-8"))
    # Two processes may end a sweep at the same moment: the one that renames last finds the other's.
    fresh, target = folder / f"refit_{number}.{os.getpid()}{RUNNING}", folder / f"refit_{number}"
    fresh.mkdir()
    found = run_into(config, RunRecord(command=tried["command"], detector=tried.get("detector", "")), fresh)
    shutil.rmtree(target, ignore_errors=True)
    with suppress(OSError):
        fresh.rename(target)
    point_at(folder / BEST, target)
    point_at(Path(config["outputs"]) / LATEST, target)
    return found
