"""How any file is read: an export as it says itself, all else as a table."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from sre_anomaly.errors import ConfigError, DataError, did_you_mean
from sre_anomaly.frame import MetricFrame
from sre_anomaly.io.files import found
from sre_anomaly.io.files.aligned import aligned
from sre_anomaly.io.files.condensed import condensed
from sre_anomaly.io.files.naming import OF_ENTITIES, from_name, full, names, varying
from sre_anomaly.io.files.pieces import Reading, is_large
from sre_anomaly.io.files.unpacked import as_table
from sre_anomaly.io.regular_clock import regularise
from sre_anomaly.io.samples.series import Export, Series
from sre_anomaly.io.samples.source import Source, source
from sre_anomaly.io.table_metrics import TableReading

MOST_COLUMNS = 64
"""More series in one frame are a fleet."""
MOST_NAMED = 2000
"""Of more series names are not even looked for."""
MOST_TOLD = 6
OF_TABLES = ("time", "label", "separator", "decimal")
"""Settings that say how a table is read; an export says so itself."""


@dataclass(kw_only=True)
class FileReading(TableReading):
    """What may be said about a file of any format; what is not said is found out."""

    def frame(self, path: Path, incidents: str | None, host: tuple[str, str] | None = None) -> MetricFrame:
        """Return one file as a frame; with a column or a label and a word, only what has this word there.

        Raises
        ------
        DataError
            If something in the file cannot be read: says what and where.
        """
        given = self._source(path)
        export = self._export(given)
        if export is not None:
            return self._frame_of(given, export, incidents, host)
        table, notes, units = self._table(given)
        if table is None:
            return super().frame(path, incidents, host)
        try:
            frame = super().frame(table, incidents, host)
        except DataError as error:
            raise DataError(str(error).replace(str(table), given.shown)) from None
        units = {name: unit for name, unit in units.items() if name in frame.metrics}
        return replace(
            frame,
            name=host[1] if host else _name(given),
            notes=(*notes, *frame.notes),
            units={**frame.units, **units},
        )

    def entities(self, path: Path, label: str | None) -> list[str]:
        """Return what tells the entities of an export apart; none for what is one entity.

        Raises
        ------
        DataError
            If no series has such a label, or there is no such file.
        """
        given = self._source(path)
        export = self._export(given)
        if export is None:
            return [] if label else self.words_of_entities(self._table(given)[0] or path)
        label = self._label(path, export, label)
        return sorted({one.labels.get(label, "") for one in export.series} - {""}) if label else []

    def is_export(self, path: Path) -> bool:
        """Return whether a file is an export that says itself what its series are."""
        return self._export(self._source(path)) is not None

    def _source(self, path: Path) -> Source:
        return source(path, timezone=self.timezone, day_first=self.day_first, step=self.resample)

    def _table(self, given: Source) -> tuple[Path | None, tuple[str, ...], dict[str, str]]:
        """Return where a table lies as it can be read, None where it lies so already, what was done, and units that are no longer in it."""
        table = as_table(given)
        if not is_large(table or given.file):
            return table, (), {}
        said = {name.name: getattr(self, name.name) for name in fields(Reading) if name.name != "step"}
        short = condensed(table or given.file, given.shown, Reading(**said, step=self.resample))
        return short.path, short.notes, short.units

    def _export(self, given: Source) -> Export | None:
        kind = found.format_of(given)
        if kind is None:
            return None
        for name in OF_TABLES:
            if getattr(self, name) is not None:
                raise ConfigError(
                    f"data.{name}: {given.shown} is read as {kind.name}, which says so itself; leave data.{name} out"
                )
        export = found.read(given, kind)
        return replace(export, notes=[f"read as {kind.name}", *export.notes])

    @staticmethod
    def _label(path: Path, export: Export, label: str | None) -> str | None:
        """Return the label whose values are the entities."""
        known = {name for one in export.series for name in one.labels}
        if label is not None:
            if label not in known:
                raise DataError(
                    f"data.host: no series of {path} has a label {label!r}; {did_you_mean(label, known)}"
                )
            return label
        telling = varying(export.series)
        return next((name for name in OF_ENTITIES if name in telling), telling[0] if telling else None)

    def _called(self, names_given: list[str]) -> tuple[list[str], list[str]]:
        """Return the shortest names that tell apart columns called by all of their labels, as Grafana writes them."""
        series = [from_name(name) for name in names_given]
        if not series or any(one is None for one in series):
            return names_given, []
        known = [one for one in series if one is not None]
        called = names(known)
        if len(set(called)) < len(called):
            return names_given, []
        return called, _called(known, called)

    def _frame_of(
        self, given: Source, export: Export, incidents: str | None, host: tuple[str, str] | None
    ) -> MetricFrame:
        series, notes = export.series, list(export.notes)
        if host is not None:
            label = self._label(Path(given.shown), export, host[0] or None)
            assert label is not None
            series = [
                replace(one, labels={name: value for name, value in one.labels.items() if name != label})
                for one in series
                if one.labels.get(label) == host[1]
            ]
            without = [full(one) for one in export.series if label not in one.labels]
            notes += [f"series without a label {label} were left out: {_some(without)}"] if without else []
        if len(series) > MOST_NAMED:
            raise DataError(
                f"{given.shown}: holds {len(series)} series, too many for one frame: for each host by itself, "
                f"experiment=fleet data.path='{given.shown}'"
            )
        called = names(series)
        series, called = self._chosen(given, series, called)
        if len(series) > MOST_COLUMNS:
            label = self._label(Path(given.shown), export, None)
            hosts = len({one.labels.get(str(label)) for one in series})
            raise DataError(
                f"{given.shown}: holds {len(series)} series ({', '.join(called[:3])}, ...), too many for one frame: name some with "
                f"data.values=[...], or for each of {hosts} {label} by itself, experiment=fleet data.path='{given.shown}'"
            )
        notes += _called(series, called)
        if units := [f"{name} ({one.unit})" for name, one in zip(called, series, strict=True) if one.unit]:
            notes.append(f"units: {_some(units)}")
        where = f"{given.shown}{f': {host[1]}' if host else ''}"
        try:
            time, values = aligned(series)
        except ValueError as error:
            raise DataError(f"{where}: {error}") from None
        regular = regularise(where, time, values, resample=self.resample, interpolate=self.interpolate)
        frame = MetricFrame(
            name=host[1] if host else _name(given),
            time=regular.time,
            values=regular.values,
            metrics=tuple(called),
            timezone=self.timezone,
            incidents=self._incidents(host[1] if host else given.file.name, incidents, regular.time),
            notes=tuple(notes + regular.notes),
        )
        return self.told(frame)

    def _chosen(
        self, given: Source, series: Sequence[Series], called: list[str]
    ) -> tuple[list[Series], list[str]]:
        """Return the series that ``data.values`` names, or all."""
        if self.values is None:
            return list(series), called
        by_name = dict(zip(called, series, strict=True))
        for name in self.values:
            if name not in by_name:
                raise DataError(
                    f"data.values: {given.shown} has no series {name!r}; {did_you_mean(name, by_name)}"
                )
        return [by_name[name] for name in self.values], list(self.values)


def _name(given: Source) -> str:
    """Return what the series of a file are called together: its name without its endings."""
    return "stdin" if given.shown != str(given.file) else given.file.name.partition(".")[0]


def _called(series: Sequence[Series], called: Sequence[str]) -> list[str]:
    """Return the labels that are not in the names: those that all share, and those of each."""
    shared = {
        name: value
        for name, value in series[0].labels.items()
        if all(one.labels.get(name) == value for one in series)
    }
    told = []
    for name, one in zip(called, series, strict=True):
        own = {label: value for label, value in one.labels.items() if label not in shared}
        if any(value not in name for value in own.values()):
            told.append(f"{name} = {full(replace(one, labels=own))}")
    notes = [f"labels of all: {_some([f'{name}={value}' for name, value in sorted(shared.items())])}"]
    return [*(notes if shared else []), *([f"called: {_some(told)}"] if told else [])]


def _some(words: Sequence[str]) -> str:
    return f"{', '.join(words[:MOST_TOLD])}{', ...' if len(words) > MOST_TOLD else ''}"
