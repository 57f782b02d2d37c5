"""PromQL as tokens and selectors: enough to see what an expression asks for; a Prometheus alone evaluates it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

TOKEN = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)
    |(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)
    |(?P<duration>(?:\d+(?:ms|[smhdwy]))+(?![\w.]))
    |(?P<number>0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<name>[a-zA-Z_:][\w:]*)
    |(?P<sign>=~|!~|!=|==|>=|<=|[-+*/%^(){}\[\],=<>@:])
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
COMPARISONS = ("==", "!=", ">=", "<=", ">", "<")
WORDS = {
    "and",
    "or",
    "unless",
    "bool",
    "offset",
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
    "atan2",
}
NUMBERS = {"inf", "nan"}
SCALARS = {"scalar", "time", "pi"}
ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))", re.DOTALL)
ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
CALLED = {"(", "by", "without"}
"""What follows the name of a function or an aggregation, and never that of a metric."""
WITH_LABELS = {"by", "without", "on", "ignoring", "group_left", "group_right"}


@dataclass(frozen=True)
class Token:
    """A word of an expression and where it stands."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Matcher:
    """``label="value"``, or with ``!=``, ``=~`` or ``!~``."""

    label: str
    sign: str
    value: str
    """The string as it is written, in its quotes."""


@dataclass(frozen=True)
class Selector:
    """A metric as an expression asks for it."""

    name: str
    matchers: tuple[Matcher, ...]
    start: int
    end: int
    """Where the name and its matchers end."""
    window: str
    """What stands in brackets behind it, such as ``5m``; empty where nothing does."""
    window_end: int
    shift: str
    """``offset`` and ``@`` behind it, as they are written."""
    shift_end: int


def tokens(expression: str) -> list[Token]:
    """Return the tokens of an expression, without spaces and comments.

    Examples
    --------
    >>> [token.text for token in tokens("rate(x[5m]) > 1.5 # much")]
    ['rate', '(', 'x', '[', '5m', ']', ')', '>', '1.5']
    """
    found = TOKEN.finditer(expression)
    return [Token(str(m.lastgroup), m[0], m.start(), m.end()) for m in found if m.lastgroup != "space"]


def selectors(expression: str) -> Iterator[Selector]:
    """Yield what an expression asks for, from left to right.

    Examples
    --------
    >>> [(one.name, one.window, one.shift) for one in selectors('sum by (job) (rate(a{b="c"}[5m] offset 1h)) / on(x) d')]
    [('a', '5m', 'offset 1h'), ('d', '', '')]
    """
    words = [*tokens(expression), Token("end", "", len(expression), len(expression))]
    at = 0
    while at < len(words) - 1:
        word, following = words[at], words[at + 1].text
        if word.kind == "name" and word.text.lower() in WITH_LABELS and following == "(":
            at = _behind(words, at + 1, ")")
            continue
        named = word.kind == "name" and word.text.lower() not in WORDS | NUMBERS and following not in CALLED
        if word.text == "[":
            at = _behind(words, at, "]")
            continue
        if not named and word.text != "{":
            at += 1
            continue
        start, name = word.start, word.text if named else ""
        at += named
        matchers: tuple[Matcher, ...] = ()
        if words[at].text == "{":
            stop = _behind(words, at, "}")
            matchers = _matchers(words[at + 1 : stop - 1])
            at = stop
            if inside := [one for one in matchers if one.label == "__name__" and one.sign == "="]:
                name = unquoted(inside[0].value)
                matchers = tuple(one for one in matchers if one not in inside)
        end = words[at - 1].end
        window, window_end = "", end
        if words[at].text == "[":
            stop = _behind(words, at, "]")
            window, window_end = expression[words[at].end : words[stop - 1].start], words[stop - 1].end
            at = stop
        begun = at
        while words[at].text.lower() in ("offset", "@"):
            at = _behind_shift(words, at)
        shift = expression[words[begun].start : words[at - 1].end] if at > begun else ""
        yield Selector(name, matchers, start, end, window, window_end, shift, words[at - 1].end)


