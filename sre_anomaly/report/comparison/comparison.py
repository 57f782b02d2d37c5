"""Several runs are read, set against each other where they saw the same rows, written and told."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import yaml
from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from sre_anomaly.errors import ConfigError
from sre_anomaly.records import Alert, write_text
from sre_anomaly.report.comparison.names import name_runs
from sre_anomaly.report.comparison.page import (
    ComparedRun,
    Evaluated,
    failed,
    measured,
    measures_table,
    other_rows,
    write_comparison_page,
)
from sre_anomaly.report.comparison.pairs import differences
from sre_anomaly.report.terminal import print_sentences
from sre_anomaly.report.words import Table

ON_SCREEN = 4
"""Measures that fit beside a name."""
NAME_ON_SCREEN = 28
TIMES = ("start", "fired", "end", "peak")


def read_runs(records: Sequence[Path]) -> list[ComparedRun]:
    """Read runs from their ``record.json``, and set each against the first that came to its end.

    Raises
    ------
    ConfigError
        If a file is no record, or a finished run has lost a file.
    """
    runs = [_read(path) for path in records]
    name_runs(runs)
    finished = [run for run in runs if run.completed]
    for run in finished:
        run.same_rows = _judged_rows(run) == _judged_rows(finished[0])
        if run is not finished[0] and run.same_rows:
            run.differences = differences(finished[0], run)
    return runs


def _read(path: Path) -> ComparedRun:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        status = record["status"]
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigError(f"{path}: is no record of a run") from None
    folder = path.parent
    run = ComparedRun(folder.name, folder, record)
    if status != "completed":
        return run
    try:
        run.config = dict(_flat(yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))))
        if "series" in record["data"]:
            run.series = pd.read_csv(folder / "series.csv")
        elif record["detection"] is not None:
            run.judged = _judged(folder, record)
        elif record.get("classification") or record.get("regression"):
            # As it is written: a class may be called 01 or NA.
            run.told = pd.read_csv(folder / "predictions.csv", dtype=str, keep_default_na=False)
    except (OSError, ValueError, KeyError, yaml.YAMLError) as error:
        raise ConfigError(
            f"{folder}: a file of this run cannot be read: {' '.join(str(error).split())}"
        ) from None
    return run


def _judged(folder: Path, record: dict[str, Any]) -> Evaluated:
    path, span = folder / "scores.parquet", record["detection"]["measured_on"] or "test"
    wanted = {"time", "score", "level", "flag", "label"}.intersection(pq.read_schema(path).names)
    rows = slice(*record["data"]["split"][span])
    table = pd.read_parquet(path, columns=sorted(wanted)).iloc[rows]
    alerts = None
    if span == "test":
        kept = pd.read_csv(folder / "alerts.csv")
        times = {
            name: pd.to_datetime(kept[name], utc=True).dt.as_unit("ns").astype("int64") for name in TIMES
        }
        alerts = [
            Alert(number, start, fired, end, peak, 0.0, 0.0, 0)
            for number, (start, fired, end, peak) in enumerate(zip(*times.values(), strict=True), start=1)
        ]
    labels = table["label"].to_numpy(dtype=np.float64) if "label" in wanted else None
    return Evaluated(
        pd.DatetimeIndex(table["time"]),
        table["score"].to_numpy(dtype=np.float64),
        table["level"].to_numpy(dtype=np.float64),
        table["flag"].to_numpy(dtype=np.bool_),
        labels if labels is not None and np.isfinite(labels).any() else None,
        alerts,
    )


def _flat(node: Any, above: str = "") -> list[tuple[str, str]]:
    if not isinstance(node, Mapping):
        return [] if above == "outputs" else [(above, "null" if node is None else str(node))]
    return [
        pair for key, value in node.items() for pair in _flat(value, f"{above}.{key}" if above else str(key))
    ]


def _judged_rows(run: ComparedRun) -> tuple[Any, ...]:
    """Return what decides which rows a run was judged on, and by which labels."""
    data, judged = run.record["data"], run.judged
    if run.series is not None:
        # A series that was refused was judged on nothing.
        return tuple(run.series[["series", "fingerprint", "judged_days"]].fillna("").itertuples(index=False))
    if "split" not in data:
        folds = {key: value for key, value in run.config.items() if key.startswith("folds.")}
        return data["fingerprint"], data["target"], *folds.items()
    span = (run.record["detection"] or {}).get("measured_on") or "test"
    labels = None if judged is None or judged.labels is None else judged.labels.tobytes()
    return data["fingerprint"], span, data["split"][span], labels


def write_comparison(runs: Sequence[ComparedRun], folder: Path) -> list[str]:
    """Write ``comparison.html``, ``comparison.csv`` and, where there are scores, ``comparison.png``.

    Returns
    -------
    list of str
        The names of the files.
    """
    from sre_anomaly.report.comparison.plots import comparison_plot

    folder.mkdir(parents=True, exist_ok=True)
    picture = folder / "comparison.png"
    drawn = comparison_plot(runs, picture)
    write_text(folder / "comparison.csv", _rows(runs))
    write_comparison_page(runs, picture if drawn else None, folder / "comparison.html")
    return ["comparison.html", "comparison.csv", *(["comparison.png"] if drawn else [])]


def _rows(runs: Sequence[ComparedRun]) -> str:
    """Return one line per run: measures, intervals, baselines and differences from the first run."""
    rows = []
    for run in runs:
        row: dict[str, Any] = {"run": run.name, "folder": str(run.folder), "status": run.record["status"]}
        for name, value in run.measures.items() if run.completed else ():
            row[name] = value
            low, high = run.interval(name)
            row |= {} if low != low else {f"{name}_low": low, f"{name}_high": high}  # noqa: PLR0124 - NaN: none
        for baseline, numbers in run.baselines.items():
            row |= {
                f"{name}_of_{baseline}": numbers[name]
                for name in ("f1", "pr_auc", "macro_f1", "mae")
                if numbers.get(name) is not None
            }
        for d in run.differences:
            row |= {
                f"{d.measure}_gain": d.value,
                f"{d.measure}_gain_low": d.low,
                f"{d.measure}_gain_high": d.high,
            }
            row[f"{d.measure}_verdict"] = d.verdict
        rows.append({**row, "command": run.record.get("command", ""), "error": run.record.get("error") or ""})
    text = io.StringIO()
    # The last two stand last, whatever the runs have in between.
    names = [
        name for name in dict.fromkeys(key for row in rows for key in row) if name not in ("command", "error")
    ]
    table = csv.DictWriter(text, [*names, "command", "error"], restval="", lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()


def _width(table: Table) -> int:
    """Return the signs that a table takes beside each other, a blank on either side of a cell."""
    lines = [table.columns, *table.rows]
    names = max(min(len(line[0]), NAME_ON_SCREEN) for line in lines)
    others = (max(len(line[place]) for line in lines) for place in range(1, len(table.columns)))
    return names + sum(others) + 2 * len(table.columns)


def print_comparison(runs: Sequence[ComparedRun], console: Console) -> None:
    """Print runs side by side, how they differ from the first one and whether that means anything."""
    table = measures_table(runs, measured([run for run in runs if run.completed])[:ON_SCREEN], brief=True)
    if _width(table) > console.width:
        # The intervals are on the page; a column that is not seen would be missed more.
        table = Table(
            table.columns, [[row[0], *(cell.partition(" (")[0] for cell in row[1:])] for row in table.rows]
        )
    drawn = RichTable(box=None, pad_edge=True, header_style="dim")
    for place, column in enumerate(table.columns):
        drawn.add_column(column, overflow="fold", no_wrap=place > 0)
    for row in table.rows:
        drawn.add_row(*map(escape, row), style="dim" if row[0].startswith("(") else "")
    console.print()
    console.print(drawn)
    finished = [run for run in runs if run.completed]
    for run in finished:
        if run.differences:
            print_sentences(
                console, "", f"{run.name} against {finished[0].name}:", *map(str, run.differences)
            )
    for sentence in other_rows(runs):
        print_sentences(console, "Careful", sentence, style="yellow")
    for sentence in failed(runs):
        print_sentences(console, "Failed", sentence, style="red")
