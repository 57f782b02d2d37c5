"""The files of a log, rotated and compressed ones among them, and what their lines say."""

import codecs
import csv
import gzip
import re
import zlib
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from glob import escape, glob, has_magic
from itertools import chain, islice
from pathlib import Path
from typing import Any

from sre_anomaly.errors import ConfigError, DataError, UserError, did_you_mean, missing
from sre_anomaly.logs.clock import LogClock
from sre_anomaly.logs.documents import document_in
from sre_anomaly.logs.formats import (
    LEVEL,
    MESSAGE,
    PARTS_OF_TIME,
    WHOLE_TIME,
    Splitter,
    pattern,
    recognised,
)
from sre_anomaly.logs.levels import standard_level
from sre_anomaly.logs.lines import LONGEST, Tally, lines_of, shown
from sre_anomaly.logs.shapes.inside import Entry
from sre_anomaly.logs.shapes.objects import LEVELS, MESSAGES, TIMES, json_lines
from sre_anomaly.logs.shapes.traces import CONTINUED, breaks, continues, ends

TRIED = 200
"""Lines by which a format is recognised, and among which the first time of a file is looked for."""
FEW = 20
"""Lines that show whether a file is a log at all."""
LOUD = ("WARN", "ERROR")
"""Levels of a line that a stack trace belongs to."""
PLAIN = frozenset(b"0123456789")
"""A line of a trace that begins so says no level."""
AUTO = "auto"
PACKED = (".bz2", ".xz", ".zst", ".zip", ".7z", ".tgz", ".lz4")


def log_files(path: Path) -> list[Path]:
    """Return a log file itself, the files of a folder, or those that a pattern such as ``app*.log*`` finds, by name.

    Hidden files are left out.

    Raises
    ------
    DataError
        If there is nothing at that path.
    """
    try:
        if path.is_file():
            return [path]
        if not path.is_dir() and not has_magic(str(path)):
            raise DataError(missing("data.path", path))
        wanted = f"{escape(str(path))}/*" if path.is_dir() else str(path)
        there = sorted(glob(wanted, recursive=True))  # noqa: PTH207 - a pattern may begin at the root
        found = [Path(name) for name in there if Path(name).is_file()]
    except OSError as error:
        raise DataError(f"data.path: {path} cannot be read: {error.strerror}") from None
    if not found:
        why = "holds no file" if path.is_dir() else "matches no file"
        # Only folders were found: the files may be in those.
        raise DataError(
            f"data.path: {path} {why}" + (f"; did you mean data.path='{wanted}/*'?" if there else "")
        )
    return found


def name_of(path: Path) -> str:
    """Return what to call the log at a path or pattern.

    Examples
    --------
    >>> name_of(Path("/var/log/app.log.1")), name_of(Path("logs/app-*.gz")), name_of(Path("logs/**/*"))
    ('app', 'app-', 'logs')
    """
    for part in reversed(path.parts):
        if name := re.split(r"[.*?\[/]", part)[0]:
            return name
    return "logs"


def in_time_order(files: list[Path], form: str, clock: LogClock) -> list[Path]:
    """Return rotated files as they were written: by the first time in each; a file without any comes first."""

    def first_time(path: Path) -> int:
        with closing(entries(path, form, clock, Tally())) as found:
            stamps = (clock.seconds(entry[0]) for entry in islice(found, TRIED))
            return next((stamp for stamp in stamps if stamp is not None), 0)

    return files if len(files) == 1 else sorted(files, key=first_time)


def looks_like_log(path: Path) -> bool:
    """Return whether the first lines of a file have a message each, and most of them a time, whatever the file is called."""
    clock = LogClock(year=1970)
    try:
        with closing(entries(path, AUTO, clock, Tally())) as found:
            first = list(islice(found, FEW))
        timed = sum(clock.seconds(time) is not None for time, _, _ in first)
    except UserError:
        return False
    return timed * 2 > len(first) > 0


def entries(path: Path, form: str, clock: LogClock, tally: Tally) -> Generator[Entry]:
    """Yield (time, level, message) of each line of a file that is as the format says; count the others.

    Parameters
    ----------
    form : str
        ``auto``, ``json``, ``csv`` or a pattern such as ``<Date> <Time> <Level> <Content>``.

    Raises
    ------
    DataError
        If the file cannot be read or its format is not recognised.
    """
    try:
        clock.opens(path)
        if form == "csv" or (form == AUTO and ".csv" in path.suffixes):
            yield from _from_csv(path, tally)
            return
        with _opened(path) as stream:
            lines = lines_of(stream, tally)
            first = list(islice(lines, TRIED))
            if form in (AUTO, "json") and (records := document_in(path, first, lines, tally)) is not None:
                yield from records
                return
            split = _splitter(path, form, [line for line in first if not continues(line)] or first, clock)
            yield from _records(chain(first, lines), split, clock, tally)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read: {' '.join(str(error).split())}") from None


