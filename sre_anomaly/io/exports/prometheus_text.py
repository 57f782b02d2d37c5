"""OpenMetrics and Prometheus' text with times: what promtool dumps, and scrapes that were kept with theirs."""

import re
from collections.abc import Iterator
from typing import Any

from sre_anomaly.errors import ConfigError
from sre_anomaly.io.samples.series import Export, Format, Gathered, from_epoch
from sre_anomaly.io.samples.source import Source

TYPE = re.compile(r"#\s+(TYPE|HELP|UNIT)\s+\S+")
LABELS = r'\{(?:[^"}]|"(?:\\.|[^"\\])*")*\}'
SAMPLE = re.compile(
    rf"(?:[A-Za-z_:][\w:]*)?{LABELS}\s+\S+(?:\s+\S+)?\s*$|"
    r"[A-Za-z_:][\w:]*\s+[+-]?(?:[\d.]+(?:e[+-]?\d+)?|Inf|NaN)(?:\s+\d[\d.]*)?\s*$",
    re.IGNORECASE,
)
NAMELESS = re.compile(r'^\{(?P<before>.*?)\b__name__="(?P<name>[^"]*)"\s*,?\s*(?P<after>.*)$')
EXEMPLAR = re.compile(r"\s#\s\{.*$")
UNIT = re.compile(r"#\s+UNIT\s+(\S+)\s+(\S+)")
OF_TYPE = re.compile(r"#\s+TYPE\s+(\S+)\s+(\S+)")
ENDINGS = ("", "_total", "_bucket", "_count", "_sum")
MILLISECONDS = 10**11
"""Times since 1970 from here on are in milliseconds, as Prometheus' text has them; OpenMetrics has seconds."""
KEPT = ("counter", "histogram", "gaugehistogram", "summary")


def claims(head: str) -> bool:
    """Return whether a text begins with a type and a sample, or with samples that have labels."""
    lines = [line for line in head.splitlines()[:50] if line.strip()]
    typed = any(TYPE.match(line) for line in lines)
    samples = [line for line in lines if not line.startswith("#")]
    first = samples[0] if samples else ""
    return bool(typed and SAMPLE.match(EXEMPLAR.sub("", first))) or bool(
        "{" in first and "=" in first and SAMPLE.match(EXEMPLAR.sub("", first))
    )


def read(source: Source, _documents: Any) -> Export:
    """Return a series for each metric and labels.

    Raises
    ------
    ConfigError
        If the parser is not installed.
    """
    try:
        from prometheus_client.parser import text_fd_to_metric_families
    except ImportError:
        raise ConfigError(
            "data.path: OpenMetrics is read by prometheus-client: pip install 'sre-anomaly[openmetrics]'"
        ) from None
    gathered, place = Gathered(), [0]
    types: dict[str, str] = {}
    try:
        families: Any = text_fd_to_metric_families(_told(source, gathered, types, place))  # type: ignore[arg-type]
        for family in families:
            for sample in family.samples:
                _add(
                    gathered, next((types[one] for one in _families(sample.name) if one in types), ""), sample
                )
    except (IndexError, KeyError, AttributeError, TypeError) as error:
        raise ValueError(f'line {place[0]}: is no sample such as cpu{{host="a"}} 0.5 1700000000') from error
    except ValueError as error:
        raise ValueError(f"line {place[0]}: {error}") from None
    gathered.count_by_name()
    return Export(gathered.series())


def _add(gathered: Gathered, kind: str, sample: Any) -> None:
    if sample.timestamp is None:
        raise ValueError(
            f"{sample.name} has no time; keep scrapes with their times, or use promtool tsdb dump-openmetrics"
        )
    if sample.name.endswith("_created"):
        return
    if kind in KEPT and not _level(kind, sample):
        gathered.counters.add(sample.name)
    # The parser takes every time for ms and gives s.
    stamp = float(sample.timestamp) * 1000
    ms = round(stamp if stamp >= MILLISECONDS else stamp * 1000)
    gathered.add(sample.name, sample.labels, from_epoch(ms, 10**6), float(sample.value))


def _families(name: str) -> list[str]:
    """Return the names of families that a sample may be of."""
    return [name.removesuffix(ending) for ending in ENDINGS if name.endswith(ending)]


def _level(kind: str, sample: Any) -> bool:
    """Return whether a sample of a family that counts does not count itself: a quantile, or a histogram of gauges."""
    return kind == "gaugehistogram" or (kind == "summary" and "quantile" in sample.labels)


def _told(source: Source, gathered: Gathered, types: dict[str, str], place: list[int]) -> Iterator[str]:
    """Yield lines as the parser takes them, and keep types, units and the number of the line."""
    for number, line in source.lines():
        place[0] = number
        if unit := UNIT.match(line):
            gathered.units[unit[1]] = unit[2]
        if typed := OF_TYPE.match(line):
            types[typed[1]] = typed[2]
        # Types are kept here: the parser would give a counter another name, and forgets a type when lines of a family stand apart.
        if line and line[0] != "#":
            yield _as_parsed(EXEMPLAR.sub("", line))


def _as_parsed(line: str) -> str:
    """Return a sample with its name before its labels."""
    named = NAMELESS.match(line)
    return f"{named['name']}{{{named['before']}{named['after']}" if named else line


FORMAT = Format(
    "OpenMetrics", "promtool tsdb dump or dump-openmetrics, scrapes kept with times", claims, read, json=False
)
