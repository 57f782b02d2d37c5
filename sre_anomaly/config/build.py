"""A config node becomes an object that keeps its promise.

A node is ``name:`` and the constructor's arguments. A short name is looked up in the registry and its
arguments are validated against the constructor's annotations; a dotted name is a class of another library,
which an adapter makes into a `Detector`. Everything wrong with a config is collected and told at once.
"""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from sre_anomaly import contracts, registry
from sre_anomaly.config.adapters import adapt, foreign_class
from sre_anomaly.config.messages import in_words, mistakes_in
from sre_anomaly.errors import ConfigError, UserError, did_you_mean
from sre_anomaly.sources import DataSource, SplitRule

PROMISES: dict[str, type] = {
    "data": DataSource,
    "features": contracts.Features,
    "detector": contracts.Detector,
    "threshold": contracts.Threshold,
    "alerts": contracts.AlertPolicy,
    "forecaster": contracts.Forecaster,
    "split": SplitRule,
}
NOTHING = "none"
"""The option of an optional kind that leaves it out."""
OPTIONAL = ("data", "detector", "forecaster", "table", "classifier", "regressor")


@dataclass
class Parts:
    """The objects that one config asks for; data, detector and forecaster may be absent."""

    data: DataSource | None
    split: SplitRule
    features: contracts.Features
    detector: contracts.Detector | None
    threshold: contracts.Threshold
    alerts: contracts.AlertPolicy
    forecaster: contracts.Forecaster | None


def build_parts(config: Mapping[str, Any]) -> Parts:
    """Build every part of a run and check that they fit together.

    Raises
    ------
    ConfigError
        One line per mistake, all of them at once.
    """
    built: dict[str, Any] = {}
    mistakes = mistakes_in(config)
    seed = int(config["seed"]) if not mistakes else 0
    for kind in PROMISES:
        try:
            built[kind] = build(kind, config[kind], seed=seed)
        except UserError as error:
            # A wrong seed is told once, not again by every plugin that it is handed to.
            told = [line for line in mistakes if line.startswith("seed:")]
            mistakes += [line for line in str(error).splitlines() if not (told and f"{kind}.seed:" in line)]
    if not mistakes:
        parts = Parts(**built)
        if parts.detector is not None:
            parts.detector.columns_in_sigmas = parts.features.sigma_cap is not None
        mistakes = misfits(parts, config)
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return parts


def build(kind: str, node: Mapping[str, Any], *, seed: int = 0, key: str | None = None) -> Any:
    """Return the object that a config node describes, or None for ``name: none`` of an optional kind.

    Raises
    ------
    ConfigError
        Unknown name or key (with did-you-mean), or a value out of range, with the full config key.

    Examples
    --------
    >>> build("threshold", {"name": "sigma", "sigmas": 4}).sigmas
    4.0
    """
    key = key or kind
    arguments = {str(name): value for name, value in node.items()}
    name = str(arguments.pop("name", ""))
    if not name:
        raise ConfigError(f"{key}.name: is missing; {did_you_mean('', registry.names(kind))}")
    if name == NOTHING and kind in OPTIONAL:
        return None
    if "." in name:
        return adapt(kind, foreign_class(name, key), arguments, seed=seed, key=key)
    cls = registry.lookup(kind, name)
    return _construct(cls, arguments, seed=seed, key=key)


def _construct(cls: type, arguments: dict[str, Any], *, seed: int, key: str) -> Any:
    hints, parameters = _hints(cls), _parameters(cls)
    unknown = [name for name in arguments if name not in parameters]
    mistakes = [f"{key}.{name}: no such key; {did_you_mean(name, parameters)}" for name in unknown]
    for name in parameters:
        hint = hints.get(name, Any)
        kind = _promised_kind(hint)
        if kind and isinstance(arguments.get(name), Mapping):
            arguments[name] = build(kind, arguments[name], seed=seed, key=f"{key}.{name}")
        elif get_origin(hint) is dict and (several := _promised_kind(get_args(hint)[1])):
            arguments[name] = _each(several, arguments.get(name), seed=seed, key=f"{key}.{name}")
    given = {name: value for name, value in arguments.items() if name not in unknown}
    try:
        checked = model_of_arguments(cls)(**given)
    except ValidationError as error:
        mistakes += [in_words(detail, key) for detail in error.errors()]
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return cls(**{name: getattr(checked, name) for name in parameters})


