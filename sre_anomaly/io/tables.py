"""A CSV or Parquet table becomes numbers and labels; what cannot be read is told by file, row and column."""

import codecs
import csv
import gzip
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sre_anomaly.errors import ConfigError, DataError, did_you_mean, missing
from sre_anomaly.frame import Array
from sre_anomaly.io.layout.header import Header, header_of
from sre_anomaly.io.layout.rows import without_repeats
from sre_anomaly.io.layout.tools import understood

SEPARATORS = (",", ";", "\t", "|")
NAMED_SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
QUOTED = re.compile(r'"[^"]*"')
HEAD = 65_536
"""So many bytes show how a table is laid out."""
NOTES, YEAR = "notes", "year"
"""Attributes of a table: what was taken for what, and the year that stands before its header."""
SHEETS = (".xlsx", ".xls", ".ods", ".xlsm")
TOO_MANY = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")
UNCLOSED = re.compile(r"EOF inside string starting at row (\d+)")
LOOKED_AT = 100
"""Cells of a column that show whether its numbers have a decimal comma."""
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
    changed = path.stat()
    # Each of several hosts in a file is read by itself, one after the other.
    return _read(path, separator, decimal, changed.st_mtime_ns, changed.st_size).copy(deep=False)


@contextmanager
def told_as_table(path: Path) -> Iterator[None]:
    """Say in one line why a file cannot be read as a table."""
    parquet = path.suffix in {".parquet", ".pq"}
    try:
        yield
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


@lru_cache(maxsize=1)
def _read(path: Path, separator: str | None, decimal: str | None, *_changed: int) -> pd.DataFrame:
    parquet = path.suffix in {".parquet", ".pq"}
    with told_as_table(path):
        table = _parquet(path) if parquet else _csv(path, separator, decimal)
    if table.empty:
        raise DataError(f"{path}: has a header and no rows")
    table.columns = [str(name).strip() for name in table.columns]
    table, more = without_repeats(table)
    notes = [*table.attrs.get(NOTES, []), *more]
    if table.empty:
        raise DataError(f"{path}: has a header and no rows")
    year = table.attrs.get(YEAR)
    table, more = understood(table)
    table.attrs = {NOTES: [*notes, *more], YEAR: year}
    return table


def _other_encoding(path: Path) -> str:
    """Return why a file is not UTF-8, and how it becomes it."""
    with path.open("rb") as file:
        begin = file.read(4)
    if path.suffix.lower() in SHEETS or begin.startswith(b"PK"):
        return "is a spreadsheet; save it as CSV UTF-8"
    return f"is not UTF-8; save it as CSV UTF-8, or write iconv -f WINDOWS-1252 -t UTF-8 {path} > utf8.csv"


def _parquet(path: Path) -> pd.DataFrame:
    table = pd.read_parquet(path)
    return table.reset_index(drop=all(name is None for name in table.index.names))


def _csv(path: Path, separator: str | None, decimal: str | None) -> pd.DataFrame:
    options, layout = options_of(path, separator)
    table = pd.read_csv(path, decimal=decimal or ".", **options)
    if decimal is None and decimal_comma(table, options["sep"]):
        table = pd.read_csv(path, decimal=",", **options)
    if layout is not None:
        # Rows keep the numbers that an editor shows.
        table.index = pd.RangeIndex(layout.before - 1, layout.before - 1 + len(table))
        table.attrs = {NOTES: list(layout.notes), YEAR: layout.year}
    before = 1 if layout is None else layout.before
    if _count_of_lines(path) != before + len(table):
        places = _places(path, options, before)
        table.index = places if len(places) == len(table) else table.index
    return table


def _count_of_lines(path: Path) -> int:
    """Return how many lines a file has, whether its last one ends or not."""
    count, last = 0, b"\n"
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        while block := bytes(file.read(1 << 20)):
            count, last = count + block.count(b"\n"), block
    return count + (not last.endswith(b"\n"))


