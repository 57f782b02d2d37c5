"""YAML whose every part knows the line it stands in, so that a mistake can be shown where it is."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from sre_anomaly.errors import ConfigError, did_you_mean

FLAGS = {
    word: value
    for words, value in (("true yes on y", True), ("false no off n", False))
    for word in words.split()
}


@dataclass(frozen=True)
class Part:
    """A part of a YAML file; its scalars are read as the text that stands there."""

    path: Path
    node: yaml.Node
    name: str = ""
    """The key that leads to it, for messages."""

    @property
    def line(self) -> int:
        """The line it begins in, from 1."""
        return int(self.node.start_mark.line) + 1

    @property
    def empty(self) -> bool:
        """Whether nothing is given."""
        return bool(self.node.tag == "tag:yaml.org,2002:null")

    def wrong(self, what: str) -> ConfigError:
        """Return the error that says where and what."""
        return ConfigError(f"{self.path}, line {self.line}: {what}")

    def mapping(self, known: Iterable[str] | None = None) -> dict[str, "Part"]:
        """Return what stands under each key; a key that stands twice or is not ``known`` is refused."""
        if self.empty:
            return {}
        if not isinstance(self.node, yaml.MappingNode):
            raise self.wrong(f"{self._called} is {self._kind}, not keys with values")
        own: dict[str, Part] = {}
        merged: dict[str, Part] = {}
        for key, value in self.node.value:
            part = Part(self.path, value, str(key.value))
            if not isinstance(key, yaml.ScalarNode):
                raise Part(self.path, key).wrong("a key must be a word")
            if key.tag == "tag:yaml.org,2002:merge":
                merged |= Part(self.path, value, "<<").merged()
            elif key.value in own:
                raise Part(self.path, key).wrong(
                    f"the key {key.value} stands twice, first in line {own[key.value].line}"
                )
            else:
                own[key.value] = part
        found = merged | own
        if known is not None:
            names = set(known)
            for word, part in found.items():
                if word not in names:
                    raise part.wrong(f"{self._called} knows no key {word!r}; {did_you_mean(word, names)}")
        return found

    def items(self) -> list["Part"]:
        """Return the parts of a list."""
        if self.empty:
            return []
        if not isinstance(self.node, yaml.SequenceNode):
            raise self.wrong(f"{self._called} is {self._kind}, not a list; write `- ...` in a line for each")
        return [Part(self.path, one, self.name) for one in self.node.value]

    def text(self) -> str:
        """Return a scalar as the text that stands there; empty where nothing is given."""
        if self.empty:
            return ""
        if not isinstance(self.node, yaml.ScalarNode):
            raise self.wrong(f"{self._called} is {self._kind}, not a text")
        return str(self.node.value)

    def flag(self) -> bool:
        """Return whether true or false stands there."""
        word = self.text()
        if word.lower() not in FLAGS:
            raise self.wrong(f"{self._called} is neither true nor false")
        return FLAGS[word.lower()]

    def merged(self) -> dict[str, "Part"]:
        """Return what ``<<`` brings, one mapping or several of which the first wins."""
        several = self.items() if isinstance(self.node, yaml.SequenceNode) else [self]
        return {key: part for one in reversed(several) for key, part in one.mapping().items()}

    @property
    def _called(self) -> str:
        return self.name or "the file"

    @property
    def _kind(self) -> str:
        kinds = {yaml.ScalarNode: "a text", yaml.SequenceNode: "a list", yaml.MappingNode: "keys with values"}
        return kinds[type(self.node)]


def read_yaml(path: Path) -> Part:
    r"""Read a file of one YAML document.

    Raises
    ------
    ConfigError
        If it cannot be read or is no YAML; what stands in it is not repeated, as that may be a secret.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile("w") as file:
    ...     written = file.write("a: 1\nb:\n  - yes\n"), file.flush()
    ...     part = read_yaml(Path(file.name)).mapping()["b"].items()[0]
    >>> part.text(), part.flag(), part.line
    ('yes', True, 3)
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is no text in UTF-8") from None
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f", line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{path}{where}: is no YAML ({error.problem or error.context})") from None
    except yaml.YAMLError:
        raise ConfigError(f"{path}: is no YAML (it has a character that cannot stand in a text)") from None
    except RecursionError:
        raise ConfigError(
            f"{path}: is nested too deeply (more than {sys.getrecursionlimit()} calls)"
        ) from None
    if node is None:
        raise ConfigError(f"{path}: is empty")
    return Part(path, node)
