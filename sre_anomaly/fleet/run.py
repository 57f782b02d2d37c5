"""Many series: each is run by itself, several at a time; a run that was killed goes on where it stopped."""

import json
import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cloudpickle
import pandas as pd

from sre_anomaly.errors import DataError
from sre_anomaly.evaluation.anomaly.across_series import across
from sre_anomaly.fleet.nab_scores import NabScores, nab_scores
from sre_anomaly.fleet.series import RESULT, SeriesWork, folder_name, record_failure, run_series
from sre_anomaly.fleet.shared_model import fit_shared_model
from sre_anomaly.parallel.pool import Pool, answer_each
from sre_anomaly.parallel.process_alive import is_running, on_this_machine, this_process
from sre_anomaly.parallel.progress import Stages
from sre_anomaly.pipeline.record import describe, hash_of
from sre_anomaly.pipeline.run_folder import RUNNING
from sre_anomaly.records import RunRecord, write_json
from sre_anomaly.sources import Corpus

SERIES = "series"
STATE = "corpus.json"
PRELOAD = ("sre_anomaly.fleet.series",)
MOST_NOTES = 4
MOST_NAMES = 3
"""A note on more series than these does not name them."""


@dataclass
class FleetRun:
    """What was found in many series."""

    config: dict[str, Any]
    record: RunRecord
    folder: Path
    table: pd.DataFrame
    """One line for each series, in the source's order."""
    gone_on_from: int = 0
    """Series that an earlier, killed run had finished."""
    nab: NabScores | None = None
    """Scores of the Numenta benchmark, where all of its series were run."""


def run_fleet(
    config: Mapping[str, Any], source: Corpus, record: RunRecord, folder: Path, stages: Stages
) -> FleetRun:
    """Run every series of a source into ``folder/series``.

    Raises
    ------
    UserError
        If there is no series, or every one of them is refused.
    """
    describe(config, record)
    names = source.names()
    _refuse_same_folder(names)
    _go_on(folder, _asked(config))
    todo = [name for name in names if _version(folder / SERIES / folder_name(name)) != source.version(name)]
    before = len(names) - len(todo)
    with stages.stage("learn together"):
        learned = fit_shared_model(config, names) if todo and config["corpus"]["model"] == "shared" else None
    work = SeriesWork(config, folder / SERIES, learned)
    with stages.stage("series"):
        for done, line in enumerate(_each(work, todo, config["corpus"]), start=before + 1):
            stages.tell(f"series {done} of {len(names)}: {line['series']}")
    lines = [_result(folder / SERIES / folder_name(name)) for name in names]
    table = pd.DataFrame(lines)
    if not (table["status"] == "completed").any():
        raise DataError(f"every series was refused; the first: {table['error'][0]}")
    found = FleetRun(dict(config), record, folder, table, before)
    with stages.stage("judge"):
        _record(found, int(config["seed"]))
        if source.benchmark == "nab" and (table["status"] == "completed").all():
            found.nab = nab_scores(folder / SERIES, int(config["seed"]))
            assert record.detection is not None
            record.detection["nab"] = found.nab.told()
    record.timings = dict(stages.seconds)
    record.status = "completed"
    return found