def _records(lines: Iterable[bytes], split: Splitter, clock: LogClock, tally: Tally) -> Iterator[Entry]:
    """Yield the entry of each line, a stack trace taken for a part of the line before it."""
    last: Entry | None = None
    in_trace = fresh = False
    for line in lines:
        entry = split(line)
        # The commonest case by far needs no second look.
        if entry is not None and entry[1] and entry[1] != CONTINUED and not in_trace and line[0] in PLAIN:
            last, fresh = entry, True
            yield entry
            continue
        wrapped = entry is not None and entry[1] == CONTINUED
        text = line if entry is None or not wrapped else entry[2]
        # Once a trace has begun, what has no time is a part of it; so is the end of one whose lines all have a time.
        part = continues(text) or (in_trace and not text[:1].isdigit())
        if entry is not None and not wrapped:
            ending = in_trace and not entry[1] and ends(entry[2])
            if not ending and not (part and clock.seconds(entry[0]) is None):
                last, in_trace, fresh = entry, False, True
                yield entry
                continue
        if last is None or not (wrapped or part):
            tally.refuse(line)
        elif breaks(text) and (standard_level(last[1]) not in LOUD or (fresh and breaks(last[2]))):
            # Nothing before it says that something broke, or it was something else.
            last = ((entry[0] if wrapped and entry else b"") or last[0], b"ERROR", text)
            in_trace = fresh = True
            yield last
        else:
            tally.continued += 1
            in_trace, fresh = True, False


def _opened(path: Path) -> Any:
    """Return the bytes of a file as UTF-8 without a mark; a mark says that they are UTF-16."""
    stream: Any = gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb", buffering=0)  # noqa: SIM115 - closed by who asks
    begin = stream.read(len(codecs.BOM_UTF8))
    if begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        stream.seek(0)
        return codecs.EncodedFile(stream, "utf-8", "utf-16", errors="replace")
    stream.seek(0 if begin != codecs.BOM_UTF8 else len(begin))
    return stream


def _splitter(path: Path, form: str, first: list[bytes], clock: LogClock) -> Splitter:
    if form == "json":
        return json_lines
    if form != AUTO:
        if "<" not in form:
            raise ConfigError(
                f"data.format: {form!r} is no format; {did_you_mean(form, (AUTO, 'json', 'csv'))}, or a pattern such as "
                "'data.format=\"<Date> <Time> <Level> <Content>\"'"
            )
        return pattern(form)
    split = recognised(first, clock.seconds) if first else json_lines
    if split is None and path.suffix in PACKED:
        raise DataError(f"{path}: is packed as {path.suffix}; unpack it, or pack it as .gz")
    if split is None:
        raise DataError(
            f"{path}: the format of its lines is not known, such as {shown(first[0])!r}; name their parts in "
            "'data.format=\"<Date> <Time> <Level> <Component>: <Content>\"', or write json or csv"
        )
    return split


def _from_csv(path: Path, tally: Tally) -> Iterator[Entry]:
    opened: Any = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", errors="replace", newline="") as text:
        yield from _rows(path, csv.reader(without_zeros(text, tally)), tally)


def _rows(path: Path, rows: Any, tally: Tally) -> Iterator[Entry]:
    header = next(rows, None)
    if header is None:
        raise DataError(f"{path}: is empty")
    names = [name.strip() for name in header]
    message = _column(names, (MESSAGE, *MESSAGES))
    if message is None:
        raise DataError(f"{path}: has no column Content or message; it has {', '.join(names[:12])}")
    level = _column(names, (LEVEL, *LEVELS))
    whole = _column(names, (WHOLE_TIME, *TIMES)) if PARTS_OF_TIME[-1] not in names else None
    stamped = names.index(WHOLE_TIME) if WHOLE_TIME in names else whole
    times = [stamped] if stamped is not None else [n for n, name in enumerate(names) if name in PARTS_OF_TIME]
    while True:
        try:
            row = next(rows, None)
        except csv.Error:
            tally.lines += 1
            tally.long += 1
            continue
        if row is None:
            return
        tally.lines += 1
        if len(row) != len(names):
            tally.refuse(",".join(row).encode())
        elif len(row[message]) > LONGEST:
            tally.long += 1
        else:
            time = " ".join(row[number] for number in times).encode()
            yield time, b"" if level is None else row[level].encode(), row[message].encode()


def without_zeros(lines: Any, tally: Tally) -> Iterator[str]:
    """Yield the lines of a text file, those with a zero byte counted and left out: csv would stop at them."""
    for line in lines:
        if "\0" in line:
            tally.lines += 1
            tally.binary += 1
        else:
            yield line


def _column(names: list[str], wanted: tuple[str, ...]) -> int | None:
    lower = [name.lower() for name in names]
    return next((lower.index(name.lower()) for name in wanted if name.lower() in lower), None)
