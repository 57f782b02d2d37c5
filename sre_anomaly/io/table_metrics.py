"""How a table of metrics is read: a time column, a column per metric, and the truth if there is one."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd

from sre_anomaly.clock import Duration
from sre_anomaly.errors import ConfigError, DataError
from sre_anomaly.frame import Array, Incident, MetricFrame
from sre_anomaly.io.cells import holds_numbers, measured
from sre_anomaly.io.hosts_in_a_file import refuse_several_hosts, words_of
from sre_anomaly.io.incident_windows import read_windows
from sre_anomaly.io.owner_knows import OwnerKnows
from sre_anomaly.io.regular_clock import regularise
from sre_anomaly.io.tables import HEADER_ROWS, NOTES, YEAR, column, read_table, yes_or_no
from sre_anomaly.io.times.written import TIME_OF_DAY, told
from sre_anomaly.io.timestamps import times

TIME_NAMES = ("time", "timestamp", "datetime", "date", "ts", "@timestamp")
DATE_NAMES = ("date", "day", "datum")
"""Of a column beside one with the times of day only."""
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
        table = read_table(path, self.separator, self.decimal)
        time_name = self.time or self._guess(table, TIME_NAMES) or str(table.columns[0])
        label_name = self.label or (None if incidents else self._guess(table, LABEL_NAMES))
        unlabelled = bool(label_name) and not self.label_needed and label_name not in table.columns
        label_name = None if unlabelled else label_name
        table = _with_dates(path, table, time_name)
        stamps = self._times(path, table, time_name)
        labels = None
        if label_name:
            labels = yes_or_no(path, column(path, table, label_name, "data.label"))
        taken = {time_name, label_name, *(host or ())[:1]}
        names, values, notes = self._metrics(path, table, taken)
        if host is None:
            refuse_several_hosts(path, table, {*taken, *names}, stamps)
        else:
            # Every row was read, so that a broken one is told with its number in the file.
            own = (words_of(column(path, table, host[0], "data.host")) == host[1]).to_numpy(dtype=bool)
            stamps, values, labels = stamps[own], values[own], None if labels is None else labels[own]
            kept = [
                self.values is not None or bool(any_value) for any_value in np.isfinite(values).any(axis=0)
            ]
            names, values = (
                tuple(name for name, keep in zip(names, kept, strict=True) if keep),
                values[:, kept],
            )
        series = host[1] if host else path.name
        notes = table.attrs.get(NOTES, []) + notes
        notes = told(table[time_name], stamps, self.timezone) + notes if len(stamps) else notes
        notes += [f"not evaluated: there is no column {self.label!r}"] if unlabelled else []
        notes += _looks_like_labels(names, values) if labels is None and not incidents else []
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
            metrics=names,
            labels=regular.labels,
            timezone=self.timezone,
            incidents=self._incidents(series, incidents, regular.time),
            notes=tuple(notes + regular.notes),
        )
        return self.told(frame)

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

    @staticmethod
    def _guess(table: pd.DataFrame, names: tuple[str, ...]) -> str | None:
        lower = {str(name).lower(): str(name) for name in table.columns}
        return next((lower[name] for name in names if name in lower), None)

    def _metrics(
        self, path: Path, table: pd.DataFrame, taken: set[str | None]
    ) -> tuple[tuple[str, ...], Array, list[str]]:
        notes: list[str] = []
        names = self.values
        if names is None:
            others = [str(name) for name in table.columns if name not in taken]
            # Text in every row is a name or a comment; text in some rows is a broken number and an error below.
            left = [name for name in others if not holds_numbers(table[name])]
            names = [name for name in others if name not in left]
            counted = [name for name in names if _numbers_rows(name, table[name])]
            if counted:
                names = [name for name in names if name not in counted]
                notes.append(f"a column of row numbers was left out: {', '.join(counted)}")
            if left:
                notes.append(f"columns without a single number were left out: {', '.join(left)}")
        if not names:
            raise DataError(f"{path}: has no column of numbers; name the metrics with data.values=[...]")
        read = [measured(path, column(path, table, name, "data.values")) for name in names]
        if units := [f"{name} ({unit})" for name, (_, unit) in zip(names, read, strict=True) if unit]:
            notes.append(f"read with their units: {', '.join(units)}")
        return tuple(names), np.column_stack([values for values, _ in read]), notes

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


def _numbers_rows(name: str, series: Any) -> bool:
    """Return whether a column without a name of its own counts the rows, as exports of tables do."""
    if not (name == "" or name.startswith("Unnamed:") or name in ("index", "#")):
        return False
    rows = pd.to_numeric(series, errors="coerce")
    return bool((rows.diff().iloc[1:] == 1).all())


def _with_dates(path: Path, table: Any, name: str) -> Any:
    """Return a table in which the times have their dates, which may stand in a column of their own.

    Raises
    ------
    DataError
        If there are times of day only: they are never taken for those of today.
    """
    if name not in table or pd.api.types.is_numeric_dtype(table[name]):
        return table
    text = table[name].astype("string")
    if not text.str.match(TIME_OF_DAY).fillna(False).all():
        return table
    dates = next(
        (other for other in table.columns if str(other).lower() in DATE_NAMES and other != name), None
    )
    if dates is None:
        raise DataError(
            f"{path}, column {name!r}: row {HEADER_ROWS}: {text.iloc[0]!r} has no date; write times like 2024-01-31 14:05:00, or "
            "add a column called date"
        )
    whole = table[dates].astype("string").str.strip() + " " + text.str.strip()
    return table.drop(columns=dates).assign(**{name: whole})


def _looks_like_labels(names: tuple[str, ...], values: Array) -> list[str]:
    """Return a note for each metric of only 0 and 1: it may be the truth, taken for a metric."""
    return [
        f"Careful: {name} holds only 0 and 1; if it says when something was wrong, set data.label={name}"
        for name, column in zip(names, values.T, strict=True)
        if set(np.unique(column[np.isfinite(column)])) == {0.0, 1.0}
    ]
