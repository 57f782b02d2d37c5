"""What columns of a table are that are no metrics: numbers of rows, dates beside times of day, the truth."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sre_anomaly.errors import DataError
from sre_anomaly.frame import Array
from sre_anomaly.io.times.written import TIME_OF_DAY

FIRST_ROW = 2
DATE_NAMES = ("date", "day", "datum")
"""Of a column beside one with the times of day only."""
ROW_NAMES = ("", "index", "#", "id", "row", "row_number", "rownum", "no", "nr", "level_0")


def numbers_rows(name: str, series: Any) -> bool:
    """Return whether a column without a name of its own counts the rows, as exports of tables do."""
    if not (name.startswith(("Unnamed:", "column_")) or name.lower() in ROW_NAMES):
        return False
    rows = pd.to_numeric(series, errors="coerce")
    return bool((rows.diff().iloc[1:] == 1).all())


def with_dates(path: Path, table: Any, name: str) -> Any:
    """Return a table in which the times have their dates, which may stand in a column of their own.

    Raises
    ------
    DataError
        If there are times of day only: they are never taken for those of today.
    """
    if name not in table or pd.api.types.is_numeric_dtype(table[name]) or table[name].dtype.kind == "M":
        return table
    text = table[name].astype("string")
    # The first row says for most tables that their times are whole.
    if not all(part.str.match(TIME_OF_DAY).fillna(False).all() for part in (text.iloc[:1], text)):
        return table
    dates = next(
        (other for other in table.columns if str(other).lower() in DATE_NAMES and other != name), None
    )
    if dates is None:
        raise DataError(
            f"{path}, column {name!r}: row {FIRST_ROW}: {text.iloc[0]!r} has no date; write times like 2024-01-31 14:05:00, or "
            "add a column called date"
        )
    whole = table[dates].astype("string").str.strip() + " " + text.str.strip()
    return table.drop(columns=dates).assign(**{name: whole})


def looks_like_labels(names: Sequence[str], values: Array) -> list[str]:
    """Return a note for each metric of only 0 and 1: it may be the truth, taken for a metric."""
    return [
        f"Careful: {name} holds only 0 and 1; if it says when something was wrong, set data.label={name}"
        for name, column in zip(names, values.T, strict=True)
        if _only_0_and_1(column[np.isfinite(column)])
    ]


def _only_0_and_1(values: Array) -> bool:
    yes = values == 1.0
    return bool(yes.any()) and not yes.all() and bool((values[~yes] == 0.0).all())
