"""The parts of a classification or a regression, built from their config nodes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sre_anomaly.build import NOTHING, build
from sre_anomaly.contracts import Classifier, Regressor
from sre_anomaly.dataset import FoldRule, TableSource, TextEncoder
from sre_anomaly.errors import ConfigError, UserError

LEARNERS = ("classifier", "regressor")


@dataclass
class TableParts:
    """The objects that a config asks for; one of classifier and regressor is there."""

    table: TableSource
    folds: FoldRule
    text: TextEncoder
    classifier: Classifier | None = None
    regressor: Regressor | None = None


def build_table_parts(config: Mapping[str, Any], seed: int = 0) -> TableParts:
    """Build the parts from the nodes ``table``, ``folds``, ``text`` and ``classifier`` or ``regressor``.

    Raises
    ------
    ConfigError
        One line per mistake, all of them at once.
    """
    built: dict[str, Any] = {}
    mistakes: list[str] = []
    chosen = [kind for kind in LEARNERS if config.get(kind, {}).get("name", NOTHING) != NOTHING]
    if len(chosen) != 1:
        mistakes.append(
            "classifier: choose one of classifier=... and regressor=..., "
            + ("not both" if chosen else "such as classifier=logistic")
        )
    for kind in ("table", "folds", "text", *chosen):
        try:
            built[kind] = build(kind, config[kind], seed=seed)
        except UserError as error:
            mistakes += str(error).splitlines()
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return TableParts(**built)