@cache
def model_of_arguments(cls: type) -> type[BaseModel]:
    """Return the pydantic model of a class' constructor: what each argument may be."""
    hints = _hints(cls)
    fields: dict[str, Any] = {
        name: (hints.get(name, Any), ... if one.default is inspect.Parameter.empty else one.default)
        for name, one in _parameters(cls).items()
    }
    settings = ConfigDict(arbitrary_types_allowed=True, protected_namespaces=())
    return create_model(cls.__name__, __config__=settings, **fields)


@cache
def _parameters(cls: type) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(cls).parameters


@cache
def _hints(cls: type) -> dict[str, Any]:
    constructor: Any = cls.__init__  # type: ignore[misc]
    hints = get_type_hints(constructor, include_extras=True)
    hints.pop("return", None)
    return hints


def _each(kind: str, nodes: Any, *, seed: int, key: str) -> dict[str, Any]:
    """Build every part of a mapping from names to nodes."""
    if not isinstance(nodes, Mapping) or not all(isinstance(node, Mapping) for node in nodes.values()):
        raise ConfigError(f"{key}: has to name each {kind} and its arguments, as in first: {{name: cknn}}")
    return {
        str(name): build(kind, node, seed=seed, key=f"{key}.{name}")
        for name, node in nodes.items()
        if node.get("name") != NOTHING
    }


def _promised_kind(hint: Any) -> str | None:
    return next((kind for kind, promise in PROMISES.items() if hint is promise), None)


def misfits(parts: Parts, config: Mapping[str, Any]) -> list[str]:
    """Return one line for each pair of parts that cannot work together."""
    found = []
    named = {kind: config[kind]["name"] for kind in PROMISES}
    detector, threshold, features = parts.detector, parts.threshold, parts.features
    if parts.data is None:
        asked = [
            f"{kind}={NOTHING}" for kind in ("detector", "forecaster") if getattr(parts, kind) is not None
        ]
        if asked:
            found.append(f"data=none: there are no metrics; choose data=..., or add {' '.join(asked)}")
    if detector is not None:
        if detector.unit not in threshold.units:
            units = " or ".join(UNIT_WORDS[unit] for unit in threshold.units)
            found.append(
                f"threshold={named['threshold']} needs scores that are {units}, but "
                f"detector={named['detector']} gives {UNIT_WORDS[detector.unit]}: "
                "use threshold=contamination, which works with every detector"
            )
        if named["split"] == NOTHING and (detector.needs_labels or threshold.needs_labels):
            what = "detector" if detector.needs_labels else "threshold"
            found.append(
                f"{what}={named[what]} is trained on labelled data points and must not see those it is evaluated on, but "
                "split=none evaluates the data it was trained on: use split=chronological"
            )
        cap = features.sigma_cap
        sigmas = getattr(threshold, "sigmas", None)
        if cap is not None and sigmas is not None and detector.unit == "sigma" and sigmas >= cap:
            found.append(
                f"features={named['features']} can never exceed {cap:.3f} standard deviations with this window, so "
                f"threshold.sigmas={sigmas:g} would never flag anything: use a longer features.window "
                "or fewer threshold.sigmas"
            )
    return found


UNIT_WORDS: dict[contracts.Unit, str] = {
    "own": "in a unit of their own",
    "sigma": "standard deviations",
    "log_density": "-log densities",
    "probability": "probabilities",
    "evidence": "logarithms of ranks among past data points",
    "surprise": "surprise in common units, as detector=baseline gives it",
}
