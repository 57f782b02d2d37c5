r"""The regular expressions of Prometheus and Alertmanager (Go's RE2) as Python's.

Both know most of what people write. Where they differ (``\d`` and ``\w`` are ASCII, ``$`` is the very end, ``{,3}`` is
text, ``[[:alpha:]]``, ``\Q...\E``), the expression is rewritten; what only one of them knows is refused by name.
"""

import re
from functools import lru_cache

Ranges = list[tuple[int, int]]
LAST = 0x10FFFF
PERL = {"d": "0-9", "w": "0-9A-Z_-_a-z", "s": "\t-\n\f-\r - "}
"""What they stand for, as pairs of first and last."""
POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": "\0-\x7f",
    "blank": "\t-\t - ",
    "cntrl": "\0-\x1f\x7f-\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": "!-/:-@[-`{-~",
    "space": "\t-\r - ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_-_",
    "xdigit": "0-9A-Fa-f",
}
PLAIN = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
EDGES = {"b": r"(?a:\b)", "B": r"(?a:\B)", "A": r"\A", "z": r"\Z"}
CHARACTER = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|x\{([0-9A-Fa-f]+)\}|(0[0-7]{0,2}|[1-7][0-7]{1,2}))")
REPEAT = re.compile(r"[*+?]|\{(\d+)(,(\d*))?\}")
GROUP = re.compile(r"\(\?(?:P?<([A-Za-z0-9_]+)>|([a-zA-Z]*)(-[a-zA-Z]+)?(:|\)))")
MOST = 1000
"""More repetitions than these RE2 refuses."""


@lru_cache(maxsize=4096)
def compile_re2(pattern: str) -> re.Pattern[str]:
    """Return an expression of RE2 as one of Python's, for ``fullmatch``.

    Raises
    ------
    ValueError
        If RE2 does not know it, or what it asks for cannot be written for Python.

    Examples
    --------
    >>> bool(compile_re2("node-[[:digit:]]+|db").fullmatch("node-12"))
    True
    >>> compile_re2("(?=node)")
    Traceback (most recent call last):
    ValueError: RE2 knows no (?=
    """
    start, wrap = 0, ""
    if (flags := GROUP.match(pattern)) and flags[4] == ")":
        wrap, start = _flags(flags) + ":", flags.end()
    try:
        text = _Rewriting(pattern, start).text()
        return re.compile(f"(?{wrap}{text})" if wrap else text)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"cannot be used here: {error}") from None