def _places(path: Path, options: dict[str, Any], before: int) -> pd.Index:
    """Return where the rows of a file lie in which some lines are empty, or some cells have several lines; 0 is below the header."""
    opened: Any = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding=options["encoding"], newline="") as text:
        for _ in range(before if "skiprows" in options else 0):
            next(text, None)
        reader = csv.reader(text, delimiter=options["sep"], skipinitialspace=True)
        start, last, places = before if "skiprows" in options else 0, 0, []
        try:
            for row in reader:
                if any(cell.strip() for cell in row[:1]) or len(row) > 1:
                    places.append(start + last - HEADER_ROWS + 1)
                last = reader.line_num
        except csv.Error:
            return pd.Index([])
    return pd.Index(places if "skiprows" in options else places[1:], dtype=np.int64)


def options_of(path: Path, separator: str | None) -> tuple[dict[str, Any], Header | None]:
    """Return how pandas has to read a file, and what its beginning says of it."""
    separator = NAMED_SEPARATORS.get(separator, separator) if separator else None
    if separator is not None and len(separator) != 1:
        raise ConfigError(
            f"data.separator: {separator!r} is not one sign; write comma, semicolon, tab or pipe"
        )
    encoding, head = _head(path)
    layout = header_of(head, separator)
    if layout is not None:
        separator = layout.separator
        where: dict[str, Any] = {"skiprows": layout.before, "header": None, "names": list(layout.names)}
        # A row with more cells than the header is an error, and no index.
        where |= {"index_col": False}
    else:
        where = {}
        # A separator in quotes is a part of a name, and a quote that the parser sees must end before its own separator.
        first = next((line for line in head.lstrip("\ufeff").splitlines() if line.strip()), "")
        separator = separator or max(SEPARATORS, key=QUOTED.sub("", first).count)
    return {"sep": separator, "skipinitialspace": True, "encoding": encoding, **where}, layout


def decimal_comma(table: pd.DataFrame, separator: str) -> bool:
    """Return whether a column of a table that is not parted by commas holds numbers with a decimal comma."""
    texts = [table[name].dropna() for name in table.columns if table[name].dtype == "str"]
    return separator != "," and any(
        text.head(LOOKED_AT).str.match(DECIMAL_COMMA).all() for text in texts if len(text)
    )


def _head(path: Path) -> tuple[str, str]:
    """Return the encoding of a file of text, and its beginning."""
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        begin = bytes(file.read(HEAD))
    encoding = "utf-16" if begin[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8"
    if encoding == "utf-8" and b"\0" in begin:
        reason = _other_encoding(path)
        raise DataError(
            f"{path}: {reason if 'spreadsheet' in reason else 'is no text: it holds binary data'}"
        )
    # The last letter may be cut in two; any other that is none is an error.
    return encoding, codecs.getincrementaldecoder(encoding)().decode(begin)


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


def numbers(path: Path, series: Any, *, infinite: bool = False) -> Array:
    """Return a column as float64, (n,); an empty cell is NaN.

    Raises
    ------
    DataError
        If a cell is not a number, or infinite where that is not asked for, with its row.
    """
    where = f"{path}, column {series.name!r}"
    numeric = series if pd.api.types.is_numeric_dtype(series) else pd.to_numeric(series, errors="coerce")
    bad = numeric.isna() & series.notna()
    if bad.any():
        raise DataError(f"{where}: row {row_of(bad)}: {series[bad].iloc[0]!r} is not a number")
    values = numeric.to_numpy(dtype=np.float64, na_value=np.nan)
    if not infinite and np.isinf(values).any():
        raise DataError(f"{where}: row {row_of(numeric.isin([np.inf, -np.inf]))}: is infinite")
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
    place = int(np.flatnonzero(np.asarray(mask))[0])
    own = isinstance(mask, pd.Series) and pd.api.types.is_integer_dtype(mask.index)
    return int(mask.index[place] if own else place) + HEADER_ROWS
