"""A file that is one JSON document with records in it, or lines of which each holds several."""

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from sre_anomaly.errors import DataError
from sre_anomaly.logs.lines import Tally
from sre_anomaly.logs.shapes.inside import Entry
from sre_anomaly.logs.shapes.objects import OPENTELEMETRY, document, entry_of, records_in

LARGEST = 512 * 2**20
"""Bytes of a document, which has to be read whole."""


def document_in(
    path: Path, first: list[bytes], rest: Iterable[bytes], tally: Tally
) -> Iterator[Entry] | None:
    """Return the entries of a document; None where the file has a record in each line, or is no JSON.

    Raises
    ------
    DataError
        If it is cut short, or too large to be read whole.
    """
    begin = first[0].lstrip() if first else b""
    if begin.startswith(b"{") and OPENTELEMETRY[0].encode() in begin[:200] and _whole(begin):
        return _of_lines(chain(first, rest), tally)
    if (
        not begin.startswith((b"[", b"{"))
        or (_whole(begin) and len(first) > 1)
        or (begin[:1] == b"[" and not _opens_list(first))
    ):
        return None
    return _of_document(path, chain(first, rest), tally)


def _whole(line: bytes) -> bool:
    try:
        document(line)
    except (ValueError, RecursionError):
        return False
    return True


def _opens_list(first: list[bytes]) -> bool:
    """Return whether a bracket opens a list of objects, and not a field such as a time."""
    text = b"".join(first[:3]).replace(b" ", b"")
    return text.startswith((b"[{", b"[[{"))


def _of_lines(lines: Iterable[bytes], tally: Tally) -> Iterator[Entry]:
    for line in lines:
        try:
            found = document(line)
        except (ValueError, RecursionError):
            tally.refuse(line)
            continue
        tally.lines -= 1  # its records are counted instead
        yield from _entries(found, tally)


def _of_document(path: Path, lines: Iterable[bytes], tally: Tally) -> Iterator[Entry]:
    pieces, size = [], 0
    for line in lines:
        pieces.append(line)
        size += len(line)
        if size > LARGEST:
            raise DataError(
                f"{path}: is one JSON document of more than {LARGEST >> 20} MB; write a record in each line (jq -c '.[]')"
            )
    try:
        found = document(b"\n".join(pieces))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: begins as one JSON document and is none: {error}") from None
    tally.lines = 0  # of the document's lines nobody wants to hear
    yield from _entries(found, tally)


def _entries(found: object, tally: Tally) -> Iterator[Entry]:
    for record in records_in(found):
        tally.lines += 1
        entry = entry_of(record)
        if entry is None:
            tally.refuse(json.dumps(record)[:200].encode())
        else:
            yield entry
