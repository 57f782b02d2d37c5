"""What a part was made with, as YAML would say it, and whether a model folder can say it."""

from dataclasses import fields, is_dataclass
from datetime import timedelta
from typing import Any

from sre_anomaly.contracts import Detector, Forecaster
from sre_anomaly.registry import name_of

INSIDE: dict[str, type] = {"detector": Detector, "forecaster": Forecaster}
"""Kinds of parts that another part may be made of."""


def can_be_kept(detector: Any) -> bool:
    """Return whether a detector, and all that it is made of, is of our own house."""
    return is_dataclass(detector) and all(can_be_kept(part) for part in _inside(detector))


def _inside(part: Any) -> list[Any]:
    values = [getattr(part, field.name) for field in fields(part) if field.init]
    each = [one for value in values for one in (value.values() if isinstance(value, dict) else [value])]
    return [one for one in each if isinstance(one, tuple(INSIDE.values()))]


def arguments_of(part: Any) -> dict[str, Any]:
    """Return a part's constructor arguments, as YAML would give them."""
    return {field.name: _as_given(getattr(part, field.name)) for field in fields(part) if field.init}


def _as_given(value: Any) -> Any:
    """Return what stands in a config for an argument."""
    if isinstance(value, timedelta):
        return f"{value.total_seconds():.15g}s"
    if isinstance(value, dict):
        return {name: _as_given(one) for name, one in value.items()}
    for kind, promise in INSIDE.items():
        if isinstance(value, promise):
            return {"name": name_of(kind, type(value)), **arguments_of(value)}
    return value
