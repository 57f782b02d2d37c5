"""What was learned from a table, in plain words: the same sentences on screen and on the page."""

import math
from typing import Any

from sre_anomaly.pipeline.runner import Run
from sre_anomaly.records import RunRecord, short
from sre_anomaly.report.words import CLASS_MEANINGS, NUMBER_MEANINGS, POOLED, Table, count
from sre_anomaly.tabular.task import TableResult

MOST_CLASSES = 20
LOGS = ("logs", "loghub", "seven_lines")


def headline(run: Run) -> str:
    """Return what was read and what was to be predicted, in one sentence."""
    assert run.learned is not None
    table = run.learned.table
    columns = [*table.numbers, *table.categories, *table.texts]
    shown = ", ".join(columns[:8]) + (", ..." if len(columns) > 8 else "")
    return f"{table.name}: {count(len(table), 'row')}; target {table.target_name}, predicted from {shown}"


def judged(run: Run) -> str:
    """Return which rows were evaluated, and on which rows the model was trained."""
    told = task(run.record)
    rows, folds = told["measures"]["rows"], told["measures"]["folds"]
    how = f"in {folds} folds, each by a model trained on the others" if folds > 1 else "and not trained on"
    return f"{count(rows, 'row')} evaluated {how}: {told['folds']['in_words']}"


def task(record: RunRecord) -> dict[str, Any]:
    """Return the record of the task of the table."""
    told = record.classification or record.regression
    assert told is not None
    return told


def in_short(run: Run) -> list[str]:
    """Return how good that is beside the best baseline, and what the random split would have claimed."""
    told = task(run.record)
    measure = "macro_f1" if run.record.classification else "mae"
    value = told["measures"][measure]
    better = max if measure == "macro_f1" else min
    name = better(told["baselines"], key=lambda one: told["baselines"][one][measure])
    best = told["baselines"][name][measure]
    won = value > best if measure == "macro_f1" else value < best
    low, high = told["intervals"].get("mae") or told["intervals"]["macro_f1_pooled"]
    verdict = "better than" if won else "no better than"
    said = [
        f"{measure} {short(value)} on rows not trained on: {verdict} the best baseline "
        f"({name.replace('_', ' ')}, {short(best)})"
    ]
    if won and low <= best <= high:
        end = f"down to {short(low)}" if measure == "macro_f1" else f"up to {short(high)}"
        said[0] += f", but not significantly: the interval reaches {end}"
    leak = told["random_split"]
    if leak is not None:
        flatters = (
            leak[measure] > max(value, high) if measure == "macro_f1" else leak[measure] < min(value, low)
        )
        why = (
            "near copies on both sides (a leak), do not quote it"
            if flatters
            else "no significant difference from the evaluation above"
        )
        said.append(f"A random split would have claimed {short(leak[measure])}: {why}")
    if run.record.regression:
        share = told["measures"]["coverage"]
        said.append(
            f"Coverage: {share:.0%} of the evaluated rows are inside the 90 % interval, which is "
            f"{short(told['measures']['width'])} wide on average"
        )
    return said


def measures_table(record: RunRecord) -> Table:
    """Return the measures beside the baselines, and the random split last."""
    told = task(record)
    meanings = CLASS_MEANINGS if record.classification else NUMBER_MEANINGS
    leak = told["random_split"]
    if record.classification and told["measures"]["folds"] > 1:
        # The mean over the folds has no interval: groups are drawn anew from all evaluated rows together.
        meanings = {"macro_f1": meanings["macro_f1"], "macro_f1_pooled": POOLED, **meanings}
    rows = []
    for measure, meaning in meanings.items():
        value = short(told["measures"][measure])
        key = "macro_f1_pooled" if measure == "macro_f1" and POOLED not in meanings.values() else measure
        low, high = told["intervals"].get(key, (math.nan, math.nan))
        if math.isfinite(low):
            value += f"  ({short(low)} to {short(high)})"
        others = [
            short(numbers[measure]) if measure in numbers else "" for numbers in told["baselines"].values()
        ]
        if leak:
            others.append(short(leak[measure]) if measure in leak else "")
        rows.append([measure.replace("_", " "), value, *others, meaning])
    learner = told.get("classifier") or told["regressor"]
    names = [name.replace("_", " ") for name in told["baselines"]]
    return Table(["measure", str(learner), *names, *(["random (leaks)"] if leak else []), "meaning"], rows)


def class_table(record: RunRecord) -> Table | None:
    """Return precision, recall and F1 of each class, or None for a regression."""
    if record.classification is None:
        return None
    rows = []
    for name, found in list(record.classification["per_class"].items())[:MOST_CLASSES]:
        said = f"{found['recall']:.0%} of its {count(found['rows'], 'row')} found; {found['precision']:.0%} of its predictions correct"
        numbers = [short(found[measure]) for measure in ("precision", "recall", "f1")]
        rows.append([name, f"{found['rows']:,}", *numbers, said])
    return Table(["class", "rows", "precision", "recall", "f1", "meaning"], rows)


def in_use_table(record: RunRecord) -> Table | None:
    """Return what the answers are worth where they are used, or None where nobody can say."""
    used = (record.regression or {}).get("in_use")
    if used is None:
        return None
    rows = [[cell if isinstance(cell, str) else short(cell) for cell in row] for row in used["rows"]]
    return Table(used["columns"], rows)


def next_steps(run: Run, again: Any) -> list[tuple[str, str]]:
    """Return commands that are useful after learning from a table, each with what it is for."""
    learned: TableResult | None = run.learned
    assert learned is not None
    if learned.classified is None:
        other = "xgboost" if run.config["regressor"]["name"] == "ridge" else "ridge"
        options = [(again(run, f"regressor={other}"), "another model")]
    else:
        other = "xgboost" if run.config["classifier"]["name"] == "logistic" else "logistic"
        options = [(again(run, f"classifier={other}"), "another model")]
        lone = len(learned.table.texts) == 1 and not learned.table.numbers and not learned.table.categories
        if lone and learned.classified.model.can_be_kept:
            options.append(
                (
                    "sre-anomaly classify model=outputs/latest/model < lines.txt",
                    "predict the class of new lines",
                )
            )
    options.append(_own(run))
    return options


def _own(run: Run) -> tuple[str, str]:
    """Return how the problem that was run is turned to rows of one's own."""
    name = run.config["table"]["name"]
    if name in LOGS:
        return "sre-anomaly experiment=log_levels table=logs table.path=YOUR_LOGS", "your own logs"
    if name == "csv":
        # Somebody's own preset of no recipe: the nearest one.
        name = "incident_severity" if run.record.classification else "query_time"
    return f"sre-anomaly new recipe NAME from={name}", "your own table"
