"""What a finished trial says: its objective and constraints, read by name from its ``record.json``."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sre_anomaly.errors import ConfigError, did_you_mean
from sre_anomaly.sweeps.settings import KEY, SweepSettings

RECORD = "record.json"
LABELLED = (
    *("precision", "recall", "f1", "pr_auc", "roc_auc", "incident_recall"),
    *("false_alerts", "false_alerts_per_week", "incidents_caught", "median_time_to_detect_s"),
)
"""Measures that exist only where it is known when something was wrong."""


@dataclass
class Result:
    """How a trial ended."""

    status: str
    """completed, pruned, refused (the user's mistake), failed or lost (its process died)."""
    values: list[float] = field(default_factory=list)
    excess: list[float] = field(default_factory=list)
    """How far each constraint is exceeded; at most 0 is kept."""
    error: str = ""


def read_result(folder: Path, settings: SweepSettings) -> Result | None:
    """Return what a trial's record says, None where it has not been written.

    Raises
    ------
    ConfigError
        If the record has no measure of the objective's name.
    """
    path = folder / RECORD
    if not path.is_file():
        return None
    record = json.loads(path.read_text(encoding="utf-8"))
    status = str(record["status"])
    if status != "completed":
        return Result(status, error=str(record.get("error") or ""))
    values, excess = [], []
    try:
        for name in settings.objective:
            assert name is not None
            values.append(named_value(record, name, f"{KEY}.objective"))
        for name, beyond in settings.bounds:
            excess.append(beyond(named_value(record, name, f"{KEY}.constraints")))
    except NoValueError as error:
        return Result("refused", error=str(error))
    return Result(status, values, excess)


class NoValueError(Exception):
    """A measure is there, but these data give it no value."""


def named_value(record: Mapping[str, Any], name: str, key: str) -> float:
    """Return the number at a dotted name.

    Raises
    ------
    ConfigError
        If there is no such measure; lists those there are.
    NoValueError
        If it has no value here.

    Examples
    --------
    >>> named_value({"detection": {"measures": {"f1": 0.5}}}, "detection.measures.f1", "objective")
    0.5
    """
    numbers = dict(measures(record))
    if name not in numbers and name.rpartition(".")[2] in LABELLED and "detection.measures.flags" in numbers:
        raise ConfigError(
            f"{key}: {name} needs labels, and the validation data have none: say when there were incidents (data.label=..., "
            "data.incidents=...), or aim at detection.measures.alerts_per_week"
        )
    if name not in numbers:
        raise ConfigError(f"{key}: a record has no measure {name!r}; {did_you_mean(name, numbers)}")
    value = numbers[name]
    if value is None or not math.isfinite(value):
        raise NoValueError(f"{key}: {name} has no value here: are there labelled anomalies to evaluate on?")
    return value


def measures(record: Mapping[str, Any]) -> Iterator[tuple[str, float | None]]:
    """Yield the dotted name and value of every measure in a record."""
    for task in sorted(record):
        found = record[task].get("measures") if isinstance(record[task], Mapping) else None
        for name, value in (found or {}).items():
            if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
                yield f"{task}.measures.{name}", value