def _each(work: SeriesWork, names: list[str], settings: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the line of each series as it is done."""
    run_one: Callable[[str], dict[str, Any]] = partial(run_series, work)
    if settings["cluster"] is None and settings["jobs"] == 1:
        yield from map(run_one, names)
        return
    make = cloudpickle.dumps(lambda: run_one)
    with _pool(make, settings) as pool:
        for name, answer in answer_each(pool, names):
            yield record_failure(work, name, answer.error) if answer.value is None else answer.value


def _pool(make: bytes, settings: Mapping[str, Any]) -> Any:
    if settings["cluster"] is not None:
        from sre_anomaly.parallel.dask_pool import DaskPool

        return DaskPool(make, settings["cluster"], settings["jobs"], "corpus.cluster")
    return Pool(settings["jobs"], make, PRELOAD)


def _refuse_same_folder(names: list[str]) -> None:
    folders: dict[str, str] = {}
    for name in names:
        other = folders.setdefault(folder_name(name), name)
        if other != name:
            raise DataError(f"{name} and {other} would share a folder: rename one of the files")


def _asked(config: Mapping[str, Any]) -> str:
    """Return a hash of all that decides what is found: not of how many are run at a time."""
    return hash_of({**config, "corpus": {"model": config["corpus"]["model"]}})


def _version(folder: Path) -> str | None:
    """Return which version of a series was finished; None where it was not, or was refused."""
    path = folder / RESULT
    return _result(folder).get("version") if path.is_file() else None


def _go_on(folder: Path, config_hash: str) -> None:
    """Take over the finished series of a run of the same config that was killed."""
    for state in sorted(folder.parent.glob(f"*/{STATE}")):
        known = json.loads(state.read_text(encoding="utf-8"))
        dead = on_this_machine(known["owner"]) and not is_running(known["owner"])
        unfinished = state.parent.suffix == RUNNING or not _completed(state.parent)
        if state.parent != folder and known["config_hash"] == config_hash and dead and unfinished:
            with suppress(FileNotFoundError):
                (state.parent / SERIES).rename(folder / SERIES)
            shutil.rmtree(state.parent, ignore_errors=True)
            break
    (folder / SERIES).mkdir(parents=True, exist_ok=True)
    write_json(folder / STATE, {"config_hash": config_hash, "owner": this_process()})


def _completed(folder: Path) -> bool:
    path = folder / "record.json"
    return path.is_file() and json.loads(path.read_text(encoding="utf-8"))["status"] == "completed"


def _result(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / RESULT).read_text(encoding="utf-8"))
    return content


def _record(found: FleetRun, seed: int) -> None:
    """Note what the series have in common."""
    record, table = found.record, found.table
    completed = table[table["status"] == "completed"]
    overall = across(completed, seed)
    record.rows = int(completed["rows"].sum())
    record.data = {
        "name": found.config["data"]["name"],
        "series": len(table),
        "completed": len(completed),
        "judged_days": float(completed["judged_days"].sum()),
    }
    record.detection = {
        "detector": record.detector,
        "flags": int(completed["flags"].sum()),
        "alerts": int(completed["alerts"].sum()),
        "threshold": {"name": found.config["threshold"]["name"]},
        "measured_on": "test",
        "measures": overall.measures,
        "intervals": overall.intervals,
        "baselines": overall.baselines,
        "caveats": overall.caveats,
    }
    if "hindsight" in completed:
        record.hindsight = _looked_back(completed)
    if found.gone_on_from:
        record.notes.append(f"{found.gone_on_from} series were finished by an earlier run that was stopped")
    if broken := len(table) - len(completed):
        first = table[table["status"] != "completed"].iloc[0]
        record.notes.append(
            f"{broken} of {len(table)} series failed and are in no mean; the first: "
            f"{_told_once(first['series'], first['error'])}"
        )
    said: dict[str, dict[str, str]] = defaultdict(dict)
    for series, notes in completed.set_index("series")["notes"].dropna().items():
        for note in notes:
            said[re.sub(r"\d[\d.,]*", "#", note)][str(series)] = note
    # What asks for care first, then what holds for most.
    ordered = sorted(
        said.values(), key=lambda alike: (not next(iter(alike.values())).startswith("Careful"), -len(alike))
    )
    for alike in ordered[:MOST_NOTES]:
        few = (
            f" ({', '.join(Path(name).stem for name in alike)})"
            if len(alike) <= min(MOST_NAMES, len(table) - 1)
            else ""
        )
        record.notes.append(f"{len(alike)} of {len(table)} series{few}: {_as_one(list(alike.values()))}")
    if len(ordered) > MOST_NOTES:
        record.notes.append(f"{len(ordered) - MOST_NOTES} other notes are in series.csv")


def _looked_back(completed: pd.DataFrame) -> dict[str, int]:
    """Return the sums of what was found in hindsight, and of the incidents of the series that have some."""
    record = {
        "stretches": int(completed["hindsight"].sum()),
        "live_paged": int(completed["hindsight_paged"].sum()),
    }
    if "hindsight_caught" in completed:
        known = completed[completed["hindsight_caught"].notna()]
        columns = ("incidents", "hindsight_caught", "incidents_caught")
        names = ("incidents", "incidents_caught", "live_caught")
        record |= {name: int(known[column].sum()) for name, column in zip(names, columns, strict=True)}
    return record


def _as_one(notes: list[str]) -> str:
    """Return one note for several that differ in their numbers only: that with the largest first number.

    Examples
    --------
    >>> _as_one(["2 duplicate timestamps", "11 duplicate timestamps"])
    'up to 11 duplicate timestamps'
    """
    if len(set(notes)) == 1:
        return notes[0]
    most = max(
        notes,
        key=lambda note: [float(number) for number in re.findall(r"\d+(?:\.\d+)?", note.replace(",", ""))],
    )
    return f"up to {most}" if most[0].isdigit() else f"{most} (other numbers in other series)"


def _told_once(series: str, error: str) -> str:
    """Return an error with its series before it, unless it says so itself."""
    return error if error.startswith((series, Path(series).stem)) else f"{series}: {error}"
