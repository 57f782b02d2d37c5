"""InfluxDB's line protocol: measurement, tags, fields and a time in each line."""

import re
from typing import Any

from sre_anomaly.io.samples.series import Export, Format, Gathered, from_epoch, number
from sre_anomaly.io.samples.source import Source

LINE = re.compile(
    r"^(?P<head>(?:\\.|[^\s,\\])+(?:,(?:\\.|[^\\\s=,])+=(?:\\.|[^\\\s,])+)*)"
    r" (?P<fields>(?:\\.|[^\\\s=,])+=(?:\"(?:\\.|[^\"\\])*\"|[^\s,\"]+)(?:,(?:\\.|[^\\\s=,])+=(?:\"(?:\\.|[^\"\\])*\"|[^\s,\"]+))*)"
    r"(?: (?P<time>-?\d+))?\s*$"
)
FIELD = re.compile(r"((?:\\.|[^\\\s=,])+)=(\"(?:\\.|[^\"\\])*\"|[^\s,\"]+)")
TAG = re.compile(r",((?:\\.|[^\\\s=,])+)=((?:\\.|[^\\\s,])+)")
YES_NO = {"t": 1, "true": 1, "f": 0, "false": 0}
UNITS = ((10**17, 1), (10**14, 10**3), (10**11, 10**6), (0, 10**9))
"""Of times since 1970: from which size on, and how many ns they count."""


def claims(head: str) -> bool:
    """Return whether the first line that says something is one of the protocol, with a time."""
    first = next((line for line in head.splitlines() if line.strip() and line[0] != "#"), "")
    found = LINE.match(first)
    return found is not None and found["time"] is not None


def read(source: Source, _documents: Any) -> Export:
    """Return a series for each field, measurement and tags."""
    gathered = Gathered()
    texts: set[str] = set()
    for place, line in source.lines():
        if not line.strip() or line[0] == "#":
            continue
        found = LINE.match(line)
        if found is None or found["time"] is None:
            what = (
                "is no line such as cpu,host=a usage=40.5 1700000000000000000"
                if found is None
                else "has no time"
            )
            raise ValueError(f"line {place}: {what}")
        labels = {_plain(name): _plain(value) for name, value in TAG.findall(found["head"])}
        labels["_measurement"] = _plain(re.split(r"(?<!\\),", found["head"], maxsplit=1)[0])
        try:
            given = int(found["time"])
            time = from_epoch(given, next(unit for least, unit in UNITS if abs(given) >= least))
            for name, value in FIELD.findall(found["fields"]):
                if value[0] == '"':
                    texts.add(_plain(name))
                else:
                    told = value.lower()
                    gathered.add(
                        _plain(name),
                        labels,
                        time,
                        YES_NO[told] if told in YES_NO else number(told.rstrip("iu")),
                    )
        except ValueError as error:
            raise ValueError(f"line {place}: {error}") from None
    return Export(
        gathered.series(), [f"fields of text were left out: {', '.join(sorted(texts))}"] if texts else []
    )


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


FORMAT = Format("InfluxDB line protocol", "influx export, telegraf's output file", claims, read, json=False)
