"""Lines from a stream of bytes: block by block, so that neither file nor line ever has to fit into memory.

Nothing is lost without being counted: a line is handed on, or it is blank, too long or binary, and the tally
says how many there were of each.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

BLOCK = 1 << 20
LONGEST = 1 << 16
"""Bytes of a line; what is longer is no message that a person wrote."""
SHOWN = 80
SPECIAL = (b"\0", b"\n\n", b" \n", b"\t\n", b"\r\n", b"\v\n", b"\f\n")


@dataclass
class Tally:
    """How many lines there were, and what became of those that are not used."""

    lines: int = 0
    """All of them."""
    blank: int = 0
    long: int = 0
    """Longer than `LONGEST`."""
    binary: int = 0
    """With a zero byte in them."""
    other_encoding: int = 0
    """Not UTF-8: used, and read as Latin-1."""
    unparsed: int = 0
    """Not as the format says."""
    timeless: int = 0
    """With a time that cannot be read."""
    continued: int = 0
    """Of a record that began on a line before, such as a stack trace: part of that one."""
    example: str = ""
    """The first line that was not as the format says."""
    watched: Callable[[Any], None] | None = None
    """Is shown the stream after each block, to say how far it is."""

    @property
    def used(self) -> int:
        """Lines that were handed on and understood."""
        return (
            self.lines - self.blank - self.long - self.binary - self.unparsed - self.timeless - self.continued
        )

    def refuse(self, line: bytes) -> None:
        """Count a line that is not as the format says."""
        self.unparsed += 1
        self.example = self.example or shown(line)

    def told(self) -> list[str]:
        """Return one sentence for each kind of line that is left out or read otherwise.

        Examples
        --------
        >>> Tally(lines=9, long=1).told()
        ['1 of 9 lines left out: longer than 65536 bytes']
        """
        reasons = {
            "blank": "blank",
            "long": f"longer than {LONGEST} bytes",
            "binary": "binary (a zero byte)",
            "unparsed": f"not as data.format says, such as {self.example!r}",
            "timeless": "with a time that cannot be read",
        }
        told = [
            f"{count} of {self.lines} lines left out: {why}"
            for name, why in reasons.items()
            if (count := getattr(self, name))
        ]
        if self.continued:
            told.append(
                f"{self.continued} lines belong to the record before them, such as those of a stack trace"
            )
        if self.other_encoding:
            told.append(f"{self.other_encoding} lines are not UTF-8 and were read as Latin-1")
        return told


def shown(line: bytes) -> str:
    """Return the start of a line, fit to be printed."""
    text = as_text(line[: SHOWN + 1])
    text = "".join(sign if sign.isprintable() else "?" for sign in text)
    return text if len(text) <= SHOWN else text[:SHOWN] + "..."


def as_text(line: bytes) -> str:
    """Return a line as text: UTF-8 or, where it is not that, Latin-1, which can read anything.

    Examples
    --------
    >>> as_text("für".encode()), as_text("für".encode("latin-1"))
    ('für', 'für')
    """
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


def lines_of(stream: Any, tally: Tally) -> Iterator[bytes]:
    r"""Yield the usable lines of a stream of bytes, without their ends.

    A pipe is read as far as it has come, so that a line is answered when it arrives.

    Examples
    --------
    >>> import io
    >>> tally = Tally()
    >>> list(lines_of(io.BytesIO(b"one\r\n\n\0\ntwo"), tally)), tally.blank, tally.binary
    ([b'one', b'two'], 1, 1)
    """
    read = getattr(stream, "read1", stream.read)
    rest, skipping = b"", False
    while block := read(BLOCK):
        if tally.watched is not None:
            tally.watched(stream)
        pieces = block.split(b"\n")
        plain = _is_plain(block)
        if skipping:
            if len(pieces) == 1:
                continue
            pieces, skipping = pieces[1:], False
        elif rest:
            pieces[0] = rest + pieces[0]
        rest = pieces.pop()
        if plain and len(pieces) > 1 and len(max(pieces, key=len)) <= LONGEST:
            # What the block before left over was not looked at.
            yield from _usable(pieces[:1], tally)
            tally.lines += len(pieces) - 1
            yield from islice(pieces, 1, None)
        elif pieces:
            yield from _usable(pieces, tally)
        if len(rest) > LONGEST:
            tally.lines += 1
            tally.long += 1
            rest, skipping = b"", True
    if rest:
        yield from _usable([rest], tally)


def _is_plain(block: bytes) -> bool:
    """Return whether all lines of a block can be used as they are: text without blanks at the ends of lines, which are never empty."""
    return block.isascii() and not any(sign in block for sign in SPECIAL)


def _usable(pieces: list[bytes], tally: Tally) -> Iterator[bytes]:
    tally.lines += len(pieces)
    for piece in pieces:
        line = piece.rstrip()
        if not line:
            tally.blank += 1
        elif len(line) > LONGEST:
            tally.long += 1
        elif line.isascii():
            if b"\0" in line:
                tally.binary += 1
            else:
                yield line
        elif b"\0" in line:
            tally.binary += 1
        else:
            try:
                line.decode()
            except UnicodeDecodeError:
                tally.other_encoding += 1
            yield line
