"""Incident windows in a JSON file."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd

from sre_anomaly.errors import DataError
from sre_anomaly.frame import Incident

MINUTE_MS = 60_000


def read_windows(path: Path, timezone: str, series: str | None = None) -> tuple[Incident, ...]:
    """Read ``[[start, end], ...]`` or ``[{"start": ..., "end": ..., "type": ...}, ...]``, ends not included.

    Annotations as Grafana gives them (``time`` and ``timeEnd`` in ms) and alerts as an Alertmanager does (``startsAt`` and
    ``endsAt``) are windows too.
    A mapping from series name to such a list works too; ``series`` then picks one.

    Raises
    ------
    DataError
        If the file is missing or malformed, or a window ends before it starts.
    """
    windows = windows_listed(path, timezone, series, "data.incidents")
    ordered = sorted(windows, key=lambda window: window.start)
    for before, after in pairwise(ordered):
        if after.start < before.end:
            raise DataError(
                f"{path}: windows {before.id} and {after.id} overlap ({after.start} is before {before.end}): make them one"
            )
    return windows


def windows_listed(
    path: Path, timezone: str, series: str | None, key: str, *, everyone: bool = True
) -> tuple[Incident, ...]:
    """Return the windows of a file as `read_windows` reads it, which here may overlap.

    Parameters
    ----------
    key : str
        The setting that names the file.
    everyone : bool
        Whether each series has to have a list in a mapping; else those that are not there have none.

    Raises
    ------
    DataError
        If the file is missing or malformed, or a window ends before it starts.
    """
    if not path.is_file():
        raise DataError(f"{key}: {path} is not there")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{path}: is not JSON: {error}") from None
    if isinstance(content, dict):
        if series not in content and everyone:
            raise DataError(f"{path}: has no windows for {series!r}")
        content = content.get(series, [])
    if not isinstance(content, list):
        raise DataError(f"{path}: expected a list of windows such as [[start, end], ...]")
    return tuple(_window(path, number, item, timezone) for number, item in enumerate(content, start=1))


def _window(path: Path, number: int, item: Any, timezone: str) -> Incident:
    try:
        fields = _exported(item) if isinstance(item, dict) else {"start": item[0], "end": item[1]}
        start, end = (utc(fields[edge], timezone) for edge in ("start", "end"))
    except (KeyError, IndexError, TypeError, ValueError):
        raise DataError(f"{path}: window {number}: expected a start and an end time, not {item!r}") from None
    if end <= start:
        raise DataError(f"{path}: window {number}: ends ({end}) before it starts ({start})")
    return Incident(
        start,
        end,
        id=number,
        type=str(fields.get("type", "incident")),
        severity=str(fields.get("severity", "")),
        metric=str(fields.get("metric", "")),
    )


def _exported(item: dict[str, Any]) -> dict[str, Any]:
    """Return a window with the keys that ours have, whoever has written it."""
    fields = dict(item)
    if "time" in item:
        begin = int(item["time"])
        # An annotation of a moment stands for the minute that it begins.
        end = max(int(item.get("timeEnd") or 0), begin + MINUTE_MS)
        fields |= {
            "start": pd.Timestamp(begin, unit="ms", tz="UTC"),
            "end": pd.Timestamp(end, unit="ms", tz="UTC"),
        }
        fields["type"] = item.get("text", "annotation")
    elif "startsAt" in item:
        fields |= {"start": item["startsAt"], "end": item["endsAt"]}
        fields["type"] = (item.get("labels") or {}).get("alertname", "alert")
    return fields


def utc(text: Any, timezone: str) -> pd.Timestamp:
    """Return a time as UTC; without an offset it is in ``timezone``.

    Examples
    --------
    >>> utc("2024-01-31 14:00", "Europe/Berlin")
    Timestamp('2024-01-31 13:00:00+0000', tz='UTC')
    """
    stamp = pd.Timestamp(text)
    return (stamp.tz_localize(timezone) if stamp.tz is None else stamp).tz_convert("UTC")
