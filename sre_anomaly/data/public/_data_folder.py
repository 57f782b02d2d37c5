"""Where data sets on this machine are: the folder that SRE_ANOMALY_DATA names, or a cache."""

import os
from pathlib import Path

VARIABLE = "SRE_ANOMALY_DATA"


def local_folder(name: str) -> Path | None:
    """Return the folder of a data set under SRE_ANOMALY_DATA, or None where there is none."""
    root = os.environ.get(VARIABLE)
    folder = Path(root) / name if root else None
    return folder if folder is not None and folder.is_dir() else None
