"""A line of a CSV file becomes a time, an entity and values; one that cannot be read says why."""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from reprlib import repr as shortly

from sre_anomaly.clock import in_nanoseconds, time_zone
from sre_anomaly.errors import DataError, did_you_mean
from sre_anomaly.frame import LARGEST
from sre_anomaly.live.points import SEPARATORS, BrokenLineError, decoded, time_of
from sre_anomaly.service.source.settings import GrowingFile

Row = tuple[int, tuple[str, ...], dict[int, float]]
"""Time in ns since 1970, the values of the entity's columns, and by the number of each metric its value."""


@dataclass
class RowReader:
    """Reads the lines of a file by its header.

    Parameters
    ----------
    source : GrowingFile
    metrics : mapping of str to str
        By what each metric is called its column, or its name in the column of names.
    by : sequence of str
        The columns that name an entity.
    timezone : str
        Whose clock times without an offset are of.

    Examples
    --------
    >>> reader = RowReader(GrowingFile(file="m.csv"), {"cpu": "cpu_percent"}, ["host"], "UTC")
    >>> reader.take_header(b"time,host,cpu_percent")
    True
    >>> reader.read(b"1970-01-01T00:00:01Z,web1,41.5")
    (1000000000, ('web1',), {0: 41.5})
    """

    source: GrowingFile
    metrics: Mapping[str, str]
    by: Sequence[str]
    timezone: str
    header: str = ""
    units: dict[str, str] = field(default_factory=dict)
    """The unit that was written in the cells of each metric, which later cells are put in."""

    def __post_init__(self) -> None:
        self._zone = time_zone(self.timezone)
        self._numbers = {name: number for number, name in enumerate(self.metrics.values())}
        if self.header:
            self.take_header(self.header.encode())

    @property
    def _wanted(self) -> list[str]:
        long = self.source.metric is not None
        columns = [str(self.source.metric), str(self.source.value)] if long else list(self.metrics.values())
        return [self.source.time, *self.by, *columns]

    def take_header(self, line: bytes) -> bool:
        """Take a line as the header, if it has a column that is looked for; return whether it is one.

        Raises
        ------
        DataError
            If it is one and lacks a column.
        """
        text = decoded(line.removeprefix(b"\xef\xbb\xbf")).strip("\r\n")
        separator = max(SEPARATORS, key=text.count)
        names = [name.strip() for name in _cells(text, separator)]
        if self.source.time not in names:
            if self.header:
                return False
            raise DataError(
                f"{self.source.file}: has no column {self.source.time!r} of times; {did_you_mean(self.source.time, names)}"
            )
        for name in self._wanted:
            if name not in names:
                raise DataError(f"{self.source.file}: has no column {name!r}; {did_you_mean(name, names)}")
        self.header, self._separator, self._width = text, separator, len(names)
        time, *others = map(names.index, self._wanted)
        self._time, self._entity, self._columns = time, others[: len(self.by)], others[len(self.by) :]
        return True

    def read(self, line: bytes) -> Row | None:
        """Return what a line holds; None where it is empty, the header again, or of another metric.

        Raises
        ------
        BrokenLineError
            What is wrong with it.
        """
        text = decoded(line).strip("\r\n")
        if not text.strip() or text == self.header:
            return None
        cells = _cells(text, self._separator)
        if len(cells) != self._width:
            raise BrokenLineError(f"{len(cells)} cells, where the header has {self._width}")
        entity = tuple([cells[place].strip() for place in self._entity])
        if not all(entity):
            raise BrokenLineError(f"no {', '.join(self.by)}")
        columns = self._columns
        if self.source.metric is not None:
            number = self._numbers.get(cells[columns[0]].strip())
            if number is None:
                return None
            given = {number: cells[columns[1]]}
        else:
            given = {number: cells[place] for number, place in enumerate(columns)}
        return (
            self._nanoseconds(cells[self._time]),
            entity,
            {number: self._value(number, cell) for number, cell in given.items()},
        )

    def _nanoseconds(self, cell: str) -> int:
        found = time_of(cell)
        if isinstance(found, int):
            return found
        try:
            time = datetime.fromisoformat(found.strip())
            return in_nanoseconds(time if time.tzinfo else time.replace(tzinfo=self._zone))
        except (ValueError, OverflowError):
            raise BrokenLineError(
                f"{shortly(cell)} is not a time; write times like 2024-01-31 14:05:00"
            ) from None

    def _value(self, number: int, cell: str) -> float:
        try:
            value = float(cell)
        except ValueError:
            value = math.inf
        if (not abs(value) <= LARGEST and not math.isnan(value)) or "_" in cell:
            from sre_anomaly.io.cells import one_cell  # its pandas is not for who writes plain numbers

            name = list(self.metrics)[number]
            comma = self._separator != ","
            try:
                value, self.units[name] = one_cell(cell, self.units.get(name, ""), decimal_comma=comma)
            except ValueError as error:
                raise BrokenLineError(f"{name}: {shortly(cell)} {error}") from None
            if abs(value) > LARGEST:
                raise BrokenLineError(f"{name}: {value:g} is too large to be a measurement")
        return value


def _cells(text: str, separator: str) -> list[str]:
    if '"' not in text:
        return text.split(separator)
    try:
        return next(csv.reader([text], delimiter=separator, strict=True))
    except csv.Error as error:
        raise BrokenLineError(f"not CSV: {error}") from None
