"""The task of a table: one of its columns is told from the others, and that is judged on rows not learned from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sre_anomaly.config.build_table import TableParts
from sre_anomaly.config.environment import without_secrets
from sre_anomaly.dataset import Table
from sre_anomaly.parallel.progress import Stages
from sre_anomaly.records import InUse, RunRecord
from sre_anomaly.table_contracts import Answers
from sre_anomaly.tabular.classification import ClassificationResult, classify
from sre_anomaly.tabular.random_split import classify_with_random_split, regress_with_random_split
from sre_anomaly.tabular.regression import RegressionResult, predict_with_intervals, regress

KINDS = ("table", "text", "folds", "classifier", "regressor")


@dataclass
class TableResult:
    """What was learned from a table; one of ``classified`` and ``regressed`` is there."""

    table: Table
    classified: ClassificationResult | None = None
    regressed: RegressionResult | None = None
    leak: dict[str, Any] | None = None
    """The measures of a random split, where the rule of the run is a better one."""
    in_use: InUse | None = None
    """What the answers are worth where they are used, where the table's source can say that."""

    @property
    def result(self) -> Any:
        """The one that is there."""
        return self.classified if self.classified is not None else self.regressed

    @property
    def exports(self) -> dict[str, Any]:
        """The fitted learner for notebooks, where it is of another library and so has no model folder."""
        learner = self.result.model.learner
        return {} if self.result.model.can_be_kept else {learner.export_name: learner.native()}


def run_table_task(
    config: Mapping[str, Any], parts: TableParts, record: RunRecord, stages: Stages
) -> TableResult:
    """Read the table, learn, judge, and note all in the record.

    Raises
    ------
    UserError
        If the table cannot be used.
    """
    with stages.stage("read"):
        table = parts.table.table()
    record.notes += table.notes
    describe_table(table, record)
    seed = int(config["seed"])
    found = fit_and_evaluate(table, parts, stages.stage, seed)
    rule = parts.folds.rule_for(table)
    if caution := rule.caution(table):
        found.result.caveats.append(f"{caution}.")
    if not rule.leaks:
        with stages.stage("a random split, for comparison"):
            found.leak = (
                classify_with_random_split(table, parts, once=_once(table), seed=seed)
                if parts.classifier is not None
                else regress_with_random_split(table, parts, seed=seed)
            )
    if (told := found.regressed) is not None:
        with stages.stage("in use"):
            asked = Answers(
                table, told.rows, told.predicted, told.model.predict,
                lambda rows: predict_with_intervals(table, rows, parts),
            )  # fmt: skip
            found.in_use = parts.table.in_use(asked)
    names = {kind: config[kind]["name"] for kind in KINDS}
    found.result.model.about = {
        "experiment": record.experiment,
        "config": without_secrets(dict(config)),
        "config_hash": record.config_hash,
        "versions": record.versions,
        "fingerprint": table.fingerprint,
        "target": table.target_name,
        "names": names,
    }
    if not found.result.model.can_be_kept:
        record.notes.append(
            "No model/ is left: a model of another library cannot be saved without pickle; artifacts/ has an export"
        )
    note(found, parts, record, names)
    return found


def fit_and_evaluate(table: Table, parts: TableParts, stage: Callable[[str], Any], seed: int) -> TableResult:
    """Classify or regress, whichever the parts are for."""
    if parts.classifier is not None:
        return TableResult(table, classify(table, parts.folds, parts, stage, once=_once(table), seed=seed))
    return TableResult(table, regressed=regress(table, parts.folds, parts, stage, seed=seed))


def _once(table: Table) -> bool:
    """Say whether twins are learned from once: lines of logs come again by the thousand, other rows are cases."""
    return bool(table.texts) and not table.numbers


def describe_table(table: Table, record: RunRecord) -> None:
    """Note what was read; where metrics were read as well, they have the first word."""
    told = {
        "name": table.name,
        "rows": len(table),
        "target": table.target_name,
        "columns": [*table.numbers, *table.categories, *table.texts],
        "fingerprint": table.fingerprint,
    }
    if not record.data:
        record.data, record.rows = told, len(table)
    else:
        record.data["table"] = told


def note(found: TableResult, parts: TableParts, record: RunRecord, names: Mapping[str, str]) -> None:
    """Put what was found into the record, under the name of its task."""
    result, rule = found.result, parts.folds.rule_for(found.table)
    kind = "classifier" if found.classified is not None else "regressor"
    told: dict[str, Any] = {
        kind: names[kind],
        "target": found.table.target_name,
        "folds": {"name": names["folds"], "in_words": rule.in_words(), "leaks": rule.leaks},
        "measures": result.measures,
        "intervals": result.intervals,
        "baselines": result.baselines,
        "per_fold": result.per_fold,
        "random_split": found.leak,
        "caveats": result.caveats,
    }
    if found.classified is not None:
        told |= {
            "classes": found.classified.classes,
            "per_class": found.classified.per_class,
            "confusion": found.classified.confusion,
        }
        record.classification = told
    else:
        used = found.in_use
        told["in_use"] = used and {
            "in_short": used.in_short, "columns": list(used.columns), "rows": [list(row) for row in used.rows]
        }  # fmt: skip
        record.regression = told
