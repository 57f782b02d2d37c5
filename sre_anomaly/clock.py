"""Durations as people write them, and how many rows they are on a regular clock."""

import re
from typing import Annotated, Any

import pandas as pd
from pydantic import BeforeValidator, PlainSerializer

SECONDS = {"ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*")


def parse_duration(text: Any) -> pd.Timedelta:
    """Read a duration such as ``5m``, ``90s``, ``1h 30m`` or ``1d``.

    Raises
    ------
    ValueError
        If the text is not made of numbers with units.

    Examples
    --------
    >>> parse_duration("1h 30m")
    Timedelta('0 days 01:30:00')
    """
    if isinstance(text, pd.Timedelta):
        return text
    parts = DURATION.findall(text) if isinstance(text, str) else []
    if not parts or DURATION.sub("", str(text)) or any(unit not in SECONDS for _, unit in parts):
        raise ValueError(f"is not a duration: {text!r}; write a number and a unit, such as 5m, 2h or 1d")
    return pd.Timedelta(seconds=sum(float(number) * SECONDS[unit] for number, unit in parts))


def rows_in(duration: pd.Timedelta, step: pd.Timedelta) -> int:
    """Return how many rows of a clock with this step a duration covers, to the nearest row.

    Examples
    --------
    >>> rows_in(pd.Timedelta("1h"), pd.Timedelta("5m"))
    12
    """
    return round(duration / step)


def in_words(duration: pd.Timedelta) -> str:
    """Return a duration as a person would say it.

    Examples
    --------
    >>> in_words(pd.Timedelta("100m")), in_words(pd.Timedelta(days=3)), in_words(pd.Timedelta(0))
    ('1h 40m', '3d', '0s')
    """
    whole = duration.round("s").components
    parts = [(whole.days, "d"), (whole.hours, "h"), (whole.minutes, "m"), (whole.seconds, "s")]
    return " ".join(f"{count}{unit}" for count, unit in parts if count) or "0s"


Duration = Annotated[pd.Timedelta, BeforeValidator(parse_duration), PlainSerializer(in_words)]
"""A constructor argument that YAML gives as a string such as ``5m``."""
