"""Go's text templates, as far as they can be answered without a server; what cannot be stands as it is written."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

ACTION = re.compile(r"\{\{(-(?=\s))?\s*((?:\"(?:\\.|[^\"\\])*\"|`[^`]*`|.)*?)\s*((?<=\s)-)?\}\}", re.DOTALL)
WORD = re.compile(
    r"""\s*(?:(?P<text>"(?:\\.|[^"\\])*"|`[^`]*`)
    |(?P<number>[-+]?(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?))
    |(?P<variable>\$\w*)
    |(?P<field>\.\w+)
    |(?P<name>[A-Za-z_]\w*)
    |(?P<sign>:=|[=|().,]))""",
    re.VERBOSE,
)
ESCAPE = re.compile(r"\\(.)", re.DOTALL)
ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}
SET = re.compile(r"(\$\w+)\s*:?=")
WHOLE = re.compile(r"[-+]?\d+")
OPENING = ("if", "with", "range", "block", "define")
SAME_END = -1
DOT = "."
WORDS = {"true": True, "false": False}
Functions = Mapping[str, Callable[..., Any]]


class UnknownError(Exception):
    """A part of a template that cannot be answered here."""


@dataclass
class Node:
    """A text, an action, or a block from its ``if`` to its ``end``."""

    kind: str
    """``text``, ``action``, or the word that opens a block."""
    source: str
    """As it is written."""
    action: str = ""
    inside: list["Node"] = field(default_factory=list)
    otherwise: list["Node"] = field(default_factory=list)


def render(
    template: str, variables: Mapping[str, Any], functions: Functions, show: Callable[[Any], str]
) -> str:
    """Return a template with its actions answered.

    Parameters
    ----------
    template : str
    variables : mapping
        What each ``$name`` and the dot stand for.
    functions : mapping
        Those that are known; an action with another one stays.
    show : callable
        How a value is written.

    Examples
    --------
    >>> render("{{ if .up }}up{{ else }}down{{ end }} {{ query .up }}", {".": {"up": False}}, {}, str)
    'down {{ query .up }}'
    """
    try:
        nodes = _parsed(template)
    except (UnknownError, IndexError):
        return template
    return _Rendering(functions, show).text(nodes, dict(variables))


def is_true(value: Any) -> bool:
    """Return what ``if`` makes of a value: false are false, 0 and what is empty."""
    return bool(value)


@lru_cache(maxsize=1024)
def _parsed(template: str) -> list[Node]:
    """Return the nodes of a template; spaces at ``{{-`` and ``-}}`` are gone."""
    nodes: list[Node] = []
    stack: list[tuple[Node, list[Node], int]] = []
    for between, found in _pieces(template):
        if between:
            nodes.append(Node("text", between))
        if found is None:
            break
        word, _, rest = found[2].partition(" ")
        rest, start = rest.strip(), found.start()
        if word == "else":
            nodes = stack[-1][0].otherwise
            if rest.startswith("if "):
                # One more `if`, with the same `end`.
                word, rest, start = "if", rest[3:], SAME_END
        if word in OPENING:
            node = Node(word, found[0], rest)
            nodes.append(node)
            stack.append((node, nodes, start))
            nodes = node.inside
        elif word == "end":
            nodes = _closed(stack, template, found.end())
        elif word != "else" and not word.startswith("/*"):
            nodes.append(Node("action", found[0], found[2]))
    if stack:
        raise UnknownError
    return nodes


def _pieces(template: str) -> Iterator[tuple[str, re.Match[str] | None]]:
    """Yield the texts, without the spaces at ``{{-`` and ``-}}``, each with the action behind it."""
    done, trim = 0, False
    for found in ACTION.finditer(template):
        between = template[done : found.start()]
        between = between.lstrip() if trim else between
        yield between.rstrip() if found[1] else between, found
        done, trim = found.end(), bool(found[3])
    yield template[done:].lstrip() if trim else template[done:], None


def _closed(stack: list[tuple[Node, list[Node], int]], template: str, end: int) -> list[Node]:
    """Close a block, with each `else if` of it, and return the nodes in which it stands."""
    start = SAME_END
    while start == SAME_END:
        node, nodes, start = stack.pop()
        node.source = "" if start == SAME_END else template[start:end]
    return nodes


class _Rendering:
    def __init__(self, functions: Functions, show: Callable[[Any], str]) -> None:
        self.functions, self.show = functions, show

    def text(self, nodes: Sequence[Node], variables: dict[str, Any]) -> str:
        return "".join(self._node(node, variables) for node in nodes)

    def _node(self, node: Node, variables: dict[str, Any]) -> str:
        if node.kind == "text":
            return node.source
        outer = variables[DOT]
        try:
            value, set_to = self._pipeline(node, variables)
            if node.kind == "action":
                return "" if set_to else self.show(value)
            variables[DOT] = value if node.kind == "with" and is_true(value) else outer
            return self.text(node.inside if is_true(value) else node.otherwise, variables)
        except UnknownError:
            if not node.source:
                raise  # An `else if` stands in its `if`.
            for name in SET.findall(node.source):
                variables.pop(name, None)  # Nobody knows what it is now.
            return node.source
        finally:
            variables[DOT] = outer

    def _pipeline(self, node: Node, variables: dict[str, Any]) -> tuple[Any, str]:
        """Return what the pipeline of an action or a condition gives, and the variable that it sets."""
        if node.kind not in ("action", "if", "with"):
            raise UnknownError
        words = list(_words(node.action))
        name = ""
        if len(words) > 1 and words[0][0] == "variable" and words[1][1] in (":=", "="):
            name, words = words[0][1], words[2:]
        value, rest = self._piped(words, variables)
        if rest:
            raise UnknownError
        if name:
            variables[name] = value
        return value, name

    def _piped(self, words: list[tuple[str, str]], variables: Mapping[str, Any]) -> tuple[Any, list[Any]]:
        """Return the value of a pipeline, and the words behind it."""
        before: list[Any] = []
        while True:
            name = words[0][1] if words and words[0][0] == "name" and words[0][1] not in WORDS else ""
            operands = []
            words = words[1:] if name else words
            while words and words[0][1] not in ("|", ")"):
                value, words = self._operand(words, variables)
                operands.append(value)
            operands += before
            if name:
                operands = [self._call(name, operands)]
            if len(operands) != 1:
                raise UnknownError
            if not words or words[0][1] == ")":
                return operands[0], words
            before, words = operands, words[1:]

    def _call(self, name: str, operands: list[Any]) -> Any:
        try:
            return self.functions[name](*operands)
        except (KeyError, TypeError, ValueError, ArithmeticError):
            raise UnknownError from None

    def _operand(
        self, words: list[tuple[str, str]], variables: Mapping[str, Any]
    ) -> tuple[Any, list[tuple[str, str]]]:
        (kind, word), words = words[0], words[1:]
        if word == "(":
            value, words = self._piped(words, variables)
            if not words:
                raise UnknownError
            words = words[1:]
        elif kind == "text":
            value = word[1:-1] if word[0] == "`" else ESCAPE.sub(_unescaped, word[1:-1])
        elif kind == "number":
            value = int(word) if WHOLE.fullmatch(word) else float(word)
        elif kind == "name" and word in WORDS:
            value = WORDS[word]
        elif kind == "variable" and word in variables:
            value = variables[word]
        elif kind == "field" or word == DOT:
            value = variables[DOT]
            words = words if word == DOT else [("field", word), *words]
        else:
            raise UnknownError
        while words and words[0][0] == "field":
            if not isinstance(value, Mapping):
                raise UnknownError
            value, words = value.get(words[0][1][1:], ""), words[1:]
        return value, words


@lru_cache(maxsize=1024)
def _words(action: str) -> tuple[tuple[str, str], ...]:
    said, at = list[tuple[str, str]](), 0
    while at < len(action.rstrip()):
        found = WORD.match(action, at)
        if found is None:
            raise UnknownError
        kind = str(found.lastgroup)
        said.append((kind, found[kind]))
        at = found.end()
    return tuple(said)


def _unescaped(found: re.Match[str]) -> str:
    return ESCAPED.get(found[1], found[1])
