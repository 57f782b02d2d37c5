"""Rows that are none: the header again where files were put together, and a line that closes a report."""

from typing import Any

import pandas as pd


def without_repeats(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return a table without rows that repeat its header or close it, and what was left out.

    Examples
    --------
    >>> told = without_repeats(pd.DataFrame({"time": ["2024-01-01", "time", "2024-01-02"], "cpu": ["1", "cpu", "2"]}))
    >>> told[0]["cpu"].tolist(), told[1]
    ([1, 2], ['1 row repeats the header; left out'])
    """
    notes = []
    names = [str(name).strip() for name in table.columns]
    again = _all(table, names)
    if again is not None and again.any() and not again.all():
        table = _typed(table[~again])
        count = int(again.sum())
        notes.append(f"{count} row{'s repeat' if count > 1 else ' repeats'} the header; left out")
    closing = 0
    while len(table) > 2 and _closes(table):
        table, closing = table.iloc[:-1], closing + 1
    if closing:
        table = _typed(table)
        notes.append(f"{closing} closing line{'s' * (closing > 1)} left out")
    return table, notes


def _all(table: pd.DataFrame, names: list[str]) -> Any:
    """Return which rows hold the name of every column, None where a column of numbers shows that none does."""
    if any(pd.api.types.is_numeric_dtype(table[column]) for column in table.columns):
        return None
    out: Any = True
    for column, name in zip(table.columns, names, strict=True):
        out = out & (table[column].astype("string").str.strip() == name).fillna(False)
    return out


def _closes(table: pd.DataFrame) -> bool:
    """Return whether the last row is words in its first cell and nothing else, where other rows have more."""
    last = table.iloc[-1]
    if len(last) < 2 or not isinstance(last.iloc[0], str):
        return False
    words = sum(sign.isalpha() for sign in last.iloc[0]) > 3
    return words and bool(last.iloc[1:].isna().all()) and bool(table.iloc[-2].iloc[1:].notna().any())


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of which columns of texts that are all numbers are numbers."""
    out = table.copy()
    for column in out.columns:
        if not pd.api.types.is_numeric_dtype(out[column]):
            numbers = pd.to_numeric(out[column], errors="coerce")
            if (numbers.notna() | out[column].isna()).all():
                out[column] = numbers
    return out
