"""What differs from line to line, numbers, addresses, paths, identifiers, is masked; what is left is the message.

One set of masks for every system: a mask that has to be tuned to a log is a parser of that log.
"""

import re
from functools import lru_cache

WILD = "<*>"

MASKS = {
    "address of a page": r"\b[a-z]{2,8}://[^\s\"'>]+",
    "path": r"(?<![\w<>/])(?:/[\w.$@+%~-]+){2,}/?|\b[A-Za-z]:\\[^\s,;\"]+",
    "hardware address": r"\b(?:[0-9a-fA-F]{1,2}:){5}[0-9a-fA-F]{1,2}\b",
    "UUID": r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b",
    "IP address, with a port": r"\b(?:[\w-]+\.)*\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b",
    "host name, with a port": r"\b(?:[\w-]+\.){2,}[a-z]{2,}(?::\d+)?\b(?=:|\s|$)",
    # "1190 bytes (1.16 KB)" says one thing twice, and "<1 sec" is a time like any other.
    "amount": (
        r"<?\b\d+(?:\.\d+)? ?(?:ms|secs?|seconds?|minutes?|hours?|days?|[KMGT]i?B|bytes)\b"
        r"(?: \(\d+(?:\.\d+)? [KMGT]?B\))?"
    ),
    "time of day": r"\b\d+:\d\d(?::\d\d)?(?:[.,]\d+)?\b",
    "hexadecimal number": r"\b0x[0-9a-fA-F]+\b|\b(?=[a-fA-F]*\d)[0-9a-fA-F]{6,}\b",
    "number": r"(?<![A-Za-z])[-+]?\d+(?:\.\d+)*(?![A-Za-z])",
}
"""What is masked and how it is recognised; where two begin at one place, the first is taken."""

_MASKED = re.compile("|".join(f"(?:{pattern})" for pattern in MASKS.values()))
_LETTERS = re.compile(r"[^\W\d_]+")
_HUMPS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def mask(text: str) -> str:
    """Return a message with every varying part as ``<*>``.

    Examples
    --------
    >>> mask("10.0.0.7:50010 served blk_38865 from /var/data/x in 25 ms")
    '<*> served blk_<*> from <*> in <*>'
    """
    return _MASKED.sub(WILD, text)


# No mask but that of an amount looks across a blank: of what a number or a bracket beside it does not tie together,
# each piece can be masked alone, and most pieces were seen before.
_CUT = re.compile(r" (?<![0-9] )(?!\([0-9])")
# All masks take one digit for another, but for the nought of 0x.
_ONES = bytes.maketrans(b"023456789", b"1" * 9)
REMEMBERED = 50_000
SHORT = 2_000
"""Signs of a text that is worth remembering; longer ones would fill the memory."""


def plain_words(text: str) -> str:
    """Return the words of a message in lower case, compounds taken apart, without its varying parts.

    Examples
    --------
    >>> plain_words("NameSystem.addStoredBlock: blk_38865 got IOException")
    'name system add stored block blk got io exception'
    """
    return _of_text(text) if len(text) <= SHORT else _of_piece.__wrapped__(text)


@lru_cache(maxsize=REMEMBERED)
def _of_text(text: str) -> str:
    if not text.isascii():
        return _of_piece.__wrapped__(text)
    alike = text if "0x" in text else text.encode().translate(_ONES).decode()
    found = [_of_piece(piece) for piece in _CUT.split(alike)]
    return " ".join([words for words in found if words])


@lru_cache(maxsize=REMEMBERED)
def _of_piece(piece: str) -> str:
    if piece.isalpha() and piece.islower() and piece.isascii():
        return piece
    masked = mask(piece)
    apart = masked if masked.islower() else _HUMPS.sub(" ", masked)
    return " ".join(_LETTERS.findall(apart)).lower()
