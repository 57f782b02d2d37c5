"""``load_run`` and ``compare``: what finished runs have left on disk."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from sre_anomaly.errors import ConfigError
from sre_anomaly.report.comparison.comparison import read_runs

RECORD = "record.json"


@dataclass(frozen=True)
class SavedRun:
    """A finished run, read from its folder when it is asked for."""

    folder: Path
    record: dict[str, Any]
    """Everything that the run says of itself: measures, notes, times, versions."""

    @property
    def config(self) -> dict[str, Any]:
        """Every setting."""
        return dict(yaml.safe_load((self.folder / "config.yaml").read_text(encoding="utf-8")))

    @property
    def alerts(self) -> pd.DataFrame:
        """One row for each alert; empty where nothing was detected."""
        path = self.folder / "alerts.csv"
        return (
            pd.read_csv(path, parse_dates=["start", "fired", "end", "peak"])
            if path.is_file()
            else pd.DataFrame()
        )

    @property
    def scores(self) -> pd.DataFrame:
        """One row for each data point: values, bands, score, level, flag, and the period that it is in."""
        return pd.read_parquet(self.folder / "scores.parquet").set_index("time")

    @property
    def measures(self) -> dict[str, Any]:
        """The measures of the detection."""
        return dict((self.record.get("detection") or {}).get("measures", {}))


def load_run(folder: str | Path = "outputs/latest") -> SavedRun:
    """Return a finished run from its folder.

    Raises
    ------
    ConfigError
        If there is no run in it.

    Examples
    --------
    >>> load_run("nowhere")
    Traceback (most recent call last):
    ...
    sre_anomaly.errors.ConfigError: nowhere: has no record.json, so it is not the folder of a run
    """
    path = Path(folder).expanduser()
    if not (path / RECORD).is_file():
        raise ConfigError(f"{path}: has no {RECORD}, so it is not the folder of a run")
    return SavedRun(path.resolve(), json.loads((path / RECORD).read_text(encoding="utf-8")))


def compare(folders: Sequence[str | Path]) -> pd.DataFrame:
    """Return the measures of finished runs beside each other, a row for each; NaN where a run has no such measure.

    Raises
    ------
    ConfigError
        If a folder has no run.
    """
    runs = read_runs([load_run(folder).folder / RECORD for folder in folders])
    finished = [run for run in runs if run.completed]
    names = list(dict.fromkeys(name for run in finished for name in run.measures))
    rows = [[run.measures.get(name) for name in names] for run in finished]
    return pd.DataFrame(
        rows, columns=names, index=pd.Index([run.name for run in finished], name="run"), dtype=float
    )
