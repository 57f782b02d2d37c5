"""Locust's history of statistics (``--csv``): every second a line for each kind of request."""

from typing import Any

from sre_anomaly.io.samples.series import SECOND, Export, Format, Gathered, from_epoch, number
from sre_anomaly.io.samples.source import Source

WORDS = ("Timestamp", "Type", "Name")
NOTHING = ("N/A", "")
ALL = "Aggregated"


def claims(head: str) -> bool:
    """Return whether a text begins with Locust's header."""
    first = head.split("\n", 1)[0].replace('"', "")
    return first.startswith("Timestamp,User Count,Type,Name,")


def read(source: Source, _documents: Any) -> Export:
    """Return a series for each column and kind of request; what was counted since the start is a counter."""
    gathered = Gathered()
    gathered.counters = {"Total Request Count", "Total Failure Count"}
    for line, cells in source.rows():
        name = " ".join(word for word in (cells["Type"], cells["Name"]) if word)
        try:
            time = from_epoch(cells["Timestamp"], SECOND)
            for column, cell in cells.items():
                if column not in WORDS and cell not in NOTHING and (column != "User Count" or name == ALL):
                    gathered.add(column, {} if column == "User Count" else {"name": name}, time, number(cell))
        except ValueError as error:
            raise ValueError(f"line {line}: {error}") from None
    return Export(gathered.series())


FORMAT = Format("Locust", "locust --csv=NAME: NAME_stats_history.csv", claims, read, json=False)
