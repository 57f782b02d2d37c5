"""Hydra composes the configuration; its complaints become one clear line."""

import hashlib
import json
import os
import re
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hydra
from hydra.errors import HydraException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from sre_anomaly.config.catalogue import GROUPS, having, options
from sre_anomaly.config.environment import marked
from sre_anomaly.errors import ConfigError, did_you_mean

CONFIG_MODULE = "sre_anomaly.conf"
OPEN = re.compile(r"data(\.base)?\.known[.=]")
"""What is known of metrics has the user's own names as keys, which cannot stand in our YAML."""
IN_LIST = re.compile(r"(?:[^,{(]|\{[^}]*\}|\([^)]*\))+")
"""A part of a list, which may be an expression such as x{a="1",b="2"}."""
HOME = re.compile(r"(?:^|[\s\[{(,:\"'])~")
"""A folder of somebody's own, unlike the sign of a matcher such as code=~"5..", which follows another sign."""
MOST_TOLD = 3
"""Options that a key belongs to, of which so many are told."""
NOT_OURS = ("hydra", "tuned")
"""Parts of the composed config that are not a run's own."""


def version_base() -> str | None:
    """Return what Hydra wants to hear: the 1.3 line asks which defaults to use, the 1.4 line does not."""
    return "1.3" if hydra.__version__.startswith("1.3") else None


def refuse_unknown_sweep(words: list[str]) -> None:
    """Check the name of a sweep: Hydra would run without one where there is none of that name.

    Raises
    ------
    ConfigError
        If there is no such sweep, or several are named.
    """
    for word in words:
        key, equals, name = word.partition("=")
        if key == "sweep" and equals and name != "null" and name not in options("sweep"):
            hint = "name one" if "," in name else did_you_mean(name, options("sweep"))
            raise ConfigError(f"sweep={name}: no such option; {hint}")


def opened(word: str) -> str:
    """Return an override that adds to what is known of metrics, instead of asking for keys that are there.

    Examples
    --------
    >>> opened("data.known.cpu.weight=2"), opened("data.path=x.csv")
    ('++data.known.cpu.weight=2', 'data.path=x.csv')
    """
    return f"++{word}" if OPEN.match(word) else word


def composed(overrides: list[str]) -> dict[str, Any]:
    """Return the resolved configuration of some overrides, without running anything.

    Raises
    ------
    ConfigError
        If Hydra cannot compose it, or a value that has no default is not given.

    Examples
    --------
    >>> composed(["detector=zscore"])["threshold"]
    {'name': 'sigma', 'sigmas': 3.0}
    """
    with complaints_in_words(overrides):
        return resolved(_compose(overrides))


def resolved(config: DictConfig) -> dict[str, Any]:
    """Return a config as plain dicts and lists, every interpolation replaced.

    Raises
    ------
    ConfigError
        If a value that has no default is not given.
    """
    # Hydra's own part stays out: to resolve it would cost more than all of ours.
    ours = [str(key) for key in config if key not in NOT_OURS]
    content: dict[str, Any] = {}
    missing: list[str] = []
    for key in ours:
        if OmegaConf.is_missing(config, key):
            missing.append(key)
            continue
        value = config[key]
        if OmegaConf.is_config(value):
            missing += OmegaConf.missing_keys(value)
        content[key] = value
    if missing:
        raise ConfigError("\n".join(f"{key}: has to be given: {key}=..." for key in sorted(missing)))
    written: Any = OmegaConf.to_container(OmegaConf.masked_copy(config, ours), resolve=False)
    whole = ((key, OmegaConf.is_config(value), value) for key, value in content.items())
    plain = {key: OmegaConf.to_container(one, resolve=True) if nested else one for key, nested, one in whole}
    return {str(key): marked(value, written[key]) for key, value in plain.items()}


def register_resolvers() -> None:
    """Register what the YAML interpolates beyond Hydra's own."""
    OmegaConf.register_new_resolver("process_id", os.getpid, replace=True)
    OmegaConf.register_new_resolver("sweep_name", _sweep_name, replace=True)


def _sweep_name(choice: str, *, _root_: DictConfig) -> str:
    """Return what a sweep's folder is called: the same command, the same name."""
    sweeper, words = _root_.hydra.sweeper, _root_.hydra.overrides.task
    if own := sweeper.get("study_name"):
        return str(own)
    varied = [sweeper.get(key) for key in ("objective", "direction", "constraints", "params", "when")]
    # A sweep over other values is another sweep.
    varied += sorted(word for word in words if "," in word or "(" in word)
    digest = hashlib.sha256(f"{fixed_hash(_root_)} {varied}".encode()).hexdigest()
    return f"{choice}_{digest[:8]}"


def fixed_hash(config: DictConfig) -> str:
    """Return a short hash of all that decides what a run finds: equal hash, equal result.

    Before a sweep is resolved, this is what the sweep leaves as it is.
    """
    content: Any = OmegaConf.to_container(config, resolve=False)
    kept = {
        str(key): value for key, value in content.items() if key not in (*NOT_OURS, "outputs", "tracking")
    }
    return hashlib.sha256(json.dumps(kept, sort_keys=True, default=str).encode()).hexdigest()[:8]


