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
GROUPED = "[\u0020\u00a0\u2009\u202f'\u2019]"
"""Signs between thousands that are no decimal signs anywhere."""
EUROPEAN = r"^[+-]?\d{1,3}(?:\.\d{3})+,\d+(?!\d)|^[+-]?\d+,(?:\d{1,2}|\d{4,})(?![\d,.])"
"""A comma that can only be a decimal one."""
POINT = r"\d\.\d+(?![\d,.])"
INDIAN = r"^[+-]?\d{1,2}(?:,\d{2})+,\d{3}(?![\d,])"
COMPOUND = r"^(?:(\d+)d)?\s*(?:(\d+)h)?\s*(?:(\d+)m(?:in)?)?\s*(?:(\d+(?:\.\d+)?)s)?$"
"""A duration such as 1h5m or 2m 30s."""
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
    {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "sec": 1.0, "min": 60.0, "mins": 60.0, "h": 3600.0}
    | {"hour": 3600.0, "hours": 3600.0, "day": 86400.0, "days": 86400.0, "week": 604800.0, "weeks": 604800.0},
    {"bps": 1.0, "kbps": 1e3, "Kbps": 1e3, "Mbps": 1e6, "Gbps": 1e9, "b/s": 1.0, "kb/s": 1e3, "Mb/s": 1e6, "Gb/s": 1e9},
    {"": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "Mil": 1e6, "Bil": 1e9, "Tri": 1e12},
    {"mW": 1e-3, "W": 1.0, "kW": 1e3},
    {"Hz": 1.0, "kHz": 1e3, "MHz": 1e6, "GHz": 1e9},
    *({alone: 1.0} for alone in ("%", "V", "A", "mA", "C", "°C", "F", "°F", "rpm", "/s", "req/s", "rps", "c/s", "Wh", "bar", "dBm", "ops/s", "iops")),
)  # fmt: skip
"""Units of one kind, and how much each of them is."""


def holds_numbers(series: Any) -> bool:
    """Return whether any cell of a column is a number, with a unit or without."""
    return bool(pd.to_numeric(_plain(series)[0], errors="coerce").notna().any())


def measured(path: Path, series: Any) -> tuple[Array, str]:
    """Return a column as float64, (n,), NaN where there is nothing, and their unit: the base unit of what was written in its cells.

    Raises
    ------
    DataError
        If a cell is not a number, or its unit is of another kind than those before, with its row.

    Examples
    --------
    >>> measured(Path("x.csv"), pd.Series(["512 MiB", "1.5 GiB", "n/a"], name="memory"))
    (array([5.36870912e+08, 1.61061274e+09,            nan]), 'B')
    """
    plain, units = _plain(series)
    values = numbers(path, plain.rename(series.name), infinite=True)
    if units is None or not (written := units[units != ""]).size:
        return values, ""
    first = str(written.iloc[0])
    family = next(family for family in FAMILIES if first in family)
    kind = units.map({"": 1.0} | family)
    if kind.isna().any():
        other = series[kind.isna()].iloc[0]
        raise DataError(
            f"{path}, column {series.name!r}: row {row_of(kind.isna())}: {other!r} has no unit like {first}, as cells before have"
        )
    bare = (units == "") & (plain.notna()) & (values != 0)
    if "" not in family and family[first] != 1 and bare.any():
        raise DataError(
            f"{path}, column {series.name!r}: row {row_of(bare)}: {series[bare].iloc[0]!r} has no unit, where other cells have {first}"
        )
    return values * kind.to_numpy(dtype=np.float64), base_of(family)


def base_of(family: dict[str, float]) -> str:
    """Return the unit in which values of a kind are kept: bytes, seconds, bits a second, watts.

    Examples
    --------
    >>> [base_of(family) for family in FAMILIES[:3]]
    ['B', 'B/s', 's']
    """
    return next(unit for unit, factor in family.items() if factor == 1)


def without_unit(name: str, unit: str) -> str:
    """Return a name without a unit in brackets behind it, of which the cells were turned to their base unit.

    Examples
    --------
    >>> without_unit("memory.used [MiB]", "B"), without_unit("memory.used [MiB]", ""), without_unit("cpu (user)", "%")
    ('memory.used', 'memory.used [MiB]', 'cpu (user)')
    """
    written = re.match(r"^(.+?)\s*[\[(]([^\])]+)[\])]$", name)
    family = next((one for one in FAMILIES if unit and unit in one), {})
    return written[1] if written and written[2] in family else name


def one_cell(text: str, unit: str = "", *, decimal_comma: bool = False) -> tuple[float, str]:
    """Return the number in a cell, NaN where there is nothing, in base units; and the unit.

    Raises
    ------
    ValueError
        If it is no finite number, or its unit is of another kind than those before.

    Examples
    --------
    >>> one_cell("87.5%"), one_cell("1.5 KiB", "B"), one_cell("1,234"), one_cell("n/a", "%")
    ((87.5, '%'), (1536.0, 'B'), (1234.0, ''), (nan, '%'))
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
    return value * family[written], base_of(family)


def _plain(series: Any) -> tuple[Any, Any]:
    """Return a column of which what can be a number is written as one, and its units, None where it has only numbers."""
    if pd.api.types.is_numeric_dtype(series) or pd.api.types.is_bool_dtype(series):
        return series, None
    # Guards against formulas write an apostrophe before a minus.
    text = series.astype("string").str.strip().str.removeprefix("'")
    text = text.mask(text.str.lower().isin(NOTHING))
    text = _plain_signs(text)
    compound = text.str.match(COMPOUND).fillna(False) & (text.str.count("[dhms]") > 1).fillna(False)
    if compound.any():
        parts = text[compound].str.extract(COMPOUND).astype("Float64").fillna(0)
        seconds = parts[0] * 86400 + parts[1] * 3600 + parts[2] * 60 + parts[3]
        text = text.astype(object).where(~compound, seconds.astype(str) + " s").astype("string")
    parts = text.str.extract(WITH_UNIT)
    known = parts[1].isin({unit for family in FAMILIES for unit in family})
    return text.mask(known, parts[0]), parts[1].where(known, "")


def _plain_signs(text: Any) -> Any:
    """Return texts of numbers without signs between thousands and with a point before decimals, all read one way."""
    text = text.str.replace(rf"(?<=\d){GROUPED}(?=\d{{3}}(?!\d))", "", regex=True)
    if text.str.contains(EUROPEAN, regex=True).any() and not text.str.contains(POINT, regex=True).any():
        return text.str.replace(".", "", regex=False).str.replace(",", ".", regex=False)
    number = text.str.extract(r"^([+-]?[\d,]+(?:\.\d+)?)(?=\D*$)", expand=False)
    grouped = (number.str.match(THOUSANDS) | number.str.match(INDIAN)).fillna(False)
    return text.mask(grouped, text.str.replace(",", "", regex=False))
