"""What can be wrong with what the user gave us.

A mistake of the user's is a `UserError`: one clear line and exit code 2, never a traceback. Any other
exception is a fault of ours and keeps its traceback.

    UserError               what is wrong, where, and what would be right
    ├── ConfigError         a key, a value or a combination in the configuration
    └── DataError           a file, a row or a column of the data
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from pathlib import Path
from unicodedata import category

MOST_NAMES = 16
"""A longer list helps nobody on one line."""


class UserError(Exception):
    """A mistake that the user can mend; its text is the one line that says how."""


class ConfigError(UserError):
    """The configuration asks for something that does not exist or cannot work."""


class DataError(UserError):
    """The data cannot be used as they are."""


DATA_KEY = re.compile(r"(?<![\w./])data\.(?=(?:path|time|timezone|day_first|format|year)\b(?!\.\w))")
"""A key of ``data`` that ``table`` has as well."""


def keys_of_table(text: str) -> str:
    """Return what a reader that metrics and tables share says, with the keys of ``table``.

    Examples
    --------
    >>> keys_of_table("data.path: metadata.path is not there")
    'table.path: metadata.path is not there'
    """
    return DATA_KEY.sub("table.", text)


def missing(key: str, path: Path) -> str:
    """Return the line for a path that is not there: its first part that is missing, and what it may have meant.

    Examples
    --------
    >>> missing("data.path", Path("/nowhere/at/all.log"))
    'data.path: /nowhere/at/all.log is not there; nor is /nowhere'
    """
    lost = path
    while not lost.parent.is_dir() and lost.parent != lost:
        lost = lost.parent
    near: list[str] = []
    with suppress(OSError):
        near = [entry.name for entry in lost.parent.iterdir()]
    close = get_close_matches(lost.name, near, n=2)
    hint = f"; did you mean {' or '.join(repr(name) for name in close)}?" if close else ""
    return f"{key}: {path} is not there{'' if lost == path else f'; nor is {lost}'}{hint}"


@contextmanager
def naming_keys_of_table() -> Iterator[None]:
    """Let a mistake in here be told with the keys of ``table``, which the user has typed."""
    try:
        yield
    except UserError as error:
        raise type(error)(keys_of_table(str(error))) from None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint that names the nearest known words, or all of them when none is near.

    Examples
    --------
    >>> did_you_mean("iforrest", ["gaussian", "iforest", "zscore"])
    "did you mean 'iforest'? (there are: gaussian, iforest, zscore)"
    >>> did_you_mean("cnkk", ["auto", "cknn", "zscore"])
    "did you mean 'cknn'? (there are: auto, cknn, zscore)"
    """
    names = sorted(known)
    near = get_close_matches(word, names, n=2, cutoff=0.6)
    if not near and len(word) > 3:
        # Two wrong letters in a short word are half of it.
        near = get_close_matches(word, names, n=1, cutoff=0.5)
    if not near and word:
        near = [name for name in names if word.lower() in name.lower()][:MOST_NAMES]
    everything = f"there are: {', '.join(names)}" if names else "there are none"
    if len(names) > MOST_NAMES:
        everything = f"there are {len(names)}, from {names[0]} to {names[-1]}"
    if not near:
        return everything
    return f"did you mean {' or '.join(repr(n) for n in near)}? ({everything})"


def printable(text: str) -> str:
    r"""Return a text of somebody else's as it can be shown: what would move a cursor, colour or turn round a line is escaped.

    Examples
    --------
    >>> printable("cpu\x1b[2J"), printable("CPU\u00a0usage")
    ('cpu\\x1b[2J', 'CPU\xa0usage')
    """
    if text.isprintable():
        return text
    return "".join(
        sign if sign.isprintable() or category(sign) == "Zs" else ascii(sign)[1:-1] for sign in text
    )
