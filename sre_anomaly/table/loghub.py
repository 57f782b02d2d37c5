"""Loghub's systems with levels, as one table: message, level, and template or system as the group.

Reference: J. Zhu et al. (2023), Loghub: a large collection of system log datasets for AI-driven log analytics.
"""

import csv
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from sre_anomaly.dataset import Table
from sre_anomaly.errors import DataError
from sre_anomaly.logs.levels import standard_level
from sre_anomaly.registry import register
from sre_anomaly.table_contracts import TableSource

SYSTEMS = ("Android", "Apache", "BGL", "HDFS", "Hadoop", "OpenStack", "Spark", "Windows", "Zookeeper")
FIELDS = {"Content", "Level", "EventId"}


@register("table", "loghub")
@dataclass
class Loghub(TableSource):
    """18,000 lines of nine systems."""

    folder: str | None = None
    group: Literal["template", "system"] = "template"

    def table(self) -> Table:
        """Read the nine files.

        Raises
        ------
        DataError
            If the data set is not there, or a file of it is another one.
        """
        root = self._root()
        rows = [(system, line) for system in SYSTEMS for line in _lines_of(root, system)]
        levels = [standard_level(line["Level"].encode()) for _, line in rows]
        without = levels.count(None)
        kept = [row for row, level in zip(rows, levels, strict=True) if level is not None]
        groups = [
            system if self.group == "system" else f"{system} {line['EventId']}" for system, line in kept
        ]
        return Table(
            "loghub",
            texts={"message": np.array([line["Content"] for _, line in kept], dtype=object)},
            target=np.array([level for level in levels if level is not None], dtype=object),
            target_name="level",
            group=np.array(groups, dtype=object),
            notes=(f"{without} lines without a known level were left out",) if without else (),
        )

    def _root(self) -> Path:
        root = (
            Path(self.folder).expanduser()
            if self.folder
            else Path(os.environ.get("SRE_ANOMALY_DATA", "")) / "loghub"
        )
        if not root.is_dir():
            raise DataError(
                f"table.folder: {root} is not there; get the data from github.com/logpai/loghub and name its folder, or set "
                "SRE_ANOMALY_DATA to the folder that loghub is in; without the data set: table=seven_lines"
            )
        return root


def _lines_of(root: Path, system: str) -> list[dict[str, str]]:
    path = root / system / f"{system}_2k.log_structured.csv"
    try:
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            lines = list(csv.DictReader(file))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    if not lines or not set(lines[0]) >= FIELDS:
        raise DataError(
            f"{path}: is not a structured log of loghub: columns {', '.join(sorted(FIELDS))} are needed"
        )
    return lines
