"""How a table of metrics is read: a time column, a column per metric, and the truth if there is one."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd

from sre_anomaly.clock import Duration
from sre_anomaly.errors import ConfigError, DataError
from sre_anomaly.frame import NANOSECONDS, Incident, MetricFrame
from sre_anomaly.io.cells import holds_numbers, measured, without_unit
from sre_anomaly.io.counts.recognised import watched
from sre_anomaly.io.hosts_in_a_file import entity_column, refuse_several_hosts, words_of
from sre_anomaly.io.incident_windows import read_windows
from sre_anomaly.io.layout.columns import looks_like_labels, numbers_rows, with_dates
from sre_anomaly.io.layout.long_table import metric_and_value, widened
from sre_anomaly.io.owner_knows import OwnerKnows
from sre_anomaly.io.regular_clock import regularise
from sre_anomaly.io.tables import NOTES, YEAR, column, read_table, yes_or_no
from sre_anomaly.io.times.written import told
from sre_anomaly.io.timestamps import times

TIME_NAMES = ("time", "timestamp", "datetime", "date", "ts", "@timestamp")
LABEL_NAMES = ("label", "is_anomaly", "anomaly")


@dataclass(kw_only=True)
class TableReading(OwnerKnows):
    """What may be said about a file; what is not said is found out."""

    time: str | None = None
    values: list[str] | None = None
    label: str | None = None
    incidents: str | None = None
    day_first: bool | None = None
    year: int | None = None
    separator: str | None = None
    decimal: Literal[".", ","] | None = None
    resample: Duration | None = None
    entity: str | None = None
    metric: str | None = None
    kind: dict[str, Literal["counter", "gauge"]] = field(default_factory=dict)
    interpolate: Duration = timedelta(minutes=15)

    label_needed: ClassVar[bool] = True
    """Whether a file without the label column is refused."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.label and self.incidents:
            raise ConfigError(
                "data.label: give either data.label (a column) or data.incidents (a file), not both"
            )

    def frame(self, path: Path, incidents: str | None, host: tuple[str, str] | None = None) -> MetricFrame:
        """Return one file as a frame; with a column and a word, only the rows that have this word there.

        Raises
        ------
        DataError
            If the file, a column, a time or a number cannot be read: says which and where.
        """
        table, time_name, label_name, stamps = self._opened(path, incidents)
        labels = None
        if label_name:
            labels = yes_or_no(path, column(path, table, label_name, "data.label"))
        host = (
            host
            if host is None or host[0]
            else (self._entity(path, table, {time_name, label_name}, stamps) or "", host[1])
        )
        taken = {time_name, label_name, *(host or ())[:1]}
        names, columns, units, notes = self._metrics(path, table, taken)
        if host is None:
            # Names may be without a unit by now; cells such as "5 MiB" are numbers all the same.
            measures = {
                str(name) for name in table.columns if name not in taken and holds_numbers(table[name])
            }
            refuse_several_hosts(path, table, {*taken, *names, *measures}, stamps)
        else:
            # Every row was read, so that a broken one is told with its number in the file.
            words = words_of(column(path, table, host[0], "data.host"))
            if nameless := int((words == "").sum()):
                notes.append(f"{nameless} row{'s' * (nameless > 1)} of the file without a {host[0]} left out")
            own = (words == host[1]).to_numpy(dtype=bool)
            stamps, labels = stamps[own], None if labels is None else labels[own]
            columns = [one[own] for one in columns]
            kept = [self.values is not None or bool(np.isfinite(one).any()) for one in columns]
            names, columns, units = (
                [one for one, keep in zip(each, kept, strict=True) if keep]
                for each in (names, columns, units)
            )
        values, units, counted, more = watched(
            path, self.kind, names, columns, units, stamps.as_unit(NANOSECONDS).asi8
        )
        notes += more
        series = host[1] if host else path.name
        notes = table.attrs.get(NOTES, []) + notes
        notes = told(table[time_name], stamps, self.timezone) + notes if len(stamps) else notes
        unlabelled = bool(self.label) and label_name is None
        notes += [f"not evaluated: there is no column {self.label!r}"] if unlabelled else []
        notes += looks_like_labels(names, values) if labels is None and not incidents else []
        regular = regularise(
            f"{path}{f': {series}' if host else ''}",
            stamps,
            values,
            labels,
            resample=self.resample,
            interpolate=self.interpolate,
        )
        frame = MetricFrame(
            name=host[1] if host else path.stem,
            time=regular.time,
            values=regular.values,
            metrics=tuple(names),
            labels=regular.labels,
            timezone=self.timezone,
            incidents=self._incidents(series, incidents, regular.time),
            notes=tuple(notes + regular.notes),
            units={name: unit for name, unit in zip(names, units, strict=True) if unit},
            counters=counted,
        )
        return self.told(frame)

    def _opened(
        self, path: Path, incidents: str | None
    ) -> tuple[pd.DataFrame, str, str | None, pd.DatetimeIndex]:
        """Return a file's table with a column for each metric, the names of its times and labels, and its times."""
        table = read_table(path, self.separator, self.decimal)
        time_name = self.time or named(table, TIME_NAMES) or str(table.columns[0])
        label_name = self.label or (None if incidents else named(table, LABEL_NAMES))
        if label_name and not self.label_needed and label_name not in table.columns:
            label_name = None
        table = with_dates(path, table, time_name)
        if self.metric is not None:
            column(path, table, self.metric, "data.metric")
        wide, notes = widened(table, time_name, self.metric, {label_name})
        try:
            stamps = self._times(path, wide, time_name)
            if notes:
                _check_values(path, table, self.metric, {time_name, label_name})
        except DataError:
            # In the long table rows have the numbers of the file.
            self._times(path, table, time_name)
            raise
        wide.attrs[NOTES] = [*wide.attrs.get(NOTES, []), *notes]
        return wide, time_name, label_name, stamps

    def words_of_entities(self, path: Path) -> list[str]:
        """Return the words that tell the series of a table apart; none where it is one series."""
        table, time_name, label_name, stamps = self._opened(path, None)
        name = self._entity(path, table, {time_name, label_name}, stamps)
        return [] if name is None else sorted(word for word in words_of(table[name]).unique() if word)

    def _entity(
        self, path: Path, table: pd.DataFrame, taken: set[str | None], stamps: pd.DatetimeIndex
    ) -> str | None:
        if self.entity is not None:
            column(path, table, self.entity, "data.entity")
            return self.entity
        metrics = {str(name) for name in table.columns if name not in taken and holds_numbers(table[name])}
        return entity_column(table, {*taken, *metrics}, stamps)

    def _times(self, path: Path, table: pd.DataFrame, name: str) -> pd.DatetimeIndex:
        try:
            return times(
                path,
                column(path, table, name, "data.time"),
                self.timezone,
                day_first=self.day_first,
                year=self.year or table.attrs.get(YEAR),
            )
        except DataError as error:
            if self.time or name.lower() in TIME_NAMES:
                raise
            raise DataError(f"{error}, or name the column of times with data.time=...") from None

    def _metrics(
        self, path: Path, table: pd.DataFrame, taken: set[str | None]
    ) -> tuple[list[str], list[Any], list[str], list[str]]:
        """Return names, columns, whole numbers as such, units, and what was left out."""
        notes: list[str] = []
        names = self.values
        if names is None:
            others = [str(name) for name in table.columns if name not in taken]
            # Text in every row is a name or a comment; text in some rows is a broken number and an error below.
            left = [name for name in others if not holds_numbers(table[name])]
            names = [name for name in others if name not in left]
            counted = [name for name in names if numbers_rows(name, table[name])]
            if counted:
                names = [name for name in names if name not in counted]
                notes.append(f"a column of row numbers was left out: {', '.join(counted)}")
            if left:
                notes.append(f"columns without a single number were left out: {', '.join(left)}")
        if not names:
            raise DataError(f"{path}: has no column of numbers; name the metrics with data.values=[...]")
        columns, units = [], []
        for name in names:
            given = column(path, table, name, "data.values")
            whole = pd.api.types.is_integer_dtype(given) and not given.isna().any()
            values, unit = (given.to_numpy(), "") if whole else measured(path, given)
            columns.append(values)
            units.append(unit)
        called = [without_unit(name, unit) for name, unit in zip(names, units, strict=True)]
        called, more = self._called(called if len(set(called)) == len(called) else list(names))
        notes += more
        return called, columns, units, notes

    def _called(self, names: list[str]) -> tuple[list[str], list[str]]:
        """Return what people call metrics whose names are sets of labels, and those sets."""
        return names, []

    def _incidents(
        self, series: str, incidents_file: str | None, time: pd.DatetimeIndex
    ) -> tuple[Incident, ...] | None:
        if incidents_file is None:
            return None
        path = Path(incidents_file).expanduser()
        incidents = read_windows(path, self.timezone, series)
        last = time[-1] + (time[1] - time[0])
        for number, incident in enumerate(incidents, start=1):
            if incident.end <= time[0] or incident.start >= last:
                raise DataError(
                    f"{path}: window {number} ({incident.start} to {incident.end}) lies outside the data, which run "
                    f"from {time[0]} to {time[-1]}"
                )
        return incidents


def named(table: pd.DataFrame, names: tuple[str, ...]) -> str | None:
    """Return the column that is called by the first of some names, whatever its case."""
    lower = {str(name).lower(): str(name) for name in table.columns}
    return next((lower[name] for name in names if name in lower), None)


def _check_values(path: Path, table: pd.DataFrame, metric: str | None, taken: set[str | None]) -> None:
    """Refuse values of a long table that are no numbers while its rows are where they are in the file."""
    names = metric_and_value(table, metric, taken)
    if names is None or pd.api.types.is_numeric_dtype(table[names[1]]):
        return
    for name, values in table.groupby(words_of(table[names[0]]), sort=False)[names[1]]:
        if holds_numbers(values):
            measured(path, values.rename(str(name)))
