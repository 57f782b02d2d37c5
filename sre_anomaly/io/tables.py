"""A CSV or Parquet table becomes numbers and labels; what cannot be read is told by file, row and column."""

import csv
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sre_anomaly.errors import ConfigError, DataError, did_you_mean, missing
from sre_anomaly.frame import Array

SEPARATORS = (",", ";", "\t", "|")
NAMED_SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
QUOTED = re.compile(r'"[^"]*"')
IS_TIME, IS_NUMBER = (
    re.compile(r"\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d{10,19}$"),
    re.compile(r"[+-]?\d+\.\d+$"),
)
"""A name that no column has: a first line with both is none of names."""
MOST_SHOWN = 4
SHEETS = (".xlsx", ".xls", ".ods", ".xlsm")
TOO_MANY = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")
UNCLOSED = re.compile(r"EOF inside string starting at row (\d+)")
DECIMAL_COMMA = r"^\s*[+-]?\d+,\d+\s*$"
YES, NO = (
    {"1", "1.0", "true", "yes", "y", "anomaly", "anomalous"},
    {"0", "0.0", "false", "no", "n", "normal", ""},
)
HEADER_ROWS = 2
"""Row numbers are those of an editor: the header is row 1."""


def read_table(path: Path, separator: str | None = None, decimal: str | None = None) -> pd.DataFrame:
    """Read a CSV (also compressed) or Parquet file.

    Without a separator the one that the first line has most of is taken; without a decimal sign, a comma where
    another separator stands between columns and the numbers have one.

    Raises
    ------
    DataError
        If it is missing, empty, or not such a file.
    """
    if path.is_dir():
        raise DataError(f"data.path: {path} is a folder; name a file in it")
    if not path.is_file():
        raise DataError(missing("data.path", path))
    parquet = path.suffix in {".parquet", ".pq"}
    try:
        table = _parquet(path) if parquet else _csv(path, separator, decimal)
    except pd.errors.EmptyDataError:
        raise DataError(f"{path}: is empty") from None
    except UnicodeDecodeError:
        raise DataError(f"{path}: {_other_encoding(path)}") from None
    except (pd.errors.ParserError, OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        if fields := TOO_MANY.search(reason):
            reason = "line {1} has {2} cells, where {0} were seen before; is a separator in a text not in quotes?".format(
                fields[1], *fields.group(2, 3)
            )
        elif quote := UNCLOSED.search(reason):
            reason = f"a quote that opens in line {int(quote[1]) + 1} is never closed"
        raise DataError(f"{path}: cannot be read as {'Parquet' if parquet else 'CSV'}: {reason}") from None
    if table.empty:
        raise DataError(f"{path}: has a header and no rows")
    table.columns = [str(name).strip() for name in table.columns]
    if any(IS_TIME.match(name) for name in table.columns) and any(
        IS_NUMBER.match(name) for name in table.columns
    ):
        raise DataError(
            f"{path}: its first line holds values ({', '.join(table.columns[:MOST_SHOWN])}), not names: put a line with the names of "
            "the columns before it, such as time,cpu"
        )
    return table


def _other_encoding(path: Path) -> str:
    """Return why a file is not UTF-8, and how it becomes it."""
    with path.open("rb") as file:
        begin = file.read(4)
    if path.suffix.lower() in SHEETS or begin.startswith(b"PK"):
        return "is a spreadsheet; save it as CSV UTF-8"
    other = "UTF-16" if begin[:2] in {b"\xff\xfe", b"\xfe\xff"} else "WINDOWS-1252"
    return f"is not UTF-8; save it as CSV UTF-8, or write iconv -f {other} -t UTF-8 {path} > utf8.csv"


def _parquet(path: Path) -> pd.DataFrame:
    table = pd.read_parquet(path)
    return table.reset_index() if table.index.name else table


def _csv(path: Path, separator: str | None, decimal: str | None) -> pd.DataFrame:
    if separator is None:
        # A separator in quotes is a part of a name, and a quote that the parser sees must end before its own separator.
        whole = pd.read_csv(path, nrows=1, header=None, sep="\0", engine="python", quoting=csv.QUOTE_NONE)
        first = QUOTED.sub("", str(whole.iloc[0, 0]).lstrip("\ufeff"))
        if first.lower().startswith("sep=") and len(first) == len("sep=;"):
            raise DataError(f"{path}: its first line, {first!r}, is for Excel alone; delete that line")
        separator = max(SEPARATORS, key=first.count)
    separator = NAMED_SEPARATORS.get(separator, separator)
    if len(separator) != 1:
        raise ConfigError(
            f"data.separator: {separator!r} is not one sign; write comma, semicolon, tab or pipe"
        )
    table = pd.read_csv(path, sep=separator, skipinitialspace=True, decimal=decimal or ".")
    if decimal is None and separator != ",":
        text = [name for name in table.columns if table[name].dtype == "str"]
        if any(table[name].dropna().head(100).str.match(DECIMAL_COMMA).all() for name in text):
            return pd.read_csv(path, sep=separator, skipinitialspace=True, decimal=",")
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
        raise DataError(f"{where}: row {row_of(bad)}: {series[bad].iloc[0]!r} is not a number")
    values = numeric.to_numpy(dtype=np.float64, na_value=np.nan)
    if np.isinf(values).any():
        raise DataError(f"{where}: row {row_of(pd.Series(np.isinf(values)))}: is infinite")
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
            f"{path}, column {series.name!r}: row {row_of(bad)}: {series[bad].iloc[0]!r} is no label; "
            "write 1 or 0, true or false, yes or no"
        )
    return np.asarray(text.isin(YES).to_numpy(), dtype=np.float64)


def row_of(mask: Any) -> int:
    """Return the number, as an editor shows it, of the first row that a mask marks."""
    return int(np.flatnonzero(np.asarray(mask))[0]) + HEADER_ROWS
