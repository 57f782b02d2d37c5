"""One reading for a whole column of dates: the order of day, month and year, the year where it is missing, and zone names."""

import re
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd

from sre_anomaly.clock import OFFSETS
from sre_anomaly.errors import DataError

DATE = r"^(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?!\d)(.*)$"
"""A date in numbers that does not begin with four digits of a year."""
WITHOUT_YEAR = r"^(\d{1,2})([./-])(\d{1,2})\.?[T\s]+(\d{1,2}:\d{2}.*)$"
MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
NAMED_WITHOUT_YEAR = re.compile(
    rf"^(?:[A-Za-z]{{3,9}},?\s+)?(?:({MONTH})\.?\s+(\d{{1,2}})|(\d{{1,2}})[\s-]({MONTH})\.?),?\s+(\d{{1,2}}:\d{{2}}(?::\d{{2}}(?:\.\d+)?)?)$",
    re.IGNORECASE,
)
TIME_OF_DAY = r"^\s*\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:[AaPp][Mm])?\s*$"
ORDERS = {"day first": "dmy", "month first": "mdy", "year first": "ymd"}
ZONE = r"\s+([A-Za-z]{2,5}|[A-Za-z]+/[A-Za-z_/]+)$"
"""A name of a zone behind a time."""
COMPACT = {8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S", 17: "%Y%m%d%H%M%S%f"}
"""How times are written as numbers, by their length."""
COMPACT_SHORT = {6: "%y%m%d", 10: "%y%m%d%H%M", 12: "%y%m%d%H%M%S"}
"""The same without the century."""
NOT_ZONES = {"AM", "PM"}
UNEVEN = 10
"""A reading in which the longest step is so many times the usual one is not taken where another is even."""
A_YEAR_BACK = pd.Timedelta(days=300)


def with_offsets(where: str, text: Any) -> Any:
    """Return times with offsets in place of the names of their zones.

    Raises
    ------
    DataError
        If a name is not known, or has several meanings.
    """
    names = text.str.extract(ZONE, expand=False)
    names = names.mask(names.str.upper().isin(NOT_ZONES))
    if names.notna().sum() == 0:
        return text
    out = text
    for name in names.dropna().unique():
        mine = (names == name).fillna(False)
        bare = text[mine].str.replace(ZONE, "", regex=True)
        if name.upper() in OFFSETS:
            out = out.mask(mine, bare + OFFSETS[name.upper()])
            continue
        try:
            zone = ZoneInfo(name) if "/" in name else None
        except (ZoneInfoNotFoundError, ValueError):
            zone = None
        if zone is None:
            raise DataError(
                f"{where}: {text[mine].iloc[0]!r}: the zone {name!r} is not known or has several meanings; write offsets such as "
                "-06:00, or leave it out and set data.timezone"
            )
        local = pd.to_datetime(bare, errors="coerce", format="ISO8601").dt.tz_localize(
            zone, ambiguous="NaT", nonexistent="NaT"
        )
        out = out.mask(mine, local.map(lambda moment: moment.isoformat(), na_action="ignore"))
    return out


def with_year(where: str, text: Any, year: int | None) -> Any:
    """Return times with their years; those that have none are in ``year``, and in the next where they begin again.

    Raises
    ------
    DataError
        If years are missing and none is stated, or there is no date at all.
    """
    if text.str.match(TIME_OF_DAY).fillna(False).all():
        raise DataError(
            f"{where}: {text.iloc[0]!r} has no date; write times like 2024-01-31 14:05:00, or add a column called date"
        )
    numeric = text.str.match(WITHOUT_YEAR).fillna(False).all()
    named = (
        not numeric and text.map(lambda one: bool(NAMED_WITHOUT_YEAR.match(one)), na_action="ignore").all()
    )
    if not (numeric or named):
        return text
    if year is None:
        raise DataError(f"{where}: {text.iloc[0]!r} has no year; say which with data.year=2024")
    if named:
        parts = text.str.extract(NAMED_WITHOUT_YEAR)
        month, day = parts[0].fillna(parts[3]).str[:3], parts[1].fillna(parts[2])
        months = pd.to_datetime(month + " 2000", format="%b %Y").dt.month
        return _years(months, year) + "-" + months.astype(str) + "-" + day + " " + parts[4]
    parts = text.str.extract(WITHOUT_YEAR)
    # The month stands where no number is above twelve; the year changes with it.
    first = parts[0].astype(int)
    months = parts[2].astype(int) if (first > 12).any() else first
    return parts[0] + parts[1] + parts[2] + parts[1] + _years(months, year) + " " + parts[3]


def _years(months: Any, year: int) -> Any:
    return (year + (months.diff() < -9).cumsum()).astype("string")


def in_order(where: str, text: Any, day_first: bool | None) -> Any:
    """Return dates in numbers as year-month-day, all of them read one way; other texts as they are.

    The way is the stated one, that of dots, the only one in which every row is a date, or the only one that is even.

    Raises
    ------
    DataError
        If two ways are left.
    """
    parts = text.str.extract(DATE)
    numeric = parts[0].notna()
    if text.isna().any() or not numeric.any():
        return text
    if not numeric.all():
        raise DataError(
            f"{where}: times are written in two ways: {text[numeric].iloc[0]!r} and {text[~numeric].iloc[0]!r}; write all like 2024-01-31 14:05:00"
        )
    short = bool((parts[3].str.len() == 2).any())
    dots = bool((parts[1] == ".").all())
    if day_first is not None or dots:
        orders = ["dmy" if day_first is not False else "mdy"]
    else:
        orders = ["dmy", "mdy", "ymd"] if short else ["dmy", "mdy"]
    found = {}
    for order in orders:
        place = dict(zip(order, (0, 2, 3), strict=True))
        year = parts[place["y"]].where(
            parts[place["y"]].str.len() == 4, "20" + parts[place["y"]].str.zfill(2)
        )
        dates = year + "-" + parts[place["m"]].str.zfill(2) + "-" + parts[place["d"]].str.zfill(2)
        if pd.to_datetime(dates, format="%Y-%m-%d", errors="coerce").notna().all():
            found[order] = dates
    if len(found) > 1:
        even = {order: dates for order, dates in found.items() if _even(dates + parts[4])}
        found = even or found
    if len(found) > 1:
        more = " (and years with four digits)" if short else ""
        raise DataError(
            f"{where}: {text.iloc[0]!r} can mean two dates: set data.day_first=true (31/01/2024) or "
            f"data.day_first=false (01/31/2024){more}"
        )
    return next(iter(found.values())) + parts[4] if found else text


def order_in(where: str, text: Any) -> bool | None:
    """Return whether the day stands first in dates in numbers; None for other times.

    Raises
    ------
    DataError
        If two ways are left.

    Examples
    --------
    >>> [order_in("x", pd.Series(dates, dtype="string")) for dates in (["01/31/2024"], ["31/01/2024"], ["2024-01-31"])]
    [False, True, None]
    """
    parts = text.str.extract(DATE)
    if parts[0].isna().any():
        return None
    dated, first = in_order(where, text, None).str, parts[0].str.zfill(2)
    if (parts[3].str.len() == 2).any() and (dated[2:4] == first).all():
        return None
    month, day = bool((dated[5:7] == first).all()), bool((dated[8:10] == first).all())
    if month and day:
        raise DataError(
            f"{where}: {text.iloc[0]!r} is the same date whichever comes first; set data.day_first=true or false"
        )
    return day


def _even(text: Any) -> bool:
    """Return whether times follow each other without going back and without long holes."""
    stamps = pd.to_datetime(text, errors="coerce", format="mixed", utc=True)
    steps = stamps.diff().iloc[1:]
    steps = steps[steps != pd.Timedelta(0)]
    return bool(len(steps)) and bool(steps.min() > pd.Timedelta(0) and steps.max() < UNEVEN * steps.median())


def told(series: Any, stamps: pd.DatetimeIndex, timezone: str) -> list[str]:
    """Return how dates were read that could be read in several ways."""
    if not len(series):
        return []
    first, begin = str(series.iloc[0]).strip(), stamps[0].tz_convert(timezone)
    if pd.api.types.is_numeric_dtype(series):
        compact = any(f"{begin:{form}}" == first for form in COMPACT_SHORT.values())
        return [f"times were read as year, month, day and time: {first} is {begin:%-d %B %Y %H:%M}"] * compact
    if re.match(DATE, first) or re.match(WITHOUT_YEAR, first) or NAMED_WITHOUT_YEAR.match(first):
        return [f"times were read one way: {first} is {begin:%-d %B %Y %H:%M}"]
    return []
