"""Where a table begins in a file of text: lines before its header, two lines of header, none, or a line that names the separator."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

SEPARATORS = (",", ";", "\t", "|")
MOST_BEFORE = 60
"""More lines before a header are none."""
LOOKED_AT = 120
NEARLY_ALL = 0.9
"""Such a share of the first rows makes a table."""
OF_DAY = (
    r"\d{1,2}(:\d\d){1,2}([.,]\d+)?(\s?[AaPp][Mm])?\s?(Z|[+-]\d\d:?\d\d|[A-Za-z]{2,5}|[A-Za-z]+/[A-Za-z_/]+)?"
)
TIME = re.compile(
    rf"^(\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}([T ]{OF_DAY})?|\d{{1,2}}[-/.]\d{{1,2}}[-/.](\d{{2}}|\d{{4}})([T ]{OF_DAY})?"
    rf"|\d{{1,2}}[-/.]\d{{1,2}}[T ]{OF_DAY}|{OF_DAY}|(19|20)\d{{10}}|(19|20)\d{{12}}|\d{{10}}(\.\d+)?|\d{{13}}|\d{{16,17}}|\d{{19}}"
    rf"|[A-Z][a-z]{{2}} \d{{1,2}},? (\d{{4}},? )?{OF_DAY})$"
)
NUMBER = re.compile(r"^'?[+-]?[\d.,]*\d[\d.,]*(e[+-]?\d+)?\s*\S{0,5}$", re.IGNORECASE)
NOTHING = {"", "nan", "null", "none", "n/a", "na", "-", "inf", "+inf", "-inf", "infinity"}
EXCEL = re.compile(r"^sep=(.)$", re.IGNORECASE)
YEAR = re.compile(r"\b(20\d\d)\b")


@dataclass(frozen=True)
class Header:
    """Where a table begins.

    Parameters
    ----------
    separator : str
    before : int
        So many lines lie before the first row of values.
    names : tuple of str
        Of the columns.
    notes : tuple of str
        What was taken to be what.
    year : int or None
        The only year that the lines before the header name.
    """

    separator: str
    before: int
    names: tuple[str, ...]
    notes: tuple[str, ...] = field(default=())
    year: int | None = None


def header_of(text: str, separator: str | None = None) -> Header | None:
    r"""Return where the table in the beginning of a file starts; None if its first line is its header, as usual.

    Examples
    --------
    >>> found = header_of("a report\n\ntime;cpu\n2024-03-04 10:00;1\n2024-03-04 10:05;2\n")
    >>> found.separator, found.before, found.names
    (';', 3, ('time', 'cpu'))
    """
    lines = text.lstrip("\ufeff").splitlines()[:LOOKED_AT]
    lines = _whole_cells(lines)
    excel = EXCEL.match(lines[0].strip().strip('"')) if lines else None
    if excel:
        separator = separator or excel[1]
    for sign in (separator,) if separator else SEPARATORS:
        rows = [_cells(line, sign) for line in lines]
        begin = _first_values(rows)
        if begin is None or begin > MOST_BEFORE:
            continue
        width = len(rows[begin])
        # Blank lines count as lines, and are none of the table.
        named = next((at for at in range(begin - 1, -1, -1) if any(rows[at])), None)
        if named is not None and (
            len(rows[named]) != width or not _is_names(rows[named]) or (excel and named == 0)
        ):
            named = None
        if named is not None and named == 0:
            return None
        notes = []
        if named is None:
            names = _made_up(rows[begin])
            notes.append(f"the first line holds values: columns were called {', '.join(names[:4])}")
            above = begin
        else:
            names, above = _together(rows, named)
        left = sum(bool(any(rows[at])) for at in range(above)) - bool(excel)
        if left > 0:
            notes.append(f"{left} line{'s' * (left > 1)} before the header left out")
        years = {found for line in lines[:above] for found in YEAR.findall(line)}
        return Header(sign, begin, names, tuple(notes), int(years.pop()) if len(years) == 1 else None)
    return None


def is_table(text: str) -> bool:
    r"""Return whether a file that begins so holds rows of times and numbers under one line of names, or none.

    Examples
    --------
    >>> is_table("time,cpu\n2024-03-04 10:00,1\n2024-03-04 10:05,2\n")
    True
    >>> is_table("2024-03-04 10:00:00,123 INFO 5 rows\n2024-03-04 10:00:05,456 INFO 6 rows\n")
    False
    """
    lines = [line for line in text.lstrip("\ufeff").splitlines()[:LOOKED_AT] if line.strip()]
    for sign in SEPARATORS:
        first, *rows = [_cells(line, sign) for line in lines[:-1] or lines] or [[]]
        if len(first) < 2 or not rows:
            continue
        if not _is_names(first):
            rows = [first, *rows]
            # Without names, words could be messages.
            rows = [
                row if all(TIME.match(cell) or NUMBER.match(cell) for cell in row if cell) else []
                for row in rows
            ]
        fitting = sum(len(row) == len(first) and _is_values(row) for row in rows)
        if fitting >= NEARLY_ALL * len(rows):
            return True
    return False


def _whole_cells(lines: list[str]) -> list[str]:
    """Return lines of which those that lie in a cell of several lines stand with the first of it, an empty one in their place."""
    out: list[str] = []
    first: int | None = None
    for at, line in enumerate(lines):
        odd = line.count('"') % 2 == 1
        out.append(line if first is None else "")
        if first is not None:
            out[first] += f"\n{line}"
        if odd:
            first = at if first is None else None
    # The last cell may be cut off; a quote that stands alone opens none.
    return out if first is None or first > len(lines) // 2 else lines


def _cells(line: str, separator: str) -> list[str]:
    try:
        return [
            cell.strip() for cell in next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
        ]
    except csv.Error:
        return []


def _is_values(cells: Sequence[str]) -> bool:
    """Return whether a line is a row of a table of metrics: a time, and a number or nothing beside it."""
    times = [at for at, cell in enumerate(cells) if TIME.match(cell)]
    return bool(times) and any(
        NUMBER.match(cell) or cell.lower() in NOTHING for at, cell in enumerate(cells) if at not in times[:1]
    )


def _is_names(cells: Sequence[str]) -> bool:
    return any(cells) and not any(TIME.match(cell) for cell in cells)


def _first_values(rows: Sequence[Sequence[str]]) -> int | None:
    """Return the first row of values that the next ones, if there are any, are as wide as."""
    for at, cells in enumerate(rows):
        if len(cells) > 1 and _is_values(cells):
            after = [row for row in rows[at + 1 : at + 6] if any(row)]
            if not after or sum(len(row) == len(cells) and _is_values(row) for row in after) * 2 >= len(
                after
            ):
                return at
    return None


def _made_up(cells: Sequence[str]) -> tuple[str, ...]:
    """Return names for columns that have none: time, and column_2 and so on."""
    time = next(at for at, cell in enumerate(cells) if TIME.match(cell))
    return tuple("time" if at == time else f"column_{at + 1}" for at in range(len(cells)))


def _together(rows: Sequence[Sequence[str]], named: int) -> tuple[tuple[str, ...], int]:
    """Return the names of two lines of a header as one, and how many lines lie before it."""
    above = rows[named - 1]
    groups = [cell for cell in above if cell]
    if len(above) != len(rows[named]) or len(groups) < 2 or all(above) or not _is_names(above):
        return _distinct(rows[named]), named
    # A group begins where it is written and lasts to the next.
    out, group = [], ""
    for over, name in zip_longest(above, rows[named], fillvalue=""):
        group = over or group
        out.append(name if name.lower() in ("time", "timestamp", "date") else f"{group} {name}".strip())
    return _distinct(out), named - 1


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    out: list[str] = []
    for at, name in enumerate(names):
        called = name or f"column_{at + 1}"
        out.append(f"{called}.{out.count(called)}" if called in out else called)
    return tuple(out)
