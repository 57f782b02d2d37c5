"""Records of JSON, a list of them or one a line, become a table: a column for each key."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from sre_anomaly.io.samples.source import Source

TIMES = ("time", "timestamp", "datetime", "date", "ts", "@timestamp", "_time", "t")
OF_LOGS = ("msg", "message", "log", "body", "level", "severity")
"""Keys that make a record a line of a log."""


def claims(head: str) -> bool:
    """Return whether a text begins with a record that has a time and a number."""
    start = head.lstrip("[ \r\n\t")
    try:
        first = json.JSONDecoder().raw_decode(start)[0]
    except (ValueError, RecursionError):
        return False
    if not isinstance(first, dict):
        return False
    names = {key.lower() for key in first}
    numbers = [
        key
        for key, value in _flat(first, "")
        if isinstance(value, int | float) and not isinstance(value, bool) and key.lower() not in TIMES
    ]
    return bool(names & set(TIMES)) and not names & set(OF_LOGS) and bool(numbers)


def records(source: Source) -> Iterator[dict[str, Any]]:
    """Yield the records, what is nested in them by its path: ``{"a": {"b": 1}}`` is ``a.b``.

    Raises
    ------
    ValueError
        If one is none.
    """
    numbered: Iterable[tuple[int, Any]]
    if source.head.startswith("["):
        found = json.loads(source.text())
        numbered = enumerate(found, start=1)
        what = "record"
    else:
        numbered = ((place, line) for place, line in source.lines() if line.strip())
        what = "line"
    for place, one in numbered:
        try:
            record = json.loads(one) if what == "line" else one
        except ValueError as error:
            raise ValueError(f"line {place}: is broken or cut short as JSON: {error}") from None
        if not isinstance(record, dict):
            raise ValueError(  # noqa: TRY004 - of the file, not of the code
                f'{what} {place}: is no record such as {{"time": "2024-01-31T14:00:00Z", "cpu": 41.5}}'
            )
        yield dict(_flat(record, ""))


def table(source: Source) -> pd.DataFrame:
    """Return the records as a table; what is a number in some and a word in others is a word.

    Raises
    ------
    ValueError
        If one is no record.
    """
    found = pd.DataFrame(list(records(source)))
    for name in [name for name in found if found[name].dtype.kind == "O"]:
        kinds = {type(value) for value in found[name].dropna()}
        if len(kinds) > 1:
            found[name] = found[name].map(str, na_action="ignore")
    return found


def _flat(record: dict[str, Any], before: str) -> Iterator[tuple[str, Any]]:
    for key, value in record.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{key}.")
        elif not isinstance(value, list):
            yield f"{before}{key}", value
