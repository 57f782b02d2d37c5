"""What the words of ``sre-anomaly backtest`` ask for: which history, which rules, thresholds and models."""

import json
import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from sre_anomaly import registry
from sre_anomaly.backtesting.rules.limit import is_limit, read_limit
from sre_anomaly.clock import parse_duration
from sre_anomaly.config.catalogue import options
from sre_anomaly.config.compose import composed
from sre_anomaly.errors import ConfigError, did_you_mean
from sre_anomaly.promql.rule_file import Rule

KINDS = ("features", "detector", "threshold", "alerts")
MONTH = "30d"
PLACEHOLDER = "data.metrics={up: up}"
"""Rules bring their own expressions: no metric is asked for."""
KEYS = ("rules", "with", "alertmanager", "incidents", "warm_up", "interval", "slo", "errors", "total", "to")


@dataclass
class Asked:
    """The settings of a backtest."""

    config: dict[str, Any]
    """The configuration that has the data."""
    overrides: list[str] = field(default_factory=list)
    """The words of the configuration that has the data."""
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    chosen: dict[str, list[str]] = field(default_factory=dict)
    """The words that choose each model beside those, where words do."""
    limits: list[Rule] = field(default_factory=list)
    own: dict[str, str] = field(default_factory=dict)
    """What the words give of `KEYS`."""
    warm_up: timedelta = timedelta(days=7)
    metrics: bool = True
    """Whether there are metrics to read; else there are rules alone."""

    @property
    def from_prometheus(self) -> bool:
        """Whether the data come from a server that evaluates rules."""
        return str(self.config["data"]["name"]).startswith("prometheus")


def read_words(words: Sequence[str]) -> Asked:
    """Return what some words ask for.

    Raises
    ------
    ConfigError
        If a word is wrong.
    """
    own, overrides = _divided(words)
    overrides = [*_preset(overrides, own), *overrides]
    given = {word.partition("=")[0].lstrip("+") for word in overrides}
    server = any(
        word in ("experiment=prometheus", "data=prometheus", "data=prometheus_fleet") for word in overrides
    )
    if server and "data.last" not in given:
        overrides.append(f"data.last={MONTH}")
    metrics = not server or any(key.startswith("data.metrics") for key in given) or _names_metrics(overrides)
    if not metrics:
        overrides.append(PLACEHOLDER)
    if "corpus.jobs" not in given:
        overrides.append(f"corpus.jobs={len(os.sched_getaffinity(0))}")
    asked = Asked(composed(overrides), overrides, own=own, metrics=metrics)
    for text in _list_of(own.get("with", "")):
        if is_limit(text):
            asked.limits.append(read_limit(text))
        else:
            asked.models[text], asked.chosen[text] = _model(text, overrides, asked.config)
            _refuse_labels(text, asked.models[text])
    if "with" not in own and metrics and asked.config["detector"]["name"] != "none":
        name = str(asked.config["detector"]["name"])
        asked.models[name], asked.chosen[name] = asked.config, []
    if asked.models and not metrics:
        raise ConfigError("with: a model needs metrics; name them: data.metrics={load: node_load1}")
    if not (asked.models or asked.limits or "rules" in own or "slo" in own):
        raise ConfigError(
            "backtest: nothing to replay; give rules=alerts.yml or with=[baseline,'cpu > 90 for 10m']"
        )
    if "rules" in own and not asked.from_prometheus:
        raise ConfigError("rules: only a Prometheus can evaluate them; add data.url=http://localhost:9090")
    asked.warm_up = _duration("warm_up", own.get("warm_up", "7d"))
    return asked


def _divided(words: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    own: dict[str, str] = {}
    rest = []
    for word in words:
        key, sign, value = word.partition("=")
        if sign and key in KEYS:
            own[key] = value
        elif sign and key.isidentifier() and key not in ("experiment", "seed", "outputs", "name", *_groups()):
            raise ConfigError(f"backtest has no key {key!r}; {did_you_mean(key, KEYS)}")
        else:
            rest.append(word)
    return own, rest


def _names_metrics(overrides: list[str]) -> bool:
    """Return whether the YAML that the words choose names metrics."""
    try:
        composed(overrides)
    except ConfigError as error:
        return "data.metrics: has to be given" not in str(error)
    return True


def _groups() -> tuple[str, ...]:
    return ("data", "split", "forecaster", *KINDS)


def _preset(overrides: Sequence[str], own: Mapping[str, str]) -> list[str]:
    """Return the preset that suits the data, where none is named."""
    keys = {word.partition("=")[0].lstrip("+"): word.partition("=")[2] for word in overrides}
    if "experiment" in keys:
        return []
    if "data.url" in keys:
        return ["experiment=prometheus"]
    if "data.path" in keys:
        many = any(sign in keys["data.path"] for sign in "*?[") or Path(keys["data.path"]).is_dir()
        return ["experiment=fleet" if many else "experiment=csv"]
    if "rules" in own:
        raise ConfigError("rules: which Prometheus is to evaluate them? add data.url=http://localhost:9090")
    raise ConfigError("backtest: of what? give data.url=http://localhost:9090 or data.path=my_metrics.csv")


def _list_of(text: str) -> list[str]:
    if not text:
        return []
    try:
        content = yaml.safe_load(text) if text.lstrip().startswith("[") else [text]
    except yaml.YAMLError:
        raise ConfigError(f"with={text}: write a list such as with=[baseline,'cpu > 90 for 10m']") from None
    return [str(item) for item in content]


def _model(text: str, overrides: Sequence[str], base: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the configuration of a model, and the words that choose it: an option of detector, a preset, the folder of a model, or overrides."""
    manifest = Path(text) / "manifest.json"
    if manifest.is_file():
        config = json.loads(manifest.read_text(encoding="utf-8"))["about"]["config"]
        return {**base, **{kind: config[kind] for kind in KINDS}}, []
    data = [
        word
        for word in overrides
        if word.partition("=")[0].lstrip("+").partition(".")[0] in ("data", "corpus", "seed")
    ]
    if text in options("detector"):
        chosen = [f"detector={text}"]
        return composed([*overrides, *chosen]), chosen
    if text in options("experiment"):
        config = composed([f"experiment={text}", f"data={base['data']['name']}", *data])
        return {**base, **{kind: config[kind] for kind in KINDS}}, []
    if "=" in text:
        chosen = shlex.split(text)
        return composed([*overrides, *chosen]), chosen
    known = [*options("detector"), *options("experiment")]
    raise ConfigError(
        f"with: {text!r} is no detector, preset, model folder or threshold; {did_you_mean(text, known)}"
    )


def _refuse_labels(text: str, config: Mapping[str, Any]) -> None:
    for kind in ("detector", "threshold"):
        name = str(config[kind]["name"])
        if "." not in name and getattr(registry.lookup(kind, name), "needs_labels", False):
            raise ConfigError(
                f"with: {text}: {kind}={name} learns from labels, which nobody has while a service is watched"
            )


def _duration(key: str, text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise ConfigError(f"{key}: {error}") from None
