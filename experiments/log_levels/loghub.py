"""Loghub's systems with levels, as one table: message, level, and template or system as the group."""

import csv
import os
from pathlib import Path

import numpy as np

from sre_anomaly.dataset import Table
from sre_anomaly.errors import DataError
from sre_anomaly.logs.levels import standard_level

SYSTEMS = ("Android", "Apache", "BGL", "HDFS", "Hadoop", "OpenStack", "Spark", "Windows", "Zookeeper")


def folder() -> Path:
    """Return where the data set is.

    Raises
    ------
    DataError
        If SRE_ANOMALY_DATA does not say.
    """
    root = Path(os.environ.get("SRE_ANOMALY_DATA", "/nowhere")) / "loghub"
    if not root.is_dir():
        raise DataError(f"{root}: is not there; set SRE_ANOMALY_DATA to the folder that holds loghub")
    return root


def lines_of(system: str) -> list[dict[str, str]]:
    """Return the 2,000 lines of a system by the names of their fields."""
    path = folder() / system / f"{system}_2k.log_structured.csv"
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        return list(csv.DictReader(file))


def levels_table(group: str) -> Table:
    """Return 18,000 lines of nine systems; ``group`` is "template" or "system"."""
    rows = [(system, line) for system in SYSTEMS for line in lines_of(system)]
    return Table(
        "loghub",
        texts={"message": np.array([line["Content"] for _, line in rows], dtype=object)},
        target=np.array([standard_level(line["Level"].encode()) for _, line in rows], dtype=object),
        target_name="Level",
        group=np.array(
            [system if group == "system" else f"{system} {line['EventId']}" for system, line in rows],
            dtype=object,
        ),
    )
