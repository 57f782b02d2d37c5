"""Columns of a long CSV in pieces, some megabytes at a time."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv

from sre_anomaly.frame import Array
from sre_anomaly.io.counts.requests import Requests
from sre_anomaly.io.samples.source import Source

PIECE = 8 << 20


def batches(source: Source, columns: Mapping[str, Any], separator: str = ",") -> Iterator[Any]:
    """Yield some columns of a CSV with a header, as tables of their kinds.

    Raises
    ------
    ValueError
        If a line has other cells than the header, or a cell is not of its kind.
    """
    try:
        with source.unpacked() as file:
            reader = pyarrow.csv.open_csv(
                file,
                read_options=pyarrow.csv.ReadOptions(
                    block_size=PIECE,
                    use_threads=False,
                    encoding="utf8" if source.encoding != "utf-16" else "utf-16",
                ),
                parse_options=pyarrow.csv.ParseOptions(delimiter=separator, newlines_in_values=True),
                convert_options=pyarrow.csv.ConvertOptions(
                    column_types=columns, include_columns=list(columns), strings_can_be_null=False
                ),
            )
            yield from reader
    except pa.ArrowException as error:
        raise ValueError(" ".join(str(error).split())) from None


def codes_of(column: Any, requests: Requests) -> Any:
    """Return the numbers of labels, (n,)."""
    coded = column.dictionary_encode()
    numbers = np.array(
        [requests.number_of(str(word)) for word in coded.dictionary.to_pylist()] or [0], dtype=np.int64
    )
    return numbers[np.asarray(coded.indices.fill_null(0))]


def finite(column: Any, name: str) -> Array:
    """Return numbers that are 0 or more, (n,).

    Raises
    ------
    ValueError
        If one is not.
    """
    values = np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)
    bad = ~((values >= 0) & np.isfinite(values))
    if bad.any():
        raise ValueError(f"column {name!r}: {values[bad][0]:g} is not a number of 0 or more")
    return values
