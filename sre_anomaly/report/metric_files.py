"""What ``sre-anomaly check`` says of a file of metrics: what it was taken for, and what was left out."""

from collections.abc import Iterator
from itertools import islice

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sre_anomaly.clock import in_words
from sre_anomaly.frame import MetricFrame
from sre_anomaly.sources import Corpus, DataSource

MOST_ENTITIES = 3
"""So many entities are looked at."""
MOST_METRICS = 20


def look_at_files(source: DataSource, console: Console) -> None:
    """Print a table of what the first entities of a source hold.

    Raises
    ------
    DataError
        If one of them cannot be read.
    """
    names = source.names() if isinstance(source, Corpus) else []
    frames: Iterator[MetricFrame] = source.frames()
    if names:
        more = ", ..." if len(names) > MOST_ENTITIES else ""
        console.print(
            f"{len(names)} entities: {escape(', '.join(name.rpartition('/')[2] for name in names[:MOST_ENTITIES]))}{more}"
        )
    for frame in islice(frames, MOST_ENTITIES):
        console.print(
            f"{escape(frame.name)}: {len(frame):,} data points every {in_words(frame.step)}, "
            f"{frame.time[0].tz_convert(frame.timezone):%Y-%m-%d %H:%M:%S} to "
            f"{frame.time[-1].tz_convert(frame.timezone):%Y-%m-%d %H:%M:%S} ({frame.timezone})"
        )
        console.print(_metrics(frame))
        for note in frame.notes:
            console.print(f"  {escape(note)}")


def _metrics(frame: MetricFrame) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("metric", "kind", "unit", "lowest", "median", "highest", "missing"):
        table.add_column(
            heading, justify="left" if heading in ("metric", "kind", "unit") else "right", overflow="fold"
        )
    for name, values in islice(zip(frame.metrics, frame.values.T, strict=True), MOST_METRICS):
        there = values[np.isfinite(values)]
        found = (
            [f"{one:.6g}" for one in (there.min(), np.median(there), there.max())]
            if len(there)
            else ["-"] * 3
        )
        kind = "counter, as its rate" if name in frame.counters else "gauge"
        table.add_row(escape(name), kind, frame.units.get(name, "-"), *found, str(len(values) - len(there)))
    if len(frame.metrics) > MOST_METRICS:
        table.add_row(f"and {len(frame.metrics) - MOST_METRICS} more", *[""] * 6)
    return table
