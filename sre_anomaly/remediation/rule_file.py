"""Reading the file of rules: every mistake in words, all of them at once."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from sre_anomaly.config.messages import in_words
from sre_anomaly.errors import ConfigError, did_you_mean
from sre_anomaly.remediation.rules import Action, Limits, Rule, Rules


def read_rules(path: Path) -> Rules:
    """Read the file; its audit log and kill switch are found from the folder that it is in.

    Raises
    ------
    ConfigError
        One line for each mistake, all of them at once.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _Once)  # noqa: S506 - it is a SafeLoader
    except OSError as error:
        raise ConfigError(f"remediation={path}: cannot be read ({error.strerror})") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: is no YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise ConfigError(
            f"{path}: holds no settings; `sre-anomaly new remediation NAME` writes a file to begin with"
        )
    mistakes = []
    try:
        found = Rules.model_validate(content)
    except ValidationError as error:
        mistakes = [
            in_words(_without_secrets(detail), known=_known(detail["loc"])) for detail in error.errors()
        ]
    mistakes += _unknown_actions(content)
    if mistakes:
        raise ConfigError("\n".join(f"{path}: {mistake}" for mistake in mistakes))
    folder = path.absolute().parent
    return found.model_copy(
        update={
            name: str(folder / Path(getattr(found, name)).expanduser())
            for name in ("audit_log", "kill_switch")
        }
    )


def _without_secrets(detail: Any) -> Any:
    """Return one of pydantic's findings; without what was given where that may hold a password."""
    return detail | {"input": ()} if detail["loc"][-1:] == ("url",) else detail


def _known(where: tuple[int | str, ...]) -> dict[str, Any]:
    """Return the keys there are beside one, by its place."""
    parts: dict[str, type[BaseModel]] = {"limits": Limits, "actions": Action, "rules": Rule}
    model = parts.get(str(where[0]), Rules) if len(where) > 1 else Rules
    return {one.alias or name: one for name, one in model.model_fields.items()}


def _unknown_actions(content: dict[str, Any]) -> list[str]:
    rules, actions = content.get("rules"), content.get("actions")
    if not isinstance(rules, list) or not isinstance(actions, dict):
        return []
    asked = [(n, rule["do"]) for n, rule in enumerate(rules) if isinstance(rule, dict) and "do" in rule]
    return [
        f"rules.{number}.do: no action is called {name!r}; {did_you_mean(name, map(str, actions))}"
        for number, name in asked
        if isinstance(name, str) and name not in actions
    ]


class _Once(yaml.SafeLoader):
    """Refuses a key that stands twice: YAML would silently take the last, and a limit is no place for that."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Return a mapping whose keys are all different."""
        keys = [key.value for key, _ in node.value]
        if twice := next((key for key in keys if keys.count(key) > 1), None):
            line = node.start_mark.line + 1
            raise yaml.YAMLError(f"the key {twice!r} stands twice in the block that begins in line {line}")
        return super().construct_mapping(node, deep)
