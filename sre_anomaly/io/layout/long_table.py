"""A long table has a value a row and says beside it of which metric; it becomes a column for each metric."""

from typing import Any

import pandas as pd

METRIC_NAMES = (
    "metric",
    "metric_name",
    "metricname",
    "__name__",
    "measurement",
    "counter_name",
    "countername",
    "_field",
    "field",
    "counter",
)
OR_ENTITY = ("name", "key", "sensor", "series")
"""Name a metric only where another column of words says of what."""
VALUE_NAMES = ("value", "val", "metric_value", "_value", "reading", "measurement_value", "countervalue")
MOST_METRICS = 200
MOST_EMPTY = 0.05
"""Share of rows that may name no metric."""


def widened(
    table: pd.DataFrame, time: str, metric: str | None, taken: set[str | None]
) -> tuple[pd.DataFrame, list[str]]:
    """Return a long table with a column for each metric, and what was done; any other table as it is.

    Parameters
    ----------
    time : str
        The column of times.
    metric : str or None
        The column that names the metric; None: found by its name.
    taken : set of str
        Columns that hold something else.

    Examples
    --------
    >>> rows = [["t1", "cpu", 1.0], ["t1", "mem", 2.0], ["t2", "cpu", 3.0]]
    >>> widened(pd.DataFrame(rows, columns=["time", "metric", "value"]), "time", None, set())[0].columns.tolist()
    ['time', 'cpu', 'mem']
    """
    named = metric_and_value(table, metric, {time, *taken})
    if named is None:
        return table, []
    metric, value = named
    words = table[metric].astype("string").str.strip()
    others = [str(name) for name in table.columns if name not in (metric, value)]
    if (
        not 1 <= words.nunique() <= min(MOST_METRICS, max(len(words) // 2, 2))
        or words.isna().mean() > MOST_EMPTY
    ):
        return table, []
    keyed: Any = table.assign(**{metric: words})
    again = keyed.duplicated([*others, metric])
    notes = [f"a long table: {metric} names the metric, {value} its value"]
    if words.isna().any():
        notes.append(f"{int(words.isna().sum())} rows without a metric left out")
        keyed = keyed[words.notna()]
    if again.any():
        notes.append(f"{int(again.sum())} rows repeat time and metric; the last of them was taken")
        keyed = keyed.drop_duplicates([*others, metric], keep="last")
    keyed[others] = (
        keyed[others].astype(object).where(keyed[others].notna(), "") if len(others) > 1 else keyed[others]
    )
    wide = keyed.set_index([*others, metric])[value].unstack(metric)  # noqa: PD010 - texts with units too
    wide.columns.name = None
    wide = wide[[name for name in words.dropna().unique() if name in wide.columns]].reset_index()
    wide.attrs = dict(table.attrs)
    return wide, notes


def metric_and_value(
    table: pd.DataFrame, metric: str | None, taken: set[str | None]
) -> tuple[str, str] | None:
    """Return the columns that name the metric and hold its value; None where a table is not long.

    Examples
    --------
    >>> metric_and_value(pd.DataFrame([["t1", "cpu", 1.0]], columns=["time", "metric", "value"]), None, {"time"})
    ('metric', 'value')
    """
    lower = {str(name).lower(): str(name) for name in table.columns if name not in taken}
    metric = metric or next((lower[name] for name in METRIC_NAMES if name in lower), None)
    if metric is None and sum(not pd.api.types.is_numeric_dtype(table[name]) for name in lower.values()) > 1:
        metric = next((lower[name] for name in OR_ENTITY if name in lower), None)
    value = next((lower[name] for name in VALUE_NAMES if name in lower and lower[name] != metric), None)
    if metric is None or value is None or pd.api.types.is_numeric_dtype(table[metric]):
        return None
    return metric, value
