"""What is on disk of past runs and sweeps."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sre_anomaly.errors import ConfigError, did_you_mean
from sre_anomaly.pipeline.run_folder import LATEST, RUNNING

RECORD, SWEEP = "record.json", "sweep.json"
MAIN = ("f1", "macro_f1", "mae", "alerts_per_week")
"""The measure that stands for a run in a list: the first of these that it has."""


@dataclass(frozen=True)
class PastRun:
    """One folder with its record."""

    folder: Path
    record: dict[str, Any]

    @property
    def name(self) -> str:
        """What it is called on the command line: its experiment and its folder."""
        return f"{self.folder.parent.name}/{self.folder.name}"

    @property
    def kind(self) -> str:
        """Run or sweep."""
        return "sweep" if (self.folder / SWEEP).is_file() else "run"

    @property
    def started(self) -> datetime | None:
        """When it began."""
        text = str(self.record.get("started") or "")
        return datetime.fromisoformat(text) if text else None

    @property
    def measures(self) -> dict[str, float]:
        """Every number that measures it."""
        found: dict[str, float] = {}
        for task in ("detection", "classification", "regression", "forecast"):
            numbers = (self.record.get(task) or {}).get("measures") or {}
            found |= {
                name: float(value)
                for name, value in numbers.items()
                if name not in found and isinstance(value, (int, float)) and not isinstance(value, bool)
            }
        if self.kind == "sweep" and isinstance(best := self.record.get("best_value"), (int, float)):
            found["best_value"] = float(best)
        return found


def past_runs(outputs: Path) -> list[PastRun]:
    """Return every run and sweep under a folder, the newest first.

    Raises
    ------
    ConfigError
        If there is no such folder.
    """
    if not outputs.is_dir():
        raise ConfigError(f"outputs={outputs}: there is no such folder; nothing has run here yet")
    found = list(_found(outputs))
    return sorted(found, key=lambda one: str(one.record.get("started") or one.folder.name), reverse=True)


def _found(outputs: Path) -> Iterator[PastRun]:
    for folder in sorted(outputs.glob("*/*/")):
        if (
            folder.is_symlink()
            or folder.parent.is_symlink()
            or folder.suffix == RUNNING
            or folder.parent.name == LATEST
        ):
            continue
        # A sweep says of itself what its trials do not; a multirun is the runs in it.
        if (folder / SWEEP).is_file():
            yield from _read(folder, folder / SWEEP)
        elif (folder / RECORD).is_file():
            yield from _read(folder, folder / RECORD)
        else:
            for part in sorted(folder.glob("*/")):
                if (part / RECORD).is_file():
                    yield from _read(part, part / RECORD)


def _read(folder: Path, path: Path) -> Iterator[PastRun]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError):
        record = {"status": "broken"}
    if isinstance(record, dict):
        yield PastRun(folder, record)


def one_run(word: str, outputs: Path) -> PastRun:
    """Return the run that a word names: a folder, a part of a name that only one has, or ``latest``.

    Raises
    ------
    ConfigError
        If none or several are called so.
    """
    folder = Path(word).expanduser()
    if word == LATEST:
        folder = outputs / LATEST
    for name in (SWEEP, RECORD):
        if (folder / name).is_file():
            found = list(_read(folder.resolve(), folder / name))
            if found:
                return found[0]
    known = past_runs(outputs) if outputs.is_dir() else []
    # A whole name is meant, even where a longer one begins with it.
    near = [one for one in known if word in (one.name, one.folder.name)] or [
        one for one in known if word in one.name
    ]
    if len(near) == 1:
        return near[0]
    if near:
        raise ConfigError(
            f"{word}: {len(near)} runs are called so, such as {near[0].name} and {near[1].name}; name one"
        )
    raise ConfigError(
        f"{word}: is no run; {did_you_mean(word, [one.name for one in known])}; sre-anomaly runs lists them"
    )


def main_measure(run: PastRun) -> tuple[str, float] | None:
    """Return the one measure that stands for a run in a list."""
    measures = run.measures
    return next(((name, measures[name]) for name in (*MAIN, "best_value") if name in measures), None)
