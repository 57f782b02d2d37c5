"""Runs side by side: what each one is, the tables they are shown in, and the one-file page."""

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from sre_anomaly.clock import in_words
from sre_anomaly.frame import Array, Mask
from sre_anomaly.page.document import document
from sre_anomaly.records import Alert, short, write_text
from sre_anomaly.report.comparison.words import beside, drawn_anew, meanings, too_few
from sre_anomaly.report.html import picture_tag, sentences, table_tag
from sre_anomaly.report.sweep.data import interval_of
from sre_anomaly.report.words import Table

COLUMNS = (
    "f1",
    "macro_f1",
    "macro_f1_pooled",
    "accuracy",
    "pr_auc",
    "incident_recall",
    "false_alerts_per_week",
    "alerts_per_week",
    "precision",
    "recall",
    "roc_auc",
    "median_time_to_detect_s",
    "calibration_error",
    "mae",
    "rmse",
    "wape",
    "mase",
)
ABSENT = "-"
ERRORS = ("mae",)
"""Measures that are better when lower."""


@dataclass
class Evaluated:
    """The data points that a run was evaluated on, n of them."""

    time: pd.DatetimeIndex
    scores: Array
    levels: Array
    flags: Mask
    labels: Array | None
    """1 anomalous, 0 normal, NaN not known; None: nobody knows."""
    alerts: list[Alert] | None
    """None where the evaluated rows are not those that alerts were kept of."""


@dataclass(frozen=True)
class Difference:
    """A measure of a run minus that of the first run, on the same rows."""

    measure: str
    value: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """Return what the 95 % interval allows to say."""
        if not math.isfinite(self.low):
            return too_few(self.measure)
        if self.value == self.low == self.high == 0:
            return "no difference"
        if self.low <= 0 <= self.high:
            return "not significant"
        return "better" if (self.value > 0) != (self.measure in ERRORS) else "worse"

    def __str__(self) -> str:
        """Say it in one sentence."""
        between = f" (95 % interval {self.low:+.2f} to {self.high:+.2f})" if math.isfinite(self.low) else ""
        return f"{self.measure} {self.value:+.3f}{between}: {self.verdict}"


@dataclass
class ComparedRun:
    """One run among several."""

    name: str
    folder: Path
    record: dict[str, Any]
    config: dict[str, str] = field(default_factory=dict)
    """Every key with dots and its value as text; empty where the run did not come to an end."""
    judged: Evaluated | None = None
    told: pd.DataFrame | None = None
    """Of a run over a table, every evaluated row and its prediction."""
    series: pd.DataFrame | None = None
    """Of a run over many series, a line for each."""
    same_rows: bool = False
    """Whether it was evaluated on the data that the first run was evaluated on."""
    differences: list[Difference] = field(default_factory=list)
    """Against the first run."""

    @property
    def completed(self) -> bool:
        """Whether it came to its end."""
        return bool(self.record["status"] == "completed")

    @property
    def measures(self) -> dict[str, float | None]:
        """Every measure of all tasks; of two by one name that of the metrics, which came first."""
        tasks = [
            self.record.get(task) or {} for task in ("regression", "forecast", "classification", "detection")
        ]
        return {name: value for task in tasks for name, value in task.get("measures", {}).items()}

    def interval(self, measure: str) -> tuple[float, float]:
        """Return the 95 % interval of a measure, NaN where there is none."""
        return interval_of(self._judged_task, measure)

    @property
    def baselines(self) -> dict[str, dict[str, float]]:
        """The measures of rules that know nothing, on the same rows."""
        return dict(self._judged_task.get("baselines") or {})

    @property
    def _judged_task(self) -> dict[str, Any]:
        tasks = ("detection", "classification", "regression")
        return next((self.record[task] for task in tasks if self.record.get(task)), {})


def measured(runs: Sequence[ComparedRun]) -> list[str]:
    """Return the measures that any of the runs has."""
    found = [name for name in COLUMNS if any(name in run.measures for run in runs)]
    if not any((run.measures.get("folds") or 1) > 1 for run in runs if "macro_f1_pooled" in run.measures):
        # Of one fold both are the same number.
        found = [name for name in found if name != "macro_f1_pooled"]
    return found


