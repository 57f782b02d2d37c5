"""What ``vmstat -t`` prints: two lines of headers, now and then again, and a line for each time."""

import re
from pathlib import Path
from typing import Any

import pandas as pd

from sre_anomaly.clock import time_zone
from sre_anomaly.io.samples.series import Export, Format, Gathered, number
from sre_anomaly.io.samples.source import Source
from sre_anomaly.io.timestamps import times

GROUPS = re.compile(r"^-*procs-*\s+-+memory-+")
NAMES = re.compile(r"^\s*r\s+b\s+swpd\s+free\b")
UTC = {"UTC", "GMT", "Z"}
FROM_BOOT = "the first line of vmstat is the mean since the start of the machine; vmstat -y leaves it out"


def claims(head: str) -> bool:
    """Return whether a text begins with the headers of vmstat."""
    return bool(GROUPS.match(head) or NAMES.match(head))


def read(source: Source, _documents: Any) -> Export:
    """Return a series for each column."""
    names: list[str] = []
    rows: list[tuple[str, list[Any]]] = []
    for place, line in source.lines():
        cells = line.split()
        if not cells or GROUPS.match(line):
            continue
        if NAMES.match(line):
            if names and cells != names:
                raise ValueError(f"line {place}: has other columns than before")
            names = cells
            continue
        try:
            rows.append(_row(cells, names))
        except ValueError as error:
            raise ValueError(f"line {place}: {error}") from None
    if not rows:
        raise ValueError("holds headers and no line of values")
    zone = "UTC" if names[-1] in UTC else source.timezone
    found = times(Path(source.shown), pd.Series([row[0] for row in rows], name="timestamp"), zone)
    if names[-1] not in UTC and names[-1] not in _names_of(zone, found):
        raise ValueError(
            f"has times in {names[-1]}, and in {zone} no clock is called so: say where they are, such as data.timezone=Europe/Berlin"
        )
    gathered = Gathered()
    for time, (_, values) in zip(found.as_unit("ns").asi8.tolist(), rows, strict=True):
        for name, value in zip(names[:-1], values, strict=True):
            gathered.add(name, {}, time, value)
    return Export(gathered.series(), [FROM_BOOT])


def _row(cells: list[str], names: list[str]) -> tuple[str, list[Any]]:
    """Return the time of a line and its values."""
    if not names:
        raise ValueError("stands before the names of the columns")
    if len(cells) == len(names) and ":" not in cells[-1]:
        raise ValueError("has no time; write vmstat -t 60")
    if len(cells) != len(names) + 1:
        raise ValueError(f"has {len(cells)} words, where its header asks for {len(names) + 1}")
    return " ".join(cells[-2:]), [number(cell) for cell in cells[:-2]]


def _names_of(zone: str, found: pd.DatetimeIndex) -> set[str]:
    """Return what clocks in a zone are called in these times, and in the other half of the year."""
    info = time_zone(zone)
    first = found[0]
    return {
        str(moment.tz_convert(info).tzname()) for moment in (first, first + pd.Timedelta(days=182), found[-1])
    }


FORMAT = Format("vmstat", "vmstat -t 60", claims, read, json=False)
