"""The groups of a table, or one clear line where it has none."""

import numpy as np
import numpy.typing as npt

from sre_anomaly.dataset import Table
from sre_anomaly.errors import ConfigError, DataError


def numbered_groups(table: Table, rule: str, least: int) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Return the group names, sorted, and which of them each row is in, (n,).

    Raises
    ------
    UserError
        If the table has no groups or fewer than ``least``.
    """
    if table.group is None:
        raise ConfigError(
            f"folds={rule}: {table.name} has no groups; name their column with table.group=..., or use folds=time"
        )
    names, number = np.unique(table.group.astype(str), return_inverse=True)
    if len(names) < least:
        other = "folds=time" + ("" if table.time is not None else " and name the column with table.time=...")
        if len(names) > 1:
            other += f", or folds.parts={len(names)}"
        raise DataError(
            f"folds={rule}: {table.name} has {len(names)} group(s), and {least} are needed; use {other}"
        )
    return [str(name) for name in names], number
