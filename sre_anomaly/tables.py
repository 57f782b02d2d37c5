"""A CSV or Parquet table becomes times and numbers; what cannot be read is told by file, row and column."""

from contextlib import suppress
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfoNotFoundError

import numpy as np
import pandas as pd
import pyarrow as pa

from sre_anomaly.errors import DataError, did_you_mean
from sre_anomaly.frame import Array

EPOCH_UNITS = ((1e17, "ns"), (1e14, "us"), (1e11, "ms"), (0.0, "s"))
"""The unit of a number of time since 1970, by its size: 1e11 seconds would be the year 5138."""
YES, NO = (
    {"1", "1.0", "true", "yes", "y", "anomaly", "anomalous"},
    {"0", "0.0", "false", "no", "n", "normal", ""},
)
HEADER_ROWS = 2
"""Row numbers are those of an editor: the header is row 1."""


def read_table(path: Path, separator: str = ",") -> pd.DataFrame:
    """Read a CSV (also compressed) or Parquet file.

    Raises
    ------
    DataError
        If it is missing, empty, or not such a file.
    """
    if not path.is_file():
        near = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
        hint = f"; {did_you_mean(path.name, near)}" if near else f"; there is no folder {path.parent} either"
        raise DataError(
            f"data.path: {path} is not there{hint}" if len(near) < 50 else f"data.path: {path} is not there"
        )
    try:
        if path.suffix in {".parquet", ".pq"}:
            table = pd.read_parquet(path)
            if table.index.name:
                table = table.reset_index()
        else:
            table = pd.read_csv(path, sep=separator, skipinitialspace=True)
    except pd.errors.EmptyDataError:
        raise DataError(f"{path}: is empty") from None
    except (pd.errors.ParserError, UnicodeDecodeError, OSError, ValueError) as error:
        what = "Parquet" if path.suffix in {".parquet", ".pq"} else "CSV"
        reason = " ".join(str(error).split())
        raise DataError(f"{path}: cannot be read as {what}: {reason}") from None
    if table.empty:
        raise DataError(f"{path}: has a header and no rows")
    table.columns = [str(name).strip() for name in table.columns]
    return table


def column(path: Path, table: pd.DataFrame, name: str, key: str) -> Any:
    """Return a column, or say which there are.

    Raises
    ------
    DataError
        If there is no such column.
    """
    if name not in table.columns:
        raise DataError(f"{key}: {path} has no column {name!r}; {did_you_mean(name, table.columns)}")
    return table[name]


def times(path: Path, series: Any, timezone: str) -> pd.DatetimeIndex:
    """Return a column of times as UTC.

    Numbers are time since 1970 in s, ms, us or ns by their size. Times without an offset are in ``timezone``.

    Raises
    ------
    DataError
        If a time cannot be read (with its row), or offsets are mixed.
    """
    where = f"{path}, column {series.name!r}"
    if pd.api.types.is_numeric_dtype(series):
        if series.isna().any():
            raise DataError(f"{where}: row {_row(series.isna())} has no time")
        unit: Any = next(unit for least, unit in EPOCH_UNITS if abs(float(series.median())) >= least)
        return pd.DatetimeIndex(pd.to_datetime(series, unit=unit, utc=True))
    if not isinstance(series.dtype, pd.DatetimeTZDtype) and series.dtype.kind != "M":
        series = _parse(where, series)
    stamps = pd.DatetimeIndex(series)
    if stamps.isna().any():
        raise DataError(f"{where}: row {_row(pd.Series(stamps.isna()))} has no time")
    if stamps.tz is not None:
        return stamps.tz_convert("UTC")
    try:
        return stamps.tz_localize(timezone).tz_convert("UTC")
    except (ZoneInfoNotFoundError, KeyError):
        raise DataError(
            f"data.timezone: no time zone is called {timezone!r}; for example Europe/Berlin"
        ) from None
    except ValueError as error:
        # Times that occur twice or never, when clocks change.
        raise DataError(f"{where}: {' '.join(str(error).split())} (data.timezone={timezone})") from None


def _parse(where: str, series: Any) -> Any:
    """Read times as ISO 8601 in one go; only if that fails look for what is wrong, cell by cell."""
    if isinstance(series.dtype, pd.StringDtype):
        # Arrow is ten times as fast as pandas, and as strict: it refuses offsets, blanks and words.
        with suppress(pa.ArrowInvalid):
            return np.asarray(pa.array(series).cast(pa.timestamp("ns")))
        with suppress(ValueError):
            return pd.to_datetime(series, format="ISO8601")
    text = series.astype("string").str.strip()
    offsets = text.str.extract(r"(Z|[+-]\d{2}:?\d{2})$", expand=False).replace("Z", "+00:00").fillna("none")
    other = offsets != offsets.iloc[0]
    if other.any():
        raise DataError(
            f"{where}: mixed time zones: row {HEADER_ROWS} has offset {offsets.iloc[0]}, row {_row(other)} has "
            f"{offsets[other].iloc[0]}; write all times in UTC, or all without offset and set data.timezone"
        )
    try:
        return pd.to_datetime(text, format="ISO8601")
    except ValueError:
        parsed = pd.to_datetime(text, errors="coerce", format="mixed")
    bad = parsed.isna()
    if bad.any():
        raise DataError(
            f"{where}: row {_row(bad)}: {text[bad].iloc[0]!r} is not a time; write times like 2024-01-31 14:05:00"
        )
    return parsed


def numbers(path: Path, series: Any) -> Array:
    """Return a column as float64, (n,); an empty cell is NaN.

    Raises
    ------
    DataError
        If a cell is not a finite number, with its row.
    """
    where = f"{path}, column {series.name!r}"
    numeric = series if pd.api.types.is_numeric_dtype(series) else pd.to_numeric(series, errors="coerce")
    bad = numeric.isna() & series.notna()
    if bad.any():
        raise DataError(f"{where}: row {_row(bad)}: {series[bad].iloc[0]!r} is not a number")
    values = numeric.to_numpy(dtype=np.float64, na_value=np.nan)
    if np.isinf(values).any():
        raise DataError(f"{where}: row {_row(pd.Series(np.isinf(values)))}: is infinite")
    return np.asarray(values, dtype=np.float64)


def yes_or_no(path: Path, series: Any) -> Array:
    """Return a label column as 1.0 and 0.0, (n,); an empty cell is 0.

    Raises
    ------
    DataError
        If a cell is neither yes nor no.
    """
    text = series.astype("string").str.strip().str.lower().fillna("")
    bad = ~text.isin(YES | NO)
    if bad.any():
        raise DataError(
            f"{path}, column {series.name!r}: row {_row(bad)}: {series[bad].iloc[0]!r} is no label; "
            "write 1 or 0, true or false, yes or no"
        )
    return np.asarray(text.isin(YES).to_numpy(), dtype=np.float64)


def _row(mask: Any) -> int:
    return int(np.flatnonzero(np.asarray(mask))[0]) + HEADER_ROWS
