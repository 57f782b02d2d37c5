"""Matchers of labels as PromQL and Alertmanager write them: ``name=~"a|b"``."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sre_anomaly.promql.re2 import compile_re2

CLASSIC = re.compile(r"\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|=|!=|!~)\s*((?s:.*?))\s*", re.ASCII)
VALUE = re.compile(r'((?:[^"\\]|\\.)*)(?:(")|(\\))?', re.DOTALL)
TOKEN = re.compile(r"""\s*(?:("(?:[^"\\]|\\.)*")|(=~|!~|!=|=)|([{},])|([^\s{}!=~,\\"'`]+))\s*""")
ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
ESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", '"': '"'}


@dataclass(frozen=True)
class Matcher:
    """One label and what its value must be; a label that is not there has the empty value.

    Examples
    --------
    >>> Matcher("severity", "=~", "critical|page").matches({"severity": "page"})
    True
    >>> Matcher("team", "!=", "db").matches({})
    True
    """

    name: str
    sign: str
    """One of ``=``, ``!=``, ``=~`` and ``!~``."""
    value: str

    def __post_init__(self) -> None:
        """Refuse an expression that RE2 does not know."""
        if self.sign.endswith("~"):
            compile_re2(self.value)

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Say whether labels are matched; an expression must match the whole value."""
        given = labels.get(self.name, "")
        alike = (
            bool(compile_re2(self.value).fullmatch(given)) if self.sign.endswith("~") else given == self.value
        )
        return alike != self.sign.startswith("!")

    def __str__(self) -> str:
        """Return it as it is written."""
        value = self.value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
        return f'{self.name}{self.sign}"{value}"'


def all_match(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    """Say whether labels are matched by all; no matchers match everything."""
    return all(matcher.matches(labels) for matcher in matchers)


def parse_matchers(text: str) -> tuple[Matcher, ...]:
    r"""Read matchers as Alertmanager does: with commas between, quotes and braces as one likes.

    The classic syntax is tried first, then the one that knows any label in quotes, since that is how Alertmanager
    decides where both understand a text and differ.

    Raises
    ------
    ValueError
        If neither understands it.

    Examples
    --------
    >>> [str(one) for one in parse_matchers('{team = db, page!~"no|never"}')]
    ['team="db"', 'page!~"no|never"']
    """
    try:
        return tuple(_classic(one) for one in _divided(text))
    except SyntaxError as error:
        try:
            return tuple(_quoted_names(text))
        except SyntaxError:
            raise ValueError(str(error)) from None


def _divided(text: str) -> list[str]:
    """Divide a text at the commas that are outside of quotes."""
    parts, quoted, escaped = [""], False, False
    for char in text.removeprefix("{").removesuffix("}"):
        if char == "," and not quoted:
            parts.append("")
            continue
        if char == '"' and not escaped:
            quoted = not quoted
        # As Alertmanager has it: a comma in quotes leaves an escape open.
        escaped = not escaped if char == "\\" else escaped and char == ","
        parts[-1] += char
    return parts if parts[-1].strip() else parts[:-1]


def _classic(text: str) -> Matcher:
    found = CLASSIC.fullmatch(text)
    if not found:
        raise SyntaxError(
            f'{text.strip()!r} is no matcher; write one such as severity="critical" or team=~"db|web"'
        )
    name, sign, raw = found.groups()
    quoted = raw.startswith('"')
    raw = raw[1:] if quoted else raw
    inner = VALUE.fullmatch(raw)
    if not inner or bool(inner[2]) != quoted:
        raise SyntaxError(f'{text.strip()!r} has a quote without its other; write {name}{sign}"..."')
    value = re.sub(r"\\([n\"\\])", lambda one: "\n" if one[1] == "n" else one[1], inner[1])
    return Matcher(name, sign, value + (inner[3] or ""))


def _quoted_names(text: str) -> Iterable[Matcher]:
    """Read matchers whose labels may be any text in quotes."""
    tokens, at = [], 0
    while at < len(text):
        token = TOKEN.match(text, at)
        if not token:
            raise SyntaxError(text)
        tokens.append(token.groups())
        at = token.end()
    if tokens and tokens[0][2] == "{":
        if tokens[-1][2] != "}":
            raise SyntaxError(text)
        tokens = tokens[1:-1]
    for first in range(0, len(tokens), 4):
        several = tokens[first : first + 4]
        if len(several) < 3 or [one[2] for one in several[3:]] not in ([], [","]):
            raise SyntaxError(text)
        name, value = (_unquoted(one[0]) if one[0] else one[3] for one in (several[0], several[2]))
        if not (name and several[1][1]) or value is None:
            raise SyntaxError(text)
        yield Matcher(name, several[1][1], value)


def _unquoted(text: str) -> str:
    def meant(found: re.Match[str]) -> str:
        code = found[1] or found[2] or found[3]
        if not code and found[4] not in ESCAPED:
            raise SyntaxError(text)
        return chr(int(code, 16)) if code else ESCAPED[found[4]]

    return ESCAPE.sub(meant, text[1:-1])
