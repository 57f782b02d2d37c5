"""The parts of a classification or a regression, built from their config nodes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sre_anomaly.config.build import NOTHING, Parts, build, build_parts
from sre_anomaly.errors import ConfigError, UserError
from sre_anomaly.table_contracts import Classifier, FoldRule, Regressor, TableSource, TextEncoder

LEARNERS = ("classifier", "regressor")


@dataclass
class TableParts:
    """The objects that a config asks for; one of classifier and regressor is there."""

    table: TableSource
    folds: FoldRule
    text: TextEncoder
    classifier: Classifier | None = None
    regressor: Regressor | None = None


def learns_from_table(config: Mapping[str, Any]) -> bool:
    """Return whether a config asks for a classification or a regression."""
    return any(_name(config, kind) != NOTHING for kind in ("table", *LEARNERS))


def build_all(config: Mapping[str, Any]) -> tuple[Parts, TableParts | None]:
    """Build the parts of every task that a config asks for.

    Raises
    ------
    ConfigError
        One line per mistake, all of them at once; also where nothing is asked for.
    """
    mistakes: list[str] = []
    parts, of_table = None, None
    try:
        parts = build_parts(config)
    except UserError as error:
        mistakes += str(error).splitlines()
    if learns_from_table(config):
        try:
            of_table = build_table_parts(
                config, seed=config["seed"] if isinstance(config["seed"], int) else 0
            )
        except UserError as error:
            mistakes += [line for line in str(error).splitlines() if line not in mistakes]
    elif parts is not None and parts.data is None:
        mistakes.append("data=none: there is nothing to do; choose data=..., or table=... and classifier=...")
    if mistakes or parts is None:
        raise ConfigError("\n".join(mistakes))
    return parts, of_table


def build_table_parts(config: Mapping[str, Any], seed: int = 0) -> TableParts:
    """Build the parts from the nodes ``table``, ``folds``, ``text`` and ``classifier`` or ``regressor``.

    Raises
    ------
    ConfigError
        One line per mistake, all of them at once.
    """
    built: dict[str, Any] = {}
    mistakes = misfits_of_learners(config)
    for kind in ("table", "folds", "text", *_learners(config)):
        try:
            built[kind] = build(kind, config[kind], seed=seed)
        except UserError as error:
            mistakes += str(error).splitlines()
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return TableParts(**built)


def misfits_of_learners(config: Mapping[str, Any]) -> list[str]:
    """Return one line for each thing without which nothing can be learned from a table; nothing is built."""
    chosen = _learners(config)
    mistakes = []
    if len(chosen) != 1:
        mistakes.append(
            "classifier: choose one of classifier=... and regressor=..., "
            + ("not both" if chosen else "such as classifier=logistic")
        )
    if _name(config, "table") == NOTHING:
        mistakes.append(
            f"table: a {' and a '.join(chosen)} needs a table; choose one, such as table=csv table.path=FILE"
        )
    return mistakes


def _learners(config: Mapping[str, Any]) -> list[str]:
    return [kind for kind in LEARNERS if _name(config, kind) != NOTHING]


def _name(config: Mapping[str, Any], kind: str) -> str:
    return str((config.get(kind) or {}).get("name", NOTHING))
