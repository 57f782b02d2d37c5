"""Durations as people write them, and how many rows they are on a regular clock."""

from typing import Annotated, Any

import pandas as pd
from pydantic import BeforeValidator, PlainSerializer


def parse_duration(text: Any) -> pd.Timedelta:
    """Read a duration such as ``5m``, ``90s``, ``2h`` or ``1d``.

    Raises
    ------
    ValueError
        If the text is not a positive duration with a unit.

    Examples
    --------
    >>> parse_duration("90s")
    Timedelta('0 days 00:01:30')
    """
    if isinstance(text, pd.Timedelta):
        return text
    if not isinstance(text, str) or text.strip().replace(".", "").isdigit():
        raise ValueError(f"is not a duration: {text!r}; write a number and a unit, such as 5m, 2h or 1d")
    try:
        duration = pd.Timedelta(text)
    except ValueError:
        raise ValueError(
            f"is not a duration: {text!r}; write a number and a unit, such as 5m, 2h or 1d"
        ) from None
    if not duration >= pd.Timedelta(0):
        raise ValueError(f"must not be negative: {text!r}")
    return duration


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
    >>> in_words(pd.Timedelta("100m")), in_words(pd.Timedelta("3d")), in_words(pd.Timedelta(0))
    ('1h 40m', '3d', '0s')
    """
    whole = duration.round("s").components
    parts = [(whole.days, "d"), (whole.hours, "h"), (whole.minutes, "m"), (whole.seconds, "s")]
    return " ".join(f"{count}{unit}" for count, unit in parts if count) or "0s"


Duration = Annotated[pd.Timedelta, BeforeValidator(parse_duration), PlainSerializer(in_words)]
"""A constructor argument that YAML gives as a string such as ``5m``."""
