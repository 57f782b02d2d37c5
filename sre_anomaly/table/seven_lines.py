"""Seven log lines: enough to see how it works, far too few to see how well."""

from dataclasses import dataclass

import numpy as np

from sre_anomaly.dataset import Table
from sre_anomaly.registry import register
from sre_anomaly.table_contracts import TableSource

LINES = (
    ("Disk quota exceeded on node 7", "ERROR"),
    ("Connection refused by 10.0.0.3", "ERROR"),
    ("Service started in 35 ms", "INFO"),
    ("User 81 logged in", "INFO"),
    ("Response took 2100 ms, slow query", "WARN"),
    ("Memory usage high: 91 percent", "WARN"),
    ("Health check passed", "INFO"),
)
NOTE = (
    "Seven lines show how it works and nothing else, however many of them are evaluated: of three, which a random split "
    "leaves, 0, a third, two thirds or all can be predicted right, and the draw decides which"
)


@register("table", "seven_lines")
@dataclass
class SevenLines(TableSource):
    """One row a line; each message is a group of its own."""

    def table(self) -> Table:
        """Return the seven lines."""
        messages = np.array([message for message, _ in LINES], dtype=object)
        return Table(
            "seven lines",
            texts={"message": messages},
            target=np.array([level for _, level in LINES], dtype=object),
            target_name="level",
            group=messages,
            notes=(NOTE,),
        )