class _Rewriting:
    def __init__(self, pattern: str, start: int) -> None:
        self.pattern, self.at = pattern, start

    def text(self) -> str:
        """Return the expression for Python."""
        found: list[str] = []
        able = repeated = False  # whether the last can be repeated, and whether it is
        while self.at < len(self.pattern):
            char = self.pattern[self.at]
            repeat = REPEAT.match(self.pattern, self.at)
            if repeat:
                found.append(self._repeat(repeat, able, repeated))
                repeated = True
                continue
            repeated, able = False, char not in "(|"
            if char == "\\":
                found.append(self._escape())
            elif char == "[":
                found.append(self._class())
            elif char == "(":
                found.append(self._group())
            else:
                self.at += 1
                found.append(char if char in ")|^." else r"\Z" if char == "$" else re.escape(char))
        return "".join(found)

    def _repeat(self, repeat: re.Match[str], able: bool, repeated: bool) -> str:
        if repeated:
            raise ValueError(f"RE2 knows no repetition of a repetition such as {repeat[0]!r} here")
        if not able:
            raise ValueError(f"nothing stands before {repeat[0]!r} that it could repeat")
        if max(int(repeat[1] or 0), int(repeat[3] or 0)) > MOST:
            raise ValueError(f"{repeat[0]!r} is more than {MOST} repetitions")
        self.at = repeat.end()
        if self.pattern.startswith("?", self.at):
            self.at += 1
            return f"{repeat[0]}?"
        return repeat[0]

    def _group(self) -> str:
        if not self.pattern.startswith("(?", self.at):
            self.at += 1
            return "("
        found = GROUP.match(self.pattern, self.at)
        if not found:
            raise ValueError(f"RE2 knows no {self.pattern[self.at : self.at + 3]}")
        if found[4] == ")":
            raise ValueError(f"{found[0]} can only stand at the very start here")
        self.at = found.end()
        return f"(?P<{found[1]}>" if found[1] else f"(?{_flags(found)}:"

    def _escape(self) -> str:
        following = self.pattern[self.at + 1 : self.at + 2]
        if following == "Q":
            end = self.pattern.find("\\E", self.at + 2)
            literal = self.pattern[self.at + 2 : end if end >= 0 else None]
            self.at = end + 2 if end >= 0 else len(self.pattern)
            return re.escape(literal)
        if following in EDGES:
            self.at += 2
            return EDGES[following]
        if following.lower() in PERL:
            self.at += 2
            return _class(_named(PERL[following.lower()], negated=following.isupper()))
        return re.escape(self._character())

    def _character(self) -> str:
        """Return the one character that stands here, perhaps as an escape."""
        if self.pattern[self.at] != "\\":
            self.at += 1
            return self.pattern[self.at - 1]
        following = self.pattern[self.at + 1 : self.at + 2]
        if code := CHARACTER.match(self.pattern, self.at):
            number = int(code[1] or code[2], 16) if code[1] or code[2] else int(code[3], 8)
            if number > LAST:
                raise ValueError(f"{code[0]} is no character")
            self.at = code.end()
            return chr(number)
        self.at += 2
        if following in PLAIN:
            return PLAIN[following]
        if not following or following.isalnum() or ord(following) > 0x7F:
            raise ValueError(f"the escape \\{following} is not known here")
        return following

    def _class(self) -> str:
        """Return a class in brackets."""
        begin = self.at
        negated = self.pattern.startswith("^", self.at + 1)
        self.at += 2 if negated else 1
        ranges: Ranges = []
        first = self.at
        while not self.pattern.startswith("]", self.at) or self.at == first:
            if self.at >= len(self.pattern):
                raise ValueError(f"nothing closes the bracket of {self.pattern[begin:]!r}")
            ranges += self._range()
        self.at += 1
        return _class(_complement(ranges) if negated else ranges)

    def _range(self) -> Ranges:
        """Return one entry of a class."""
        if self.pattern.startswith("[:", self.at) and (end := self.pattern.find(":]", self.at + 2)) >= 0:
            name = self.pattern[self.at + 2 : end]
            if name.removeprefix("^") not in POSIX:
                raise ValueError(f"RE2 knows no class [:{name}:]")
            self.at = end + 2
            return _named(POSIX[name.removeprefix("^")], negated=name.startswith("^"))
        following = self.pattern[self.at + 1 : self.at + 2]
        if self.pattern[self.at] == "\\" and following.lower() in PERL:
            self.at += 2
            return _named(PERL[following.lower()], negated=following.isupper())
        low = high = self._character()
        if self.pattern.startswith("-", self.at) and self.pattern[self.at + 1 : self.at + 2] not in ("", "]"):
            self.at += 1
            high = self._character()
        if low > high:
            raise ValueError(f"the range {low}-{high} is backwards")
        return [(ord(low), ord(high))]


def _flags(group: re.Match[str]) -> str:
    """Return the flags of a group as Python has them, such as ``i`` or ``s-i``."""
    on, off = group[2] or "", group[3] or ""
    if strange := (set(on + off) - set("-is")):
        raise ValueError(f"the flag {min(strange)} is not known here; i and s are")
    return "".join(sorted(set(on))) + ("-" + "".join(sorted(set(off[1:]))) if off else "")


def _named(text: str, negated: bool) -> Ranges:
    ranges = [(ord(text[at]), ord(text[at + 2])) for at in range(0, len(text) - 2, 3)]
    return _complement(ranges) if negated else ranges


def _complement(ranges: Ranges) -> Ranges:
    found, following = [], 0
    for low, high in sorted(ranges):
        if low > following:
            found.append((following, low - 1))
        following = max(following, high + 1)
    return [*found, (following, LAST)] if following <= LAST else found


def _class(ranges: Ranges) -> str:
    return "[" + "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in ranges) + "]" if ranges else r"(?!)"
