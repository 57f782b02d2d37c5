"""A table that is compressed, comes by standard input, or is Arrow's, lies on disk as the reader of tables wants it."""

from functools import lru_cache
from pathlib import Path

from sre_anomaly.errors import DataError
from sre_anomaly.io.lines import records
from sre_anomaly.io.samples.source import PIECE, Source, folder_of_copies

PARQUET, ARROW_FILE, FEATHER_1, ARROW_STREAM = b"PAR1", b"ARROW1", b"FEA1", b"\xff\xff\xff\xff"
OF_PARQUET = (".parquet", ".pq")
OF_PANDAS = (".gz",)
"""Endings by which the reader of tables knows how a file is packed."""


def as_table(given: Source) -> Path | None:
    """Return where a table lies on disk as CSV or Parquet; None if it is one already.

    Raises
    ------
    DataError
        If it cannot be unpacked.
    """
    begin = given.begin
    suffix = given.file.suffix.lower()
    arrow = begin.startswith((ARROW_FILE, FEATHER_1, ARROW_STREAM))
    parquet = begin.startswith(PARQUET)
    if parquet and suffix in OF_PARQUET and not given.packed:
        return None
    lines = records.claims(given.head)
    by_pipe = given.shown != str(given.file)
    if not (arrow or parquet or lines or by_pipe or (given.packed and suffix not in OF_PANDAS)):
        return None
    return _copied(given, given.file.stat().st_mtime_ns, arrow=arrow, parquet=parquet, lines=lines)


@lru_cache(maxsize=4)
def _copied(given: Source, changed: int, *, arrow: bool, parquet: bool, lines: bool) -> Path:
    place = (
        folder_of_copies()
        / f"{changed}-{abs(hash(given.file))}{'.parquet' if arrow or parquet or lines else '.csv'}"
    )
    try:
        if lines:
            records.table(given).to_parquet(place)
            return place
        if arrow:
            import pyarrow as pa
            import pyarrow.feather
            import pyarrow.parquet

            with given.unpacked() as file:
                if given.begin.startswith(ARROW_STREAM):
                    table = pa.ipc.open_stream(file).read_all()
                else:
                    table = pyarrow.feather.read_table(pa.BufferReader(file.read()))
            pyarrow.parquet.write_table(table, place)
            return place
        with given.unpacked() as file, place.open("wb") as out:
            while piece := file.read(PIECE):
                out.write(piece)
    except (OSError, EOFError, ValueError) as error:
        what = "read as Arrow" if arrow else "read as records of JSON" if lines else "unpacked"
        raise DataError(f"{given.shown}: cannot be {what}: {' '.join(str(error).split())}") from None
    return place
