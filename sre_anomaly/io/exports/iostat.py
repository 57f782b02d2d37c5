"""What ``iostat -t`` prints, with ``-x`` or without: at each time a table for processors and one for devices."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from sre_anomaly.io.samples.series import Export, Format, Gathered, number
from sre_anomaly.io.samples.source import Source
from sre_anomaly.io.timestamps import times

SYSTEM = re.compile(r"^\w+ \S+ \((?P<host>[^)]*)\)\s+\S+\s+\S+\s+\(\d+ CPU\)")
TIME = re.compile(
    r"^(?:\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}[ T]\d{1,2}:\d{2}:\d{2}(?:\s*[AP]M)?(?:[+-]\d{4}|Z)?)\s*$"
)
DEVICES = re.compile(r"^Device:?\s")
FROM_BOOT = "the first report of iostat is the mean since the start of the machine; iostat -y leaves it out"


def claims(head: str) -> bool:
    """Return whether a text has the first line of sysstat and a table of devices or processors."""
    return bool(SYSTEM.match(head)) and bool(re.search(r"^(?:Device:?\s|avg-cpu:)", head, re.MULTILINE))


@dataclass
class Reports:
    """What was printed so far: at which times, and the table that is being read."""

    host: dict[str, str] = field(default_factory=dict)
    stamps: list[str] = field(default_factory=list)
    values: list[tuple[int, str, dict[str, str], Any]] = field(default_factory=list)
    """(number of the time, metric, labels, value)."""
    names: list[str] = field(default_factory=list)
    of_devices: bool = False

    def take(self, line: str) -> None:
        """Take in a line.

        Raises
        ------
        ValueError
            If it is none of iostat's.
        """
        cells = line.split()
        if named := SYSTEM.match(line):
            self.host = {"host": named["host"]}
        elif TIME.match(line):
            self.stamps.append(line.strip())
        elif DEVICES.match(line) or line.startswith("avg-cpu:"):
            self.names, self.of_devices = cells[1:], line.startswith("Device")
        elif cells:
            self._values(cells)

    def _values(self, cells: list[str]) -> None:
        if not self.stamps:
            raise ValueError("has no time before it; write iostat -t -x 60")
        values = cells[1:] if self.of_devices else cells
        if len(values) != len(self.names):
            raise ValueError(f"has {len(values)} values, where its header names {len(self.names)} columns")
        labels = self.host | ({"device": cells[0]} if self.of_devices else {})
        at = len(self.stamps) - 1
        for name, value in zip(self.names, values, strict=True):
            self.values.append((at, name, labels, number(value.replace(",", "."))))


def read(source: Source, _documents: Any) -> Export:
    """Return a series for each column of each device, and of the processors."""
    reports = Reports()
    for place, line in source.lines():
        try:
            reports.take(line)
        except ValueError as error:
            raise ValueError(f"line {place}: {error}") from None
    if not reports.values:
        raise ValueError("holds headers and no line of values")
    column = pd.Series(reports.stamps, name="time")
    found = times(Path(source.shown), column, source.timezone, day_first=source.day_first)
    stamps = found.as_unit("ns").asi8.tolist()
    gathered = Gathered()
    for at, name, labels, value in reports.values:
        gathered.add(name, labels, stamps[at], value)
    return Export(gathered.series(), [FROM_BOOT])


FORMAT = Format("iostat", "iostat -t -x 60", claims, read, json=False)
