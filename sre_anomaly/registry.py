"""Short names of plugins, and the classes behind them.

The same word stands in four places: ``detector=iforest`` on the command line, ``conf/detector/iforest.yaml``,
``sre_anomaly/detector/iforest.py`` and the name it registers (a kind with many files has packages within it). A plugin is imported when it is first asked
for, so listing names costs nothing. Outside packages add theirs by an entry point in the group
``sre_anomaly.plugins`` named ``<kind>.<name>`` that points at a registered class.
"""

import pkgutil
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from typing import TypeVar

from sre_anomaly.errors import ConfigError, did_you_mean

KINDS = ("data", "features", "detector", "threshold", "alerts", "forecaster", "split")
TABLE_KINDS = ("table", "folds", "text", "classifier", "regressor")
"""Kinds of the tasks that learn from a table: classification and regression."""
ENTRY_POINTS = "sre_anomaly.plugins"

T = TypeVar("T", bound=type)

_classes: dict[tuple[str, str], type] = {}


def register(kind: str, name: str) -> Callable[[T], T]:
    """Register a class under a kind and a short name; refuses a name that another class holds.

    Examples
    --------
    >>> @register("example", "mine")
    ... class Mine: ...
    >>> lookup("example", "mine").__name__
    'Mine'
    """

    def keep(cls: T) -> T:
        holder = _classes.setdefault((kind, name), cls)
        if (holder.__module__, holder.__qualname__) != (cls.__module__, cls.__qualname__):
            raise ValueError(f"{kind} {name!r} is already {holder.__module__}.{holder.__qualname__}")
        _classes[kind, name] = cls
        return cls

    return keep


def names(kind: str) -> list[str]:
    """Return every short name of a kind, without importing the plugins."""
    return sorted(set(_own(kind)) | set(_outside(kind)) | {n for k, n in _classes if k == kind})


def lookup(kind: str, name: str) -> type:
    """Return the class behind a short name.

    Raises
    ------
    ConfigError
        If there is no such plugin; names the nearest ones.
    """
    if (kind, name) not in _classes:
        outside = _outside(kind)
        if name in outside:
            _classes[kind, name] = outside[name].load()
        elif name in (own := _own(kind)):
            import_module(own[name])
    try:
        return _classes[kind, name]
    except KeyError:
        raise ConfigError(
            f"{kind}.name: no {kind} is called {name!r}: {did_you_mean(name, names(kind))}"
        ) from None


def name_of(kind: str, cls: type) -> str | None:
    """Return the short name that a class was registered under, None for a class that was not."""
    return next((name for (of, name), known in _classes.items() if of == kind and known is cls), None)


@cache
def _own(kind: str) -> dict[str, str]:
    """Return the module of each short name: a file of the kind's package, or of a package within it."""
    home = f"sre_anomaly.{kind}"
    # A kind that only an outside package or a test knows has no package here.
    found = pkgutil.walk_packages(import_module(home).__path__, f"{home}.") if find_spec(home) else ()
    modules = (module.name for module in found if not module.ispkg)
    return {short: name for name in modules if not (short := name.rpartition(".")[2]).startswith("_")}


def _outside(kind: str) -> dict[str, EntryPoint]:
    prefix = f"{kind}."
    return {
        point.name.removeprefix(prefix): point
        for point in entry_points(group=ENTRY_POINTS)
        if point.name.startswith(prefix)
    }
