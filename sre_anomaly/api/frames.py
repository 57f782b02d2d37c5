"""Tables as people have them in Python become files that the commands read."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from sre_anomaly.errors import ConfigError, DataError, UserError


def as_pandas(table: Any) -> pd.DataFrame:
    """Return a pandas, polars or Arrow table, or a series, as a pandas table with its times in a column.

    Raises
    ------
    DataError
        If it is none of these.
    """
    if isinstance(table, pd.Series):
        table = table.to_frame(str(table.name or "value"))
    if not isinstance(table, pd.DataFrame):
        if not hasattr(table, "__arrow_c_stream__"):
            raise DataError(
                f"frame: a {type(table).__name__} is no table; give a pandas, polars or Arrow table, a series, or a dict of them by entity"
            )
        import pyarrow as pa

        table = pa.table(table).to_pandas()
    if isinstance(table.index, pd.DatetimeIndex):
        name = str(table.index.name or "time")
        if name in table.columns:
            raise DataError(f"frame: {name} is both the index and a column; rename one of them")
        table = table.rename_axis(name).reset_index()
    table.columns = [str(column) for column in table.columns]
    return table


def by_entity(
    frame: Any, entity: str | None = None, metric: str | None = None, value: str | None = None
) -> dict[str, pd.DataFrame]:
    """Return one wide table for each entity; that of a single one is called ``frame``.

    Parameters
    ----------
    frame : table, or a mapping of tables by entity
    entity : str, optional
        The column that tells entities apart.
    metric, value : str, optional
        Of a long table, the columns with the name of a metric and with its value.
    """
    if isinstance(frame, Mapping):
        return {str(name): as_pandas(table) for name, table in frame.items()}
    table = as_pandas(frame)
    for key, name in (("entity", entity), ("metric", metric), ("value", value)):
        if name is not None and name not in table.columns:
            raise ConfigError(
                f"{key}={name!r}: the table has no such column; it has {', '.join(table.columns)}"
            )
    if (metric is None) != (value is None):
        raise ConfigError(
            "metric and value: a long table needs both, the column of names and the column of values"
        )
    if metric is not None and value is not None:
        others = [name for name in table.columns if name not in (metric, value)]
        if table.duplicated([*others, metric]).any():
            raise DataError(
                f"frame: several values of one {metric} at one time; name what tells them apart with entity=..., one of "
                f"{', '.join(others)}"
            )
        table = table.pivot_table(index=others, columns=metric, values=value, sort=False).reset_index()
        table.columns = [str(column) for column in table.columns]
    if entity is None:
        return {"frame": table}
    return {str(name): part.drop(columns=entity) for name, part in table.groupby(entity, sort=True)}


@contextmanager
def as_file(table: pd.DataFrame, name: str) -> Iterator[Path]:
    """Write a table where a command can read it, for as long as that takes; mistakes in it are told by its name."""
    with TemporaryDirectory(prefix="sre_anomaly_") as folder:
        path = Path(folder) / f"{name.replace('/', '__')}.parquet"
        table.to_parquet(path, index=False)
        try:
            yield path
        except UserError as error:
            raise type(error)(str(error).replace(str(path), name)) from None