@contextmanager
def complaints_in_words(overrides: list[str]) -> Iterator[None]:
    """Turn Hydra's and OmegaConf's exceptions into a `ConfigError` of one line."""
    try:
        yield
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(_in_words(error, overrides)) from None
    except YAMLError as error:
        raise ConfigError(f"a YAML file is broken: {' '.join(str(error).split())}") from None


def composed_with_hydra(overrides: list[str]) -> DictConfig:
    """Return the configuration with Hydra's own part, unresolved."""
    return _compose(overrides, with_hydra=True)


def _compose(overrides: list[str], *, with_hydra: bool = False) -> DictConfig:
    register_resolvers()
    with hydra.initialize_config_module(CONFIG_MODULE, version_base=version_base()):
        return hydra.compose(
            "config", overrides=[opened(word) for word in overrides], return_hydra_config=with_hydra
        )


def _in_words(error: BaseException, overrides: list[str]) -> str:
    text = str(error)
    if match := re.search(r"Could not find '(\w+)/([^']*)'", text):
        kind, name = match.groups()
        if kind in GROUPS:
            return f"{kind}={name}: no such option; {did_you_mean(name, options(kind))}"
    if match := re.search(r"Could not override '([^']+)'", text):
        return _unknown_key(match.group(1), overrides)
    if match := re.search(
        r"Value '([^']*)' of type '\w+' could not be converted to (\w+)\s+full_key: (\S+)",
        f"{text} {error.__cause__ or ''}",
    ):
        value, kind, key = match.groups()
        return f"{key}: is a number ({kind.lower()}), not {value!r}"
    if isinstance(error, OverrideParseException):
        return _not_an_override(str(error.override))
    if "@experiment." in text:
        return "a preset of yours needs the line '# @package _global_' as the very first line of its file"
    if "to a sweep" in text or "--multirun" in text:
        return (
            f"{' '.join(overrides)}: several values for one key; add -m to run once for each, or "
            "write a decimal point where a comma was meant"
        )
    if match := re.search(r"Multiple values for (\w+)", text):
        return f"{match.group(1)}: is chosen twice; write {match.group(1)}=... once, without +"
    return " ".join(f"{text} {error.__cause__ or ''}".split())


def _not_an_override(override: str) -> str:
    key, _, value = override.partition("=")
    if "=" not in override:
        own = (
            f"; for metrics of yours: experiment=csv data.path={override}" if Path(override).is_file() else ""
        )
        return f"{override}: is not an override; write key=value{own}"
    if HOME.search(value):
        return f"{override}: write the whole path instead of ~"
    if value.startswith("[") and not value.endswith("]") and "<" not in value:
        return f"{override}: is not an override; write a list without spaces, as in {key}=[a,b]"
    if match := re.match(r"(?:tag\(\w+,)?(interval|range|choice)\(", value):
        example = {"interval": "(0.001,0.1)", "range": "(1,10)", "choice": "(a,b)"}[match[1]]
        return f"{override}: is not an override; {match[1]} is written as in '{key}={match[1]}{example}'"
    if value.startswith("{"):
        return f"{override}: is not an override; quote each value and then the whole, as in '{key}={{cpu:\"...\"}}'"
    listed = value.startswith("[") and value.endswith("]")
    parts = [
        '"' + part.strip().strip('"').replace('"', '\\"') + '"'
        for part in (IN_LIST.findall(value[1:-1]) if listed else [value])
    ]
    right = shlex.quote(f"{key}=[{','.join(parts)}]" if listed else f"{key}={parts[0]}")
    return f"{override}: is not an override; quote a value with spaces or special signs: {right}"


def _unknown_key(key: str, overrides: list[str]) -> str:
    """Say which keys there are beside the one that is not there."""
    # What is swept has no single value to compose with.
    others = [
        word
        for word in overrides
        if word.split("=", 1)[0].lstrip("+~") != key and ("[" in word or not re.search(r"[(,]", word))
    ]
    try:
        found = _compose(others, with_hydra=key.startswith("hydra."))
        content: Any = OmegaConf.to_container(found, resolve=False)
    except (HydraException, OmegaConfBaseException):
        return f"{key}: no such key"
    path: list[str] = []
    for part in key.split("."):
        if not isinstance(content, Mapping):
            return f"{key}: no such key; {'.'.join(path)} is a single value"
        if part not in content:
            break
        content = content[part]
        path.append(part)
    else:
        there = ", ".join(map(str, content)) if isinstance(content, Mapping) else "none"
        return f"{key}: one of these keys is not there ({there} are); add one by itself: +{key}.NAME=VALUE"
    known = [str(name) for name in content if path or name not in NOT_OURS]
    known += [] if path else [group for group in GROUPS if group not in known]
    parent = ".".join(path)
    last = key.split(".")[len(path)]
    chosen = f" ({parent} is {content['name']!r} here)" if parent in GROUPS and "name" in content else ""
    elsewhere = having(parent, last) if parent in GROUPS else []
    if not path and "." not in key:
        # The last word of a key, typed alone.
        whole = [
            f"{kind}.{key}"
            for kind in GROUPS
            if kind not in ("experiment", "sweep", "tracking") and having(kind, key)
        ]
        if whole:
            return f"{key}: no such key; did you mean {' or '.join(whole[:MOST_TOLD])}?"
    return f"{key}: no such key{chosen}; " + (
        f"it belongs to {' or '.join(elsewhere[:MOST_TOLD])}" if elsewhere else did_you_mean(last, known)
    )