def measures_table(runs: Sequence[ComparedRun], columns: Sequence[str], *, brief: bool = False) -> Table:
    """Return one row per finished run, and the baselines of the rows they were judged on."""
    finished = [run for run in runs if run.completed]
    rows = [[run.name, *(cell(run, name, brief=brief) for name in columns)] for run in finished]
    first_of_rows = [next((run for run in finished if run.same_rows), None)]
    first_of_rows += [run for run in finished if not run.same_rows]
    for run in first_of_rows:
        for baseline, numbers in (run.baselines if run else {}).items():
            assert run is not None
            beside = "" if run.same_rows else f", beside {run.name}"
            told = f"({baseline.replace('_', ' ')}{beside})"
            rows.append([told, *(_short(numbers.get(name)) for name in columns)])
    return Table(["run", *(name.removesuffix("_s").replace("_", " ") for name in columns)], rows)


def _short(value: float | None) -> str:
    return "" if value is None else short(value)


def cell(run: ComparedRun, measure: str, *, brief: bool = False) -> str:
    """Return a measure with its interval."""
    value = run.measures.get(measure)
    if value is None:
        return ABSENT
    if measure == "median_time_to_detect_s":
        return in_words(pd.Timedelta(value, "s")) if value else "0 s"
    if brief and measure == "incident_recall":
        return f"{run.measures['incidents_caught']} of {run.measures['incidents']}"
    low, high = run.interval(measure)
    if brief and math.isfinite(low):
        return f"{value:.2f} ({low:.2f}-{high:.2f})"
    return f"{value:.3f} ({low:.2f} to {high:.2f})" if math.isfinite(low) else short(value)


def config_table(runs: Sequence[ComparedRun]) -> Table | None:
    """Return the keys in which finished runs differ, or None where there are none."""
    finished = [run for run in runs if run.completed]
    keys = dict.fromkeys(key for run in finished for key in run.config)
    values = {key: [run.config.get(key, ABSENT) for run in finished] for key in keys}
    rows = [[key, *seen] for key, seen in values.items() if len(set(seen)) > 1]
    return Table(["key", *(run.name for run in finished)], rows) if rows else None


def other_rows(runs: Sequence[ComparedRun]) -> list[str]:
    """Say which runs were evaluated on other data than the first, and what that forbids."""
    finished = [run for run in runs if run.completed]
    others = [run for run in finished if not run.same_rows]
    if not others or len(finished) < 2:
        return []
    return [
        f"{', '.join(run.name for run in others)}: evaluated on other data than {finished[0].name}. Their "
        "measures stand here for themselves: a difference may come from the data, and is not taken"
    ]


def failed(runs: Sequence[ComparedRun]) -> list[str]:
    """Say which runs did not come to an end, and why."""
    return [
        f"{run.name}: {run.record['status']}: {(str(run.record.get('error') or 'no error was left')).splitlines()[0]}"
        for run in runs
        if not run.completed
    ]


def write_comparison_page(runs: Sequence[ComparedRun], picture: Path | None, path: Path) -> None:
    """Write the page, with its picture inside it."""
    finished = [run for run in runs if run.completed]
    names = measured(finished)
    differing = config_table(runs)
    tables = any(run.told is not None for run in finished)
    metrics = any(run.told is None for run in finished)
    body = [
        *(["<h2>Runs that failed</h2>", *sentences(failed(runs), "caveat")] if failed(runs) else []),
        "<h2>Measures</h2>",
        table_tag(measures_table(runs, names)),
        f"<p class='note'>{beside(tables=tables, metrics=metrics)}</p>",
        "<ul class='note'>",
        *(f"<li>{html.escape(meaning)}</li>" for meaning in meanings(names, tables=tables, metrics=metrics)),
        "</ul>",
        *sentences(other_rows(runs), "caveat"),
        *_differences(runs),
        picture_tag(picture) if picture else "",
        "<h2>Differences in configuration</h2>",
        table_tag(differing) if differing else "<p>None.</p>",
        "<h2>The runs</h2>",
        *(
            f"<p>{html.escape(run.name)}: <code>{html.escape(str(run.folder))}</code><br>"
            f"<code>{html.escape(str(run.record.get('command', '')))}</code></p>"
            for run in runs
        ),
    ]
    write_text(path, document(f"{len(runs)} runs side by side", body))


def _differences(runs: Sequence[ComparedRun]) -> list[str]:
    paired = [run for run in runs if run.differences]
    if not paired:
        return []
    first = next(run for run in runs if run.completed)
    rows = [
        [run.name, d.measure, f"{d.value:+.3f}", f"{d.low:+.3f} to {d.high:+.3f}", d.verdict]
        for run in paired
        for d in run.differences
    ]
    return [
        f"<h2>Against {html.escape(first.name)}, on the same data</h2>",
        table_tag(Table(["run", "measure", "difference", "95 % interval", "verdict"], rows)),
        f"<p class='note'>{drawn_anew(tables=first.told is not None)}</p>",
    ]
