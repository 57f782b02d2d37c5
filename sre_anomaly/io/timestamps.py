"""A column of times, however people write them, becomes UTC."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from sre_anomaly.clock import EPOCH_UNITS, time_zone
from sre_anomaly.errors import DataError
from sre_anomaly.io.tables import HEADER_ROWS, row_of
from sre_anomaly.io.times.written import COMPACT, COMPACT_SHORT, in_order, with_offsets, with_year

DAY_NS = 24 * 3600 * 10**9
WEB_SERVER = "%d/%b/%Y:%H:%M:%S %z"
"""How nginx and Apache write times."""
COMPACT_YEAR = r"^(?:19|20)\d\d"
"""In other years than these, times since 1970 with so many digits would lie before 1980, or after 2030."""
IN_2033 = 2_000_000_000
"""No data are from then on, in seconds since 1970."""
ENOUGH, MINUTES = 12, 100
"""So many numbers over more than so many that have a month, day, hour and minute each are no seconds since 1970."""
EARLIEST = 1900
"""Before this year lie only times that were written without one."""
OFFSET = r"(Z|[+-]\d{2}:?\d{2})$"


def times(
    path: Path, series: Any, timezone: str, *, day_first: bool | None = None, year: int | None = None
) -> pd.DatetimeIndex:
    """Return a column of times as UTC.

    Numbers are time since 1970 in s, ms, us or ns by their size. Times without an offset are in ``timezone``.
    Of dates such as 03/04/2024 the whole column is read one way: ``day_first`` says which, or the column shows it.
    Times without a year are in ``year``.

    Raises
    ------
    DataError
        If a time cannot be read (with its row) or could mean two things, or offsets are mixed.
    """
    where = f"{path}, column {series.name!r}"
    if pd.api.types.is_numeric_dtype(series):
        found = _since_1970(where, series)
        return found if found.tz is not None else _localize(where, found, timezone)
    if not isinstance(series.dtype, pd.DatetimeTZDtype) and series.dtype.kind != "M":
        stamps = pd.DatetimeIndex(_parse(where, series, day_first, year))
    else:
        stamps = pd.DatetimeIndex(series)
    if stamps.isna().any():
        raise DataError(f"{where}: row {row_of(pd.Series(stamps.isna(), index=series.index))} has no time")
    if stamps.tz is not None:
        return stamps.tz_convert("UTC")
    return _localize(where, stamps, timezone)


def _since_1970(where: str, series: Any) -> pd.DatetimeIndex:
    if series.isna().any():
        raise DataError(f"{where}: row {row_of(series.isna())} has no time")
    if (compact := _compact(series)) is not None:
        return compact
    size = abs(float(series.median()))
    unit: Any = next((unit for least, unit, _ in EPOCH_UNITS if size >= least), None)
    if unit is None:
        raise DataError(
            f"{where}: {series.iloc[0]} is not a time; say which column has the times: data.time=..."
        )
    try:
        return pd.DatetimeIndex(pd.to_datetime(series, unit=unit, utc=True)).as_unit("ns")
    except pd.errors.OutOfBoundsDatetime:
        raise DataError(
            f"{where}: holds numbers that are no times since 1970; write times like 2024-01-31 14:05:00"
        ) from None


def _compact(series: Any) -> pd.DatetimeIndex | None:
    """Return numbers such as 202401311405 or 2401311405 as the times that they write, None where they are none."""
    if not pd.api.types.is_integer_dtype(series):
        return None
    text = series.astype("string")
    digits = len(str(text.iloc[0]))
    forms = [COMPACT.get(digits)] if text.str.match(COMPACT_YEAR).all() else []
    if series.min() >= IN_2033 or (len(series) >= ENOUGH and series.max() - series.min() >= MINUTES):
        forms.append(COMPACT_SHORT.get(digits))
    for written in forms:
        with suppress(ValueError):
            if written is not None:
                return pd.DatetimeIndex(pd.to_datetime(text, format=written, exact=True))
    return None


def _parse(where: str, series: Any, day_first: bool | None, year: int | None) -> Any:
    """Read times as ISO 8601 in one go; only if that fails look for how they are written, or what is wrong."""
    if isinstance(series.dtype, pd.StringDtype):
        # Arrow is ten times as fast as pandas, and as strict: it refuses offsets, blanks and words.
        with suppress(pa.ArrowInvalid):
            return np.asarray(pa.array(series).cast(pa.timestamp("ns")))
        _refuse_words(where, series)
        with suppress(ValueError):
            return pd.to_datetime(series, format="ISO8601")
    text = with_offsets(where, series.astype("string").str.strip())
    _refuse_words(where, text)
    text = in_order(where, with_year(where, text, year), day_first)
    offsets = text.str.extract(OFFSET, expand=False).replace("Z", "+00:00").fillna("none")
    other = offsets != offsets.iloc[0]
    if other.any() and text.notna().all() and (offsets != "none").all():
        # Each states its own, so nothing is in doubt; it changes with daylight saving.
        with suppress(ValueError):
            return pd.to_datetime(text, format="ISO8601", utc=True)
    if other.any() and text.notna().all():
        raise DataError(
            f"{where}: mixed time zones: row {series.index[0] + HEADER_ROWS} has offset {offsets.iloc[0]}, row {row_of(other)} has "
            f"{offsets[other].iloc[0]}; write all times in UTC, or all without offset and set data.timezone"
        )
    for known in ("ISO8601", WEB_SERVER):
        with suppress(ValueError):
            return pd.to_datetime(text, format=known)
    parsed = pd.to_datetime(text, errors="coerce", format="mixed")
    if (yearless := (parsed.dt.year < EARLIEST).fillna(False)).any():
        raise DataError(
            f"{where}: row {row_of(yearless)}: {text[yearless].iloc[0]!r} has no year; write it, or set data.year=2024"
        )
    if (bad := parsed.isna() & text.notna()).any():
        raise DataError(_no_time(where, text, bad))
    return parsed


def _refuse_words(where: str, text: Any) -> None:
    """Refuse cells without a digit: pandas would take "now" and "today" for times of today."""
    if (words := (text.notna() & (text != "") & ~text.str.contains(r"\d").fillna(False))).any():
        raise DataError(_no_time(where, text, words))


def _no_time(where: str, text: Any, bad: Any) -> str:
    return f"{where}: row {row_of(bad)}: {text[bad].iloc[0]!r} is not a time; write times like 2024-01-31 14:05:00"


def _localize(where: str, stamps: pd.DatetimeIndex, timezone: str) -> pd.DatetimeIndex:
    """Take times as local ones; an hour that occurs twice when clocks go back is told apart by its order."""
    time_zone(timezone)
    try:
        return stamps.tz_localize(timezone).tz_convert("UTC")
    except ValueError:
        with suppress(ValueError):
            return stamps.tz_localize(timezone, ambiguous="infer").tz_convert("UTC")
    never = stamps[stamps.tz_localize(timezone, ambiguous=True, nonexistent="NaT").isna()]
    if len(never):
        raise DataError(
            f"{where}: {never[0]} did not exist in {timezone}, where clocks went forward over it; is data.timezone right?"
        )
    twice = stamps[stamps.tz_localize(timezone, ambiguous="NaT").isna()]
    raise DataError(
        f"{where}: {twice[0]} occurred twice in {timezone}, where clocks went back, and the order of the rows does not "
        "tell which is meant; write times in UTC or with their offset"
    )


def dates_within(since: Any, days: Any, furthest: float) -> Any:
    """Return the dates that lie (n,) days after some moments; none where it takes about as long as is looked ahead.

    Examples
    --------
    >>> dates_within(np.array([0, 0]), np.array([30.7, 119.5]), 120.0).tolist()
    ['1970-01-31', 'not within 120 days']
    """
    # What is expected on average hardly ever is the longest there is.
    near = np.minimum(days, furthest)
    return np.where(days < furthest - 1, days_after(since, near), f"not within {furthest:g} days")


def days_after(since: Any, days: Any) -> Any:
    """Return the dates that lie (n,) days after some moments in nanoseconds since 1970; none lies before its moment.

    Examples
    --------
    >>> days_after(np.array([0]), np.array([30.7])).tolist()
    ['1970-01-31']
    """
    moments = since + (np.maximum(days, 0) * DAY_NS).astype(np.int64)
    return np.datetime_as_string(moments.astype("datetime64[ns]").astype("datetime64[D]")).astype(object)
