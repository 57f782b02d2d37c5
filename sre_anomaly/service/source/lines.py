"""Whole lines of a file that grows, from where reading stopped; one that was cut or replaced is begun again."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from glob import escape
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO

from sre_anomaly.io.prometheus import AwayError
from sre_anomaly.live.points import LONGEST

HEAD = 1024
"""Bytes at the beginning by which a file is known again."""


class GrowingLines:
    """Reads on where it stopped, also in another process.

    Parameters
    ----------
    path : Path
    again : callable
        Called with what happened where the file has to be read from its beginning.
    """

    def __init__(self, path: Path, again: Callable[[str], Any]) -> None:
        self.path, self._again = path, again
        self.offset = self.number = 0
        """Bytes and lines that were read."""
        self._head = (0, "")
        self._held: int | None = None
        """The file that was read last: its end is read where another takes its place."""

    def read(self) -> Iterator[tuple[int, int, bytes]]:
        """Yield the byte at which each line begins, its number from 1 and the line; half a line is left for the next time.

        Who stops in between goes on there.

        Raises
        ------
        AwayError
            If the file cannot be read.
        """
        try:
            fresh = self.path.open("rb")
        except OSError as error:
            raise AwayError(f"{self.path} cannot be read ({error.strerror})") from None
        with fresh:
            about = os.fstat(fresh.fileno())
            if self._held is not None and not os.path.samestat(os.fstat(self._held), about):
                # The former file may have grown after it was read last.
                with os.fdopen(os.dup(self._held), "rb") as former:
                    yield from self._rest(former)
            elif self._held is None and not self._is_it(fresh):
                yield from self._rest_beside()
            self._let_go()
            self._held = os.dup(fresh.fileno())
            if not self._is_it(fresh):
                was = "cut" if about.st_size < self.offset else "replaced"
                self.offset = self.number = 0
                self._head = (0, "")
                self._again(f"{self.path} was {was}: it is read from its beginning")
            yield from self._rest(fresh)

    def _is_it(self, file: BinaryIO) -> bool:
        """Return whether a file is the one that was read so far."""
        enough = os.fstat(file.fileno()).st_size >= self.offset
        return enough and self._digest(file, self._head[0]) == self._head

    def _rest_beside(self) -> Iterator[tuple[int, int, bytes]]:
        """Yield the rest of a file that got another name while nobody read, as ``metrics.csv.1``; nothing where it is gone."""
        for path in sorted(self.path.parent.glob(f"{escape(self.path.name)}?*")):
            with suppress(OSError), path.open("rb") as file:
                if self._is_it(file):
                    yield from self._rest(file)
                    return

    def back_to(self, offset: int, number: int) -> None:
        """Read a line again the next time, because nothing could be made of it yet."""
        self.offset, self.number = offset, number

    def _rest(self, file: BinaryIO) -> Iterator[tuple[int, int, bytes]]:
        file.seek(self.offset)
        while (line := file.readline(LONGEST)) and (line.endswith(b"\n") or len(line) == LONGEST):
            begin = self.offset
            self.offset, self.number = begin + len(line), self.number + 1
            if self._head[0] < HEAD:
                place = file.tell()
                self._head = self._digest(file, min(HEAD, self.offset))
                file.seek(place)
            yield begin, self.number, line

    @staticmethod
    def _digest(file: BinaryIO, length: int) -> tuple[int, str]:
        file.seek(0)
        return (length, blake2b(file.read(length), digest_size=16).hexdigest()) if length else (0, "")

    def _let_go(self) -> None:
        if self._held is not None:
            os.close(self._held)
            self._held = None

    __del__ = _let_go

    def state(self) -> dict[str, Any]:
        """Return where reading stopped, as JSON can hold it."""
        return {"offset": self.offset, "number": self.number, "head": list(self._head)}

    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned."""
        with suppress(KeyError):
            length, digest = state["head"]
            self.offset, self.number = int(state["offset"]), int(state["number"])
            self._head = (int(length), str(digest))
