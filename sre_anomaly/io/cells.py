"""Cells of a metric as tools write them: with a unit, with commas between thousands, with a word for nothing."""

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sre_anomaly.errors import DataError
from sre_anomaly.frame import Array
from sre_anomaly.io.tables import numbers, row_of

NOTHING = {"", "-", "--", "n/a", "na", "nan", "null", "none", "undefined", "[n/a]"}
"""Words for no value."""
WITH_UNIT = r"^([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*([^\d\s]*)$"
THOUSANDS = r"^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?$"
BYTES = {"B": 1.0, "bytes": 1.0} | {
    f"{size}{ending}": base**power
    for power, size in enumerate(("k", "M", "G", "T", "P"), start=1)
    for ending, base in (("B", 1000.0), ("iB", 1024.0))
}
BYTES |= {"KB": BYTES["kB"], "KiB": BYTES["kiB"]}
FAMILIES: tuple[dict[str, float], ...] = (
    BYTES,
    {f"{unit}/s": factor for unit, factor in BYTES.items()},
    {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "sec": 1.0, "min": 60.0, "h": 3600.0},
    {"bps": 1.0, "kbps": 1e3, "Kbps": 1e3, "Mbps": 1e6, "Gbps": 1e9},
    {"mW": 1e-3, "W": 1.0, "kW": 1e3},
    {"Hz": 1.0, "kHz": 1e3, "MHz": 1e6, "GHz": 1e9},
    *({alone: 1.0} for alone in ("%", "V", "A", "mA", "C", "°C", "F", "°F", "rpm", "/s", "req/s", "ops/s", "iops")),
)  # fmt: skip
"""Units of one kind, and how much each of them is."""


def holds_numbers(series: Any) -> bool:
    """Return whether any cell of a column is a number, with a unit or without."""
    return bool(pd.to_numeric(_plain(series)[0], errors="coerce").notna().any())


def measured(path: Path, series: Any) -> tuple[Array, str]:
    """Return a column as float64, (n,), NaN where there is nothing, and the unit that was written in its cells.

    Raises
    ------
    DataError
        If a cell is not a number, or its unit is of another kind than those before, with its row.

    Examples
    --------
    >>> measured(Path("x.csv"), pd.Series(["512 MiB", "1.5 GiB", "n/a"], name="memory"))
    (array([ 512., 1536.,   nan]), 'MiB')
    """
    plain, units = _plain(series)
    values = numbers(path, plain.rename(series.name))
    if units is None or not (written := units[units != ""]).size:
        return values, ""
    first = str(written.iloc[0])
    family = next(family for family in FAMILIES if first in family)
    kind = units.map({"": 1.0} | {unit: factor / family[first] for unit, factor in family.items()})
    if kind.isna().any():
        other = series[kind.isna()].iloc[0]
        raise DataError(
            f"{path}, column {series.name!r}: row {row_of(kind.isna())}: {other!r} has no unit like {first}, as cells before have"
        )
    return values * kind.to_numpy(dtype=np.float64), first


def one_cell(text: str, unit: str = "", *, decimal_comma: bool = False) -> tuple[float, str]:
    """Return the number in a cell, NaN where there is nothing, in the unit of the cells before it; and that unit.

    Raises
    ------
    ValueError
        If it is no finite number, or its unit is of another kind than those before.

    Examples
    --------
    >>> one_cell("87.5%"), one_cell("1.5 GiB", "MiB"), one_cell("1,234"), one_cell("n/a", "%")
    ((87.5, '%'), (1536.0, 'MiB'), (1234.0, ''), (nan, '%'))
    """
    plain = text.strip().removeprefix("'")
    if plain.lower() in NOTHING | {"<na>"}:
        return math.nan, unit
    if re.match(THOUSANDS, plain) and not (decimal_comma and plain.count(",") == 1):
        plain = plain.replace(",", "")
    elif decimal_comma:
        plain = plain.replace(",", ".")
    parts = re.match(WITH_UNIT, plain)
    value = float(parts[1]) if parts else math.inf
    family = next((one for one in FAMILIES if parts and parts[2] in one), {})
    if not math.isfinite(value) or (parts and parts[2] and not family):
        raise ValueError("is not a finite number")
    written = parts[2] if parts else ""
    if not written:
        return value, unit
    if unit and unit not in family:
        raise ValueError(f"has no unit like {unit}, as cells before have")
    return value * family[written] / family[unit or written], unit or written


def _plain(series: Any) -> tuple[Any, Any]:
    """Return a column of which what can be a number is written as one, and its units, None where it has only numbers."""
    if pd.api.types.is_numeric_dtype(series) or pd.api.types.is_bool_dtype(series):
        return series, None
    # Guards against formulas write an apostrophe before a minus.
    text = series.astype("string").str.strip().str.removeprefix("'")
    text = text.mask(text.str.lower().isin(NOTHING))
    text = text.mask(text.str.match(THOUSANDS).fillna(False), text.str.replace(",", ""))
    parts = text.str.extract(WITH_UNIT)
    known = parts[1].isin({unit for family in FAMILIES for unit in family})
    return text.mask(known, parts[0]), parts[1].where(known, "")
