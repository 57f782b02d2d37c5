"""A Prometheus rule file: groups of recording and alerting rules, each with the line it stands in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sre_anomaly.errors import DataError, did_you_mean

MILLISECOND = 1_000_000
UNITS = {
    "ms": 1,
    "s": 1000,
    "m": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 604_800_000,
    "y": 31_536_000_000,
}
DURATION = re.compile(r"(\d+)(ms|[smhdwy])")
GROUP_KEYS = (
    "name",
    "interval",
    "query_offset",
    "limit",
    "labels",
    "rules",
    "partial_response_strategy",
    "source_tenants",
)
RULE_KEYS = ("record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations")
KIND = "PrometheusRule"
"""Of a rule file of Kubernetes: the groups stand in its `spec`."""
MERGE = "tag:yaml.org,2002:merge"
LABEL, METRIC = re.compile(r"[a-zA-Z_]\w*"), re.compile(r"[a-zA-Z_:][\w:]*")


@dataclass(frozen=True)
class Rule:
    """One rule: it records what its expression gives under a name, or alerts while it gives something."""

    name: str
    records: bool
    expression: str
    interval: int
    """Nanoseconds from one evaluation to the next."""
    hold: int = 0
    """`for`, in ns."""
    keep: int = 0
    """`keep_firing_for`, in ns."""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    group: str = ""
    where: str = ""
    """File and line."""


def read_rules(path: Path, interval: int) -> list[Rule]:
    """Read the rules of a file, or of all ``.yml`` and ``.yaml`` in a folder; a PrometheusRule of Kubernetes works too.

    Parameters
    ----------
    interval : int
        Nanoseconds between evaluations, where a group does not say.

    Raises
    ------
    DataError
        A line for each thing that is wrong, with file, line, and what would be right.
    """
    paths = [path]
    if path.is_dir():
        paths = sorted(one for one in path.rglob("*") if one.suffix in (".yml", ".yaml"))
    if not paths or not all(one.is_file() for one in paths):
        raise DataError(
            f"rules: {path} is not there"
            if not paths or not path.exists()
            else f"rules: {path} has no rule file"
        )
    rules: list[Rule] = []
    mistakes: list[str] = []
    for one in paths:
        reader = _Reader(str(one), interval)
        try:
            rules += reader.rules(one.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            mistakes.append(f"{one}: is no text")
        mistakes += reader.mistakes
    if mistakes:
        raise DataError("\n".join(mistakes))
    if not any(not rule.records for rule in rules):
        raise DataError(f"rules: {path} has no alerting rule: an entry with `alert:` and `expr:`")
    return rules


def rules_in(text: str, name: str, interval: int) -> list[Rule]:
    """Return the rules of a text that we have made ourselves; ``name`` says where it is from."""
    return _Reader(name, interval).rules(text)


def duration(text: str) -> int:
    """Return a duration as Prometheus writes it, in ns.

    Raises
    ------
    ValueError
        If it is none.

    Examples
    --------
    >>> duration("1h30m") // 10**9, duration("0")
    (5400, 0)
    """
    parts = DURATION.findall(text)
    if text != "0" and (not parts or DURATION.sub("", text)):
        raise ValueError(f"{text!r} is no duration; write one such as 5m or 1h30m")
    return sum(int(number) * UNITS[unit] for number, unit in parts) * MILLISECOND


class _Reader:
    """Goes through a file's nodes, which know their lines, and notes what is wrong."""

    def __init__(self, path: str, interval: int) -> None:
        self.path, self.interval, self.mistakes = path, interval, list[str]()

    def rules(self, text: str) -> list[Rule]:
        try:
            documents = list(yaml.compose_all(text, yaml.SafeLoader))
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            self.mistakes.append(f"{self.path}:{line}: is no YAML: {error.problem or error.context}")
            return []
        found: list[Rule] = []
        while documents:
            document = documents.pop(0)
            top = self._mapping(document, "a rule file")
            kind = self._text(top["kind"]) if "kind" in top and "apiVersion" in top else KIND
            if kind.endswith("List"):
                # What `kubectl get prometheusrules -o yaml` writes.
                documents = [*self._items(top.get("items"), "items"), *documents]
                continue
            if kind != KIND:
                continue  # A folder of manifests has other things too.
            if "spec" in top and "groups" not in top:
                top = self._mapping(top["spec"], "spec")
            if "groups" not in top:
                self._wrong(document, "has no `groups:`; a rule file is groups: [{name, rules: [...]}]")
                continue
            for group in self._items(top["groups"], "groups"):
                found += self._group(group)
        return found

    def _group(self, node: Any) -> list[Rule]:
        group = self._mapping(node, "a group", GROUP_KEYS)
        name = self._text(group.get("name"))
        if not name and group:
            self._wrong(node, "the group has no name")
        interval = self._duration(group.get("interval"), "interval") or self.interval
        shared = self._texts(group.get("labels"), "labels")
        rules = [self._rule(one, name, interval, shared) for one in self._items(group.get("rules"), "rules")]
        return [rule for rule in rules if rule is not None]

    def _rule(self, node: Any, group: str, interval: int, shared: Mapping[str, str]) -> Rule | None:
        content = self._mapping(node, "a rule", RULE_KEYS)
        before = len(self.mistakes)
        records = "record" in content
        name = self._text(content.get("record" if records else "alert"))
        what = f"{'record' if records else 'alert'} {name!r}"
        if records == ("alert" in content):
            self._wrong(node, "a rule has either `record:` or `alert:`")
        elif not name:
            self._wrong(node, "the rule has no name")
        elif records and not METRIC.fullmatch(name):
            self._wrong(node, f"record: {name!r} is no name of a metric")
        expression = self._text(content.get("expr")).strip()
        if not expression:
            self._wrong(node, f"{what} has no `expr:`")
        for key in ("for", "keep_firing_for", "annotations"):
            if records and key in content:
                self._wrong(content[key], f"{what} records, and has no `{key}:`")
        labels = self._texts(content.get("labels"), "labels")
        rule = Rule(
            name, records, expression, interval,
            hold=self._duration(content.get("for"), "for"),
            keep=self._duration(content.get("keep_firing_for"), "keep_firing_for"),
            labels={**shared, **labels},
            annotations=self._texts(content.get("annotations"), "annotations"),
            group=group,
            where=f"{self.path}:{node.start_mark.line + 1}",
        )  # fmt: skip
        return rule if len(self.mistakes) == before else None

    def _wrong(self, node: Any, what: str) -> None:
        line = node.start_mark.line + 1 if node is not None else 1
        self.mistakes.append(f"{self.path}:{line}: {what}")

    def _mapping(self, node: Any, what: str, keys: tuple[str, ...] = ()) -> dict[str, Any]:
        if not isinstance(node, yaml.MappingNode):
            self._wrong(node, f"{what} should be a mapping of keys and values")
            return {}
        found, merged = dict[str, Any](), dict[str, Any]()
        for key, value in node.value:
            name = str(key.value)
            if key.tag == MERGE:
                for one in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                    merged = {**self._mapping(one, what, keys), **merged}
                continue
            if keys and name not in keys:
                self._wrong(key, f"{what} has no key {name!r}; {did_you_mean(name, keys)}")
            if name in found:
                self._wrong(key, f"{name!r} stands here twice")
            found[name] = value
        return {**merged, **found}

    def _items(self, node: Any, what: str) -> list[Any]:
        if node is None or (isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null")):
            return []
        if not isinstance(node, yaml.SequenceNode):
            self._wrong(node, f"{what} should be a list")
            return []
        return list(node.value)

    def _text(self, node: Any) -> str:
        if node is None:
            return ""
        if not isinstance(node, yaml.ScalarNode):
            self._wrong(node, "should be a single value")
            return ""
        return "" if node.tag.endswith(":null") else str(node.value)

    def _texts(self, node: Any, what: str) -> dict[str, str]:
        if node is None or (isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null")):
            return {}
        found = {name: self._text(value) for name, value in self._mapping(node, what).items()}
        for name in found:
            if not LABEL.fullmatch(name):
                self._wrong(node, f"{what}: {name!r} is no name of a label")
        return found

    def _duration(self, node: Any, what: str) -> int:
        text = self._text(node)
        try:
            return duration(text) if text else 0
        except ValueError as error:
            self._wrong(node, f"{what}: {error}")
            return 0
