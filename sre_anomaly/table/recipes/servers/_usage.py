"""How much of each volume is used, day by day, from a file of metrics."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from sre_anomaly.errors import ConfigError, DataError, naming_keys_of_table
from sre_anomaly.frame import NANOSECONDS, Array
from sre_anomaly.io.tables import column, numbers, read_table
from sre_anomaly.io.timestamps import times

HARDLY_USED = 0.01
"""If no volume is fuller than that, shares have been taken for percent."""


@dataclass
class UsageSeries:
    """One volume: the share of it that is used at the end of each day, (d,), gaps filled from before."""

    name: str
    first: int
    """The first day, nanoseconds since 1970."""
    used: Array


@naming_keys_of_table()
def usage_series(
    path: Path, time: str, used: str, volume: str | None, full: float,
    *, timezone: str = "UTC", day_first: bool | None = None,
) -> list[UsageSeries]:  # fmt: skip
    """Read a file of metrics: a row a moment, or a row a moment and volume.

    Raises
    ------
    DataError
        If it cannot be read, or the numbers do not fit ``full``.
    """
    content = read_table(path)
    names = column(path, content, volume, "table.volume").astype(str) if volume else None
    values = numbers(path, column(path, content, used, "table.used"))
    if np.isnan(values).all():
        raise DataError(f"{path}, column {used!r}: has no value at all")
    share = values / full
    stamps = times(path, column(path, content, time, "table.time"), timezone, day_first=day_first)
    if np.nanmin(values) >= 0 and 0 < np.nanmax(values) <= 1 and np.nanmax(share) <= HARDLY_USED:
        raise ConfigError(
            f"table.full={full:g}: {path} has {used} between 0 and 1, which would be hardly anything: set table.full=1"
        )
    if np.nanmin(share) < 0 or np.nanmax(share) > 1.5:
        raise ConfigError(
            f"table.full={full:g}: {path} has {used} from {np.nanmin(share) * full:g} to {np.nanmax(share) * full:g}; "
            "write the number that means full, such as 100 for percent"
        )
    series = pd.Series(share, index=stamps.as_unit(NANOSECONDS))
    kept = (
        [(str(name), some) for name, some in series.groupby(names.to_numpy())]
        if names is not None
        else [(path.stem, series)]
    )
    found = []
    for name, some in kept:
        days = some.sort_index().resample("1D").last().ffill().dropna()
        if len(days):
            found.append(UsageSeries(name, int(days.index[0].value), np.asarray(days, dtype=np.float64)))
    return found