def without_comments(expression: str) -> str:
    """Return an expression that can stand in brackets: a comment at its end would hide the closing one.

    Examples
    --------
    >>> without_comments('up{a="#"} # how many')
    'up{a="#"}'
    """
    found = TOKEN.finditer(expression)
    return "".join(m[0] for m in found if not m[0].startswith("#")).strip()


def is_scalar(expression: str) -> bool:
    """Return whether an expression is a plain number, which a rule records as a vector without labels.

    Examples
    --------
    >>> [is_scalar(text) for text in ("-0.95", "scalar(up) * 2", "time() - start", "vector(1)", "(1 + 2) > bool 2")]
    [True, True, False, False, True]
    """
    words = [*tokens(expression), Token("end", "", 0, 0)]
    at = 0
    while at < len(words) - 1:
        word, following = words[at], words[at + 1].text
        if word.kind == "name" and word.text.lower() in SCALARS and following == "(":
            at = _behind(words, at + 1, ")")
            continue
        if word.text == "{" or (word.kind == "name" and word.text.lower() not in {"bool", "atan2"} | NUMBERS):
            return False
        at += 1
    return True


def unquoted(text: str) -> str:
    r"""Return what a string of PromQL says.

    Examples
    --------
    >>> print(unquoted(r'"a\\d\"b"'), unquoted("`a\\d`"))
    a\d"b a\d
    """
    return text[1:-1] if text[0] == "`" else ESCAPE.sub(_unescaped, text[1:-1])


def _unescaped(found: re.Match[str]) -> str:
    code, octal = found[1] or found[2] or found[3], found[4]
    if code or octal:
        return chr(int(code or octal, 16 if code else 8))
    return ESCAPED.get(found[5], found[5])


def comparison(expression: str) -> tuple[str, str, float] | None:
    """Return what an expression compares with a plain number at its end: left side, sign, number; None where it does not.

    Examples
    --------
    >>> comparison("sum(rate(errors[5m])) / sum(rate(all[5m])) > 0.05")
    ('sum(rate(errors[5m])) / sum(rate(all[5m]))', '>', 0.05)
    >>> comparison("a > 1 and b > 2") is None
    True
    """
    words, depth, outside = tokens(expression), 0, []
    for word in words:
        depth -= word.text in (")", "}", "]")
        if depth == 0:
            outside.append(word)
        depth += word.text in ("(", "{", "[")
    signs = [word for word in outside if word.text in COMPARISONS]
    if len(signs) != 1 or any(word.text.lower() in ("and", "or", "unless") for word in outside):
        return None
    behind = "".join(word.text for word in words if word.start >= signs[0].end)
    try:
        return expression[: signs[0].start].strip(), signs[0].text, float(behind)
    except ValueError:
        return None


def _behind(words: list[Token], at: int, close: str) -> int:
    """Return the number of the token behind the bracket that closes the one at ``at``."""
    opening, depth = words[at].text, 0
    while at < len(words) - 1:
        depth += (words[at].text == opening) - (words[at].text == close)
        at += 1
        if depth == 0:
            break
    return at


def _behind_shift(words: list[Token], at: int) -> int:
    """Return the number of the token behind an ``offset`` or ``@``."""
    at += 1
    at += words[at].text in ("-", "+")
    calls = words[at].kind == "name" and words[min(at + 1, len(words) - 1)].text == "("
    return _behind(words, at + 1, ")") if calls else min(at + 1, len(words) - 1)


def _matchers(words: list[Token]) -> tuple[Matcher, ...]:
    found, at = [], 0
    while at + 2 < len(words):
        label, sign, value = words[at : at + 3]
        if label.kind == "name" and sign.text in ("=", "!=", "=~", "!~") and value.kind == "string":
            found.append(Matcher(label.text, sign.text, value.text))
            at += 3
        else:
            at += 1
    return tuple(found)
