"""A file that may be compressed, or come by standard input: what it begins with, its lines and its bytes."""

import csv
import gzip
import io
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import IO, Any, cast

from sre_anomaly.errors import DataError, missing

HEAD = 65_536
"""So much of a file shows what it is."""
STDIN = "-"
COMPRESSED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
PIECE = 1 << 20


@dataclass(frozen=True)
class Source:
    """One file, whatever it is packed in.

    ``shown`` is what messages call it, ``file`` where its bytes are; ``timezone`` and ``step`` are the user's.
    """

    shown: str
    file: Path
    timezone: str = "UTC"
    day_first: bool | None = None
    step: timedelta | None = None

    @cached_property
    def packed(self) -> str:
        """How it is compressed: gzip, zstd or not at all."""
        with self.file.open("rb") as raw:
            begin = raw.read(4)
        return next((name for magic, name in COMPRESSED.items() if begin.startswith(magic)), "")

    @cached_property
    def begin(self) -> bytes:
        """The first bytes, unpacked."""
        with self.unpacked() as file:
            return bytes(file.read(HEAD))

    @property
    def encoding(self) -> str:
        """The encoding of its text."""
        return "utf-16" if self.begin.startswith(UTF_16) else "utf-8-sig"

    @cached_property
    def head(self) -> str:
        """The text at its beginning, empty where it is none."""
        if b"\0" in self.begin and self.encoding != "utf-16":
            return ""
        return self.begin.decode(self.encoding, errors="ignore").lstrip()

    def unpacked(self) -> IO[bytes]:
        """Open its bytes."""
        if self.packed == "gzip":
            return cast("IO[bytes]", gzip.open(self.file, "rb"))
        if self.packed == "zstd":
            import pyarrow as pa

            opened: Any = pa.input_stream(str(self.file), compression="zstd")
            return opened
        return self.file.open("rb")

    def text(self) -> str:
        """Return all of its text."""
        with self.unpacked() as file:
            return bytes(file.read()).decode(self.encoding)

    def lines(self) -> Iterator[tuple[int, str]]:
        """Yield its lines with their numbers, from 1, without their ends."""
        with self.unpacked() as file, io.TextIOWrapper(file, self.encoding) as text:
            for number, line in enumerate(text, start=1):
                yield number, line.rstrip("\r\n")

    def rows(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Yield the rows of a table with a header, by the names in it, with the numbers of their lines.

        Raises
        ------
        ValueError
            If a row has more or fewer cells than the header.
        """
        reader = csv.reader(line for _, line in self.lines())
        header = next(reader)
        for row in reader:
            if row and len(row) != len(header):
                place = f"line {reader.line_num}"
                raise ValueError(f"{place}: has {len(row)} cells, where its header has {len(header)}")
            if row:
                yield reader.line_num, dict(zip(header, row, strict=True))


def source(path: Path, **said: Any) -> Source:
    """Return a file as a source; ``-`` is standard input.

    Raises
    ------
    DataError
        If it is not there.
    """
    if str(path) == STDIN:
        return Source("standard input", on_disk(STDIN), **said)
    if path.is_dir():
        raise DataError(f"data.path: {path} is a folder; name a file in it")
    if not path.is_file():
        raise DataError(missing("data.path", path))
    return Source(str(path), path, **said)


def on_disk(path: str) -> Path:
    """Return where the bytes of a file lie; those of ``-``, standard input, in a copy."""
    return _standard_input() if path == STDIN else Path(path).expanduser()


@cache
def folder_of_copies() -> Path:
    """Return a folder for what must lie on disk while the process runs; it is gone with it."""
    folder = tempfile.TemporaryDirectory(prefix="sre-anomaly-")
    _kept.append(folder)
    return Path(folder.name)


_kept: list[tempfile.TemporaryDirectory[str]] = []


@cache
def _standard_input() -> Path:
    """Return where all of standard input was put: it can be read only once, and a run looks at it more often."""
    path = folder_of_copies() / "standard_input"
    with path.open("wb") as out:
        while piece := sys.stdin.buffer.read(PIECE):
            out.write(piece)
    return path
