"""Which format a file has, found by its content alone, and what it holds."""

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from sre_anomaly.errors import DataError
from sre_anomaly.io.exports import (
    azure,
    cloudwatch,
    collectd,
    datadog,
    influx,
    iostat,
    otlp,
    prometheus_json,
    prometheus_text,
    sysstat,
    vmstat,
    zabbix,
)
from sre_anomaly.io.files.derived import watched
from sre_anomaly.io.lines import line_protocol, records
from sre_anomaly.io.load_tests import jmeter, jmeter_xml, k6, locust
from sre_anomaly.io.samples.series import Export, Format
from sre_anomaly.io.samples.source import Source
from sre_anomaly.io.samples.source import source as opened

FORMATS: tuple[Format, ...] = tuple(
    module.FORMAT
    for module in (
        *(prometheus_json, prometheus_text, otlp, influx, line_protocol, cloudwatch, azure, datadog, zabbix),
        *(sysstat, vmstat, iostat, collectd, jmeter, jmeter_xml, k6, locust),
    )
)
FORMATS += (azure.TABLE, zabbix.TABLE)
MOST_JSON = 2 << 30
"""A larger document is not looked at as a whole to find out what it is."""


def format_of(source: Source) -> Format | None:
    """Return the format of a file; None if it is a table or anything else.

    Raises
    ------
    DataError
        If it cannot be unpacked.
    """
    try:
        head = source.head
        for one in FORMATS:
            if not one.json and head and one.claims(head):
                return one
        if head[:1] not in ("{", "["):
            return None
        first = _first(source)
    except (OSError, EOFError) as error:
        raise DataError(f"{source.shown}: cannot be unpacked: {error}") from None
    except (ValueError, RecursionError):
        return _by_words(source)
    return next((one for one in FORMATS if one.json and _claims(one, first)), None)


def _first(source: Source) -> Any:
    """Return the first document of a file, of which no more is read than must be."""
    try:
        return json.JSONDecoder().raw_decode(source.head)[0]
    except ValueError:
        if source.file.stat().st_size > MOST_JSON:
            raise
        return next(_documents(source), None)


def _claims(one: Format, document: Any) -> bool:
    try:
        return bool(one.claims(document))
    except (AttributeError, KeyError, TypeError, IndexError):
        return False


WORDS = {
    "MetricDataResults": cloudwatch.FORMAT,
    "Datapoints": cloudwatch.FORMAT,
    "resultType": prometheus_json.FORMAT,
    "resourceMetrics": otlp.FORMAT,
    "sysstat": sysstat.FORMAT,
    "pointlist": datadog.FORMAT,
    "timeseries": azure.FORMAT,
    "itemid": zabbix.FORMAT,
}
"""What shows in a document that is broken, or cut short, what it was."""


def _by_words(source: Source) -> Format | None:
    return next((one for word, one in WORDS.items() if f'"{word}"' in source.head), None)


@lru_cache(maxsize=1)
def _read(source: Source, found: Format, _changed: int) -> Export:
    try:
        documents = _documents(source) if found.json else None
        export = found.read(source, documents)
        export = watched(export)
    except UnicodeDecodeError:
        raise DataError(
            f"{source.shown}: is not UTF-8; write iconv -f WINDOWS-1252 -t UTF-8 {source.shown} > utf8"
        ) from None
    except RecursionError:
        raise DataError(f"{source.shown}: is nested too deep for {found.name}") from None
    except DataError as error:
        raise DataError(str(error)) from None
    except (OSError, EOFError) as error:
        raise DataError(f"{source.shown}: cannot be unpacked: {error}") from None
    except json.JSONDecodeError as error:
        raise DataError(
            f"{source.shown}: is broken or cut short as JSON ({found.name}): line {error.lineno}, column {error.colno}: {error.msg}"
        ) from None
    except (ValueError, OverflowError) as error:
        raise DataError(f"{source.shown}: ({found.name}) {' '.join(str(error).split())}") from None
    except (KeyError, TypeError, AttributeError, IndexError, StopIteration) as error:
        what = (
            f"{error} is missing"
            if isinstance(error, KeyError)
            else "something in it is of another kind than it should be"
        )
        raise DataError(f"{source.shown}: is not whole as {found.name}: {what}") from None
    if not export.series:
        left = f" ({'; '.join(export.notes)})" if export.notes else ""
        raise DataError(f"{source.shown}: ({found.name}) holds no data point{left}")
    return export


def holds_measurements(path: Path) -> bool:
    """Return whether a file is an export or holds records of JSON that are no log, whatever it is called.

    Raises
    ------
    DataError
        If it is not there, or cannot be unpacked.
    """
    given = opened(path)
    return format_of(given) is not None or records.claims(given.head)


def read(source: Source, found: Format) -> Export:
    """Return what a file holds, counters as rates.

    Raises
    ------
    DataError
        If it is broken: says where.
    """
    return _read(source, found, source.file.stat().st_mtime_ns)


def _documents(source: Source) -> Iterator[Any]:
    """Yield the documents of a file, one in each line or one after the other; of lines no more than one is held.

    Raises
    ------
    ValueError
        If it is not JSON.
    """
    lines = ((place, line) for place, line in source.lines() if line.strip())
    place, line = next(lines, (0, ""))
    try:
        yield json.loads(line)
    except json.JSONDecodeError:
        yield from _one_after_the_other(source.text())
        return
    for place, line in lines:
        try:
            yield json.loads(line)
        except json.JSONDecodeError as error:
            raise ValueError(f"line {place}: is broken or cut short as JSON: {error.msg}") from None


def _one_after_the_other(text: str) -> Iterator[Any]:
    decoder, place = json.JSONDecoder(), 0
    while True:
        while place < len(text) and text[place].isspace():
            place += 1
        if place >= len(text):
            return
        document, place = decoder.raw_decode(text, place)
        yield document
