"""A table in one trial of a sweep: judged inside the rows that are learned from, the rows to be judged put away."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sre_anomaly.dataset import Table
from sre_anomaly.errors import ConfigError
from sre_anomaly.kept import Kept
from sre_anomaly.learning import KINDS, describe_table, note, solve
from sre_anomaly.records import RunRecord
from sre_anomaly.stages import Stages
from sre_anomaly.table_parts import TableParts

TASKS = {"classification", "regression"}


def try_table(
    config: Mapping[str, Any], parts: TableParts, record: RunRecord, stages: Stages, kept: Kept
) -> None:
    """Fill a record with the measures of inner folds.

    The rule divides the table once, and its judged rows are cut off; then it divides what is left again.

    Raises
    ------
    UserError
        If the table cannot be used, or the rule judges every row sooner or later, so that nothing would be left
        for the winner to prove itself on.
    """
    source = {name: config[name] for name in ("table", "folds", "seed")}
    with stages.stage("read"):
        table = kept.once("table", source, lambda: _rows_to_choose_on(parts))
    describe_table(table, record)
    inside = replace(parts, folds=parts.folds.inner())
    found = solve(table, inside, stages.stage, int(config["seed"]))
    note(found, inside, record, {kind: config[kind]["name"] for kind in KINDS})
    told = record.classification or record.regression
    assert told is not None
    told["measured_on"] = "inner folds"


def _rows_to_choose_on(parts: TableParts) -> Table:
    table = parts.table.table()
    folds = parts.folds.folds(table)
    if len(folds) > 1:
        raise ConfigError(
            "folds: a sweep needs rows that no trial has seen, and this rule judges every row once: use folds.judged=1 "
            "with folds=auto, group or distinct, or folds=time"
        )
    return table.rows(folds[0].train)
