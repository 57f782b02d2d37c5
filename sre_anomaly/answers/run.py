"""A past run that is asked about, read from one folder and from nowhere else."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from sre_anomaly.answers.memory import PastRun, past_runs
from sre_anomaly.errors import DataError
from sre_anomaly.pipeline.run_folder import LATEST

SERIES = "series"
BAND = ("expected", "lower", "upper")


@dataclass(frozen=True)
class AskedRun:
    """The scores and alerts of a run, or of one entity of a run of many."""

    folder: Path
    record: dict[str, Any]
    name: str
    entity: str | None = None

    @cached_property
    def scores(self) -> pd.DataFrame:
        """One row for each data point, by time.

        Raises
        ------
        DataError
            If the run has left none.
        """
        path = self.folder / "scores.parquet"
        if not path.is_file():
            entities = entities_of(self.folder)
            raise DataError(
                f"this run is of {len(entities)} entities; name one"
                if entities
                else "this run has left no scores"
            )
        return pd.read_parquet(path).set_index("time").sort_index()

    @cached_property
    def alerts(self) -> pd.DataFrame:
        """One row for each alert, the oldest first; empty where there are none."""
        path = self.folder / "alerts.csv"
        columns = ["start", "fired", "end", "peak"]
        if not path.is_file():
            return pd.DataFrame(
                columns=["id", *columns, "peak_score", "peak_level", "flags", "metric", "reason"]
            )
        found = pd.read_csv(path, keep_default_na=False, na_values={"peak_score": [""], "peak_level": [""]})
        # Of an entity of many, the peak is not kept.
        for column in found.columns.intersection(columns):
            found[column] = pd.to_datetime(found[column], utc=True, format="ISO8601")
        return found.sort_values("start", ignore_index=True)

    @property
    def metrics(self) -> list[str]:
        """The metrics that have a column of scores' table."""
        named = [str(name) for name in (self.record.get("data") or {}).get("metrics", [])]
        if known := [name for name in named if name in self.scores.columns]:
            return known
        bands = [name.removesuffix("_expected") for name in self.scores.columns if name.endswith("_expected")]
        return [name for name in bands if name in self.scores.columns]

    def band(self, metric: str) -> pd.DataFrame | None:
        """Return seen, expected, lower and upper of a metric; None where its detector draws no band."""
        columns = [f"{metric}_{part}" for part in BAND]
        if not set(columns) <= set(self.scores.columns):
            return None
        return self.scores[[metric, *columns]].set_axis(["seen", *BAND], axis=1)


def entities_of(folder: Path) -> list[str]:
    """Return the entities of a run of many; empty for a run of one."""
    within = folder / SERIES
    return (
        sorted(one.name for one in within.iterdir() if one.is_dir() and not one.is_symlink())
        if within.is_dir()
        else []
    )


def asked_run(outputs: Path, run: str | None, entity: str | None = None) -> AskedRun:
    """Return a run by its name, the newest where none is named, from below a folder and nowhere else.

    Raises
    ------
    DataError
        If it is not there, or not below the folder.
    """
    found = _found(outputs, run)
    inside(outputs, found.folder)
    if not entity:
        return AskedRun(found.folder, found.record, found.name)
    # A name is looked up among names, never joined to a path.
    if entity not in entities_of(found.folder):
        raise DataError("no such entity in this run; what_is_there lists them")
    within = inside(outputs, found.folder / SERIES / entity)
    path = within / "result.json"
    measures = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return AskedRun(within, found.record | {"detection": {"measures": measures}}, found.name, entity)


def inside(outputs: Path, path: Path) -> Path:
    """Return a path with its links followed, where it and the files in it are below a folder.

    Raises
    ------
    DataError
        If it leads out of the folder.
    """
    top = outputs.resolve()
    for one in (
        path,
        *(path / name for name in ("scores.parquet", "alerts.csv", "record.json", "result.json", SERIES)),
    ):
        if not one.resolve().is_relative_to(top):
            raise DataError("it leads out of the folder of outputs, where nothing is read")
    return path.resolve()


def _found(outputs: Path, run: str | None) -> PastRun:
    known = [one for one in past_runs(outputs) if one.kind == "run"]
    if run and run != LATEST:
        near = [one for one in known if run in (one.name, one.folder.name)]
    else:
        near = known[:1]
    if not near:
        raise DataError(
            "no such run; what_is_there lists them" if known else "there is no run in the folder of outputs"
        )
    if len(near) > 1:
        raise DataError("several runs are called so; write EXPERIMENT/FOLDER")
    return near[0]
