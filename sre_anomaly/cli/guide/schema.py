"""``sre-anomaly schema``: JSON Schema of the YAML, so that an editor completes keys and marks mistakes."""

import json
from typing import Any

from sre_anomaly.cli.guide.limits import properties
from sre_anomaly.config.catalogue import BLOCKS, options, read_block, read_option, read_top
from sre_anomaly.errors import ConfigError, did_you_mean
from sre_anomaly.registry import KINDS, TABLE_KINDS

DRAFT = "https://json-schema.org/draft/2020-12/schema"
ALL = (*KINDS, *TABLE_KINDS)


def schema(words: list[str]) -> None:
    """Print the schema of a preset, or of an option of one group.

    Raises
    ------
    ConfigError
        If there is no such group.
    """
    if len(words) > 1 or (words and words[0] not in ALL):
        raise ConfigError(f"schema: name one group or none; {did_you_mean(words[0], ALL)}")
    print(json.dumps(of_option(words[0]) if words else of_preset(), indent=2))


def of_preset() -> dict[str, Any]:
    """Return the schema of a preset: a file in ``conf/experiment``."""
    known: dict[str, Any] = {
        "defaults": {
            "type": "array",
            "description": "what is chosen of each group, as in - override /detector: iforest",
        }
    }
    known |= {key: {"description": comment} for key, _, comment in read_top()}
    known |= {
        block: {
            "type": "object",
            "description": read_block(block).meaning,
            "properties": {
                key.partition(".")[2]: {"description": comment} for key, _, comment in read_block(block).keys
            },
            "additionalProperties": False,
        }
        for block in BLOCKS
    }
    known |= {kind: {"type": "object", "description": f"keys of {kind}", **_keys(kind)} for kind in ALL}
    return {"$schema": DRAFT, "title": "a preset of sre-anomaly", "type": "object", "properties": known}


def of_option(kind: str) -> dict[str, Any]:
    """Return the schema of an option: a file in ``conf/<kind>``, its keys by its name."""
    branches = []
    for name in options(kind):
        option, limits = read_option(kind, name), properties(kind, name)
        keys = {
            key: {**limits.get(key, {}), "description": comment}
            for key, _, comment in option.keys
            if "." not in key
        }
        branches.append(
            {
                "title": name,
                "description": option.meaning,
                "properties": {"name": {"const": name}, **keys},
                "required": ["name"],
            }
        )
    dotted = {
        "title": "a class of another library",
        "properties": {"name": {"pattern": r"\."}},
        "required": ["name"],
    }
    return {
        "$schema": DRAFT,
        "title": f"{kind} of sre-anomaly",
        "type": "object",
        "properties": {"defaults": {"type": "array"}, "name": {"type": "string"}},
        "anyOf": [*branches, dotted],
    }


def _keys(kind: str) -> dict[str, Any]:
    keys: dict[str, Any] = {}
    for name in options(kind):
        for key, _, comment in read_option(kind, name).keys:
            if "." not in key:
                keys.setdefault(key, {"description": f"{comment} (with {kind}={name})"})
    return {"properties": keys}
