"""Rule files as text: what `promtool check rules` reads, in the order in which it was given."""

import json
from collections.abc import Mapping
from typing import Any

import yaml

LONGEST = 110
"""Characters of an expression that still stands on the line of its key."""


def quoted(text: str) -> str:
    r"""Return a text as a string of PromQL, for a label's matcher.

    Examples
    --------
    >>> print("up{job=" + quoted('a"b') + "}")
    up{job="a\"b"}
    """
    # Of the escapes of JSON each is one of PromQL too.
    return json.dumps(text, ensure_ascii=False)


def escaped(text: str) -> str:
    r"""Return a regular expression of PromQL that matches a text and nothing else.

    Examples
    --------
    >>> print(escaped("a.b-c"))
    a\.b-c
    """
    # Python's own re.escape writes some that RE2 does not know.
    return "".join(f"\\{sign}" if sign in r"\.+*?()|[]{}^$" else sign for sign in text)


def as_text(rules: Mapping[str, Any], comment: str = "") -> str:
    """Return a rule file, or one of its unit tests, as YAML that people read and change.

    Lists and mappings are in block style and in their own order; a text of several lines, or a long one, is a literal
    block.

    Parameters
    ----------
    rules : mapping
        Such as ``{"groups": [...]}``.
    comment : str
        Lines for the file's head, without the ``#``.

    Examples
    --------
    >>> print(as_text({"groups": [{"name": "a", "rules": [{"record": "y", "expr": "up"}]}]}, "Kept by hand."), end="")
    # Kept by hand.
    groups:
      - name: a
        rules:
          - record: 'y'
            expr: up
    """
    # Characters that no YAML file may have stand as a question mark: a comment has no escapes.
    head = "".join(f"# {line}".rstrip() + "\n" for line in comment.splitlines())
    head = yaml.reader.Reader.NON_PRINTABLE.sub("?", head)
    body = yaml.dump(
        rules,
        Dumper=_Block,
        sort_keys=False,
        allow_unicode=True,
        width=float("inf"),
        default_flow_style=False,
    )
    return head + body


class _Block(yaml.SafeDumper):
    """Writes blocks alone, and no anchors: the reader of a rule should find all of it in one place."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - PyYAML's own signature
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - as above
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None
    if not all(map(_is_plain, text)):
        style = '"'  # Only there has each character an escape: some end a line for one reader of YAML and not for another.
    elif ("\n" in text or len(text) > LONGEST) and text.strip() == text:
        style = "|"
    elif text.lower() in {"y", "n"}:
        style = "'"  # A number or a truth to some readers of YAML, though not to PyYAML.
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


def _is_plain(character: str) -> bool:
    return character == "\n" or character.isprintable()


_Block.add_representer(str, _text)
