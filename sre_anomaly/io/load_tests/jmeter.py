"""Results of JMeter (JTL as CSV): a line for each request."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from sre_anomaly.io.counts.requests import Requests
from sre_anomaly.io.load_tests.columns import batches, codes_of, finite
from sre_anomaly.io.load_tests.summarised import export_of
from sre_anomaly.io.samples.series import LATEST, Export, Format, from_iso
from sre_anomaly.io.samples.source import Source

MS = 1_000_000
YES = ("true", "1", "TRUE", "True")


def claims(head: str) -> bool:
    """Return whether a text begins with JMeter's header."""
    names = _header(head)
    return "timeStamp" in names and "elapsed" in names


def _header(head: str) -> list[str]:
    first = head.split("\n", 1)[0].strip()
    return [name.strip().strip('"') for name in first.split(_separator(first))]


def _separator(first: str) -> str:
    return max(",;\t", key=first.count)


def read(source: Source, _documents: Any) -> Export:
    """Return counts, errors, durations and bytes for each step and label."""
    names = _header(source.head)
    requests = Requests(source.step)
    wanted = {
        "timeStamp": pa.string(),
        "elapsed": pa.float64(),
        "label": pa.string(),
        "success": pa.string(),
        "bytes": pa.float64(),
    }
    for batch in batches(
        source,
        {name: kind for name, kind in wanted.items() if name in names},
        _separator(source.head.split("\n", 1)[0]),
    ):
        labels = (
            codes_of(batch["label"], requests)
            if "label" in names
            else np.full(len(batch), requests.number_of("requests"))
        )
        failed = (
            ~np.isin(batch["success"].to_numpy(zero_copy_only=False).astype(str), YES)
            if "success" in names
            else np.zeros(len(batch), dtype=bool)
        )
        size = finite(batch["bytes"], "bytes") if "bytes" in names else None
        requests.add(
            _times(batch["timeStamp"], source), finite(batch["elapsed"], "elapsed"), labels, failed, size
        )
    export = export_of(requests, "label")
    left = [name for name in names if name not in wanted]
    return replace(export, notes=[*export.notes, *([f"columns left out: {', '.join(left)}"] if left else [])])


def _times(column: Any, source: Source) -> Any:
    """Return times, ms since 1970 or as jmeter.properties has them written, as ns."""
    try:
        ms = np.asarray(column.cast(pa.int64()))
    except pa.ArrowInvalid:
        return _written(column, source)
    if not ((ms > 0) & (ms < LATEST // MS)).all():
        raise ValueError(
            f"column 'timeStamp': {ms[(ms <= 0) | (ms >= LATEST // MS)][0]} is not a time in ms since 1970"
        )
    return ms * MS


def _written(column: Any, source: Source) -> Any:
    texts = [str(text).replace("/", "-") for text in column.to_pylist()]
    local = np.asarray(from_iso(texts))
    zoned = pd.DatetimeIndex(local).tz_localize(source.timezone, ambiguous=False, nonexistent="shift_forward")
    return np.asarray(zoned.asi8)


FORMAT = Format("JMeter JTL", "jmeter -n -t plan.jmx -l results.jtl", claims, read, json=False)
