"""The one-file page of a sweep: what was tried, what won, and how far to believe it."""

import html
from pathlib import Path
from typing import Any

import pandas as pd

from sre_anomaly.page.document import document
from sre_anomaly.records import RunRecord, short, write_text
from sre_anomaly.report.html import picture_tag, sentences, table_tag
from sre_anomaly.report.sweep.data import Sweep, plain_name, read_sweep
from sre_anomaly.report.sweep.screen import (
    caveats,
    failures,
    flattered,
    mattered,
    next_commands,
    tried,
    winner,
)
from sre_anomaly.report.table import words as table_words
from sre_anomaly.report.words import ALL_MEANINGS, Table, title

MOST_TRIALS = 50
CAPTIONS = {
    "history": "The line is the best so far. A long flat end means that more trials would hardly help.",
    "pareto_front": "The Pareto front: along the line, one measure can only get better while the other gets worse. "
    "Choose your trade-off.",
    "trade_off": "A lower threshold detects more of each incident and pages people more often. Read off the alerts a "
    "week that you accept, and set that value.",
    "importance": "A parameter of small importance can stay as it is. Importance is estimated from the trials, and rough "
    "where these are few.",
    "slices": "A slope or a peak in a panel means that the parameter matters; a flat cloud means that it does not.",
}


def write_sweep_page(folder: Path, outcome: dict[str, Any], record: RunRecord | None) -> None:
    """Write ``report.html`` and ``images/`` into a sweep's folder.

    Parameters
    ----------
    outcome : dict
        The content of ``sweep.json``.
    record : RunRecord or None
        The winner's, from its run on the test rows; None where there is no winner.
    """
    from sre_anomaly.report.sweep.plots import draw_all

    sweep = read_sweep(folder, outcome, record)
    pictures = draw_all(sweep, folder / "images")
    body = [
        *_asked(sweep),
        "<h2>Best trial</h2>",
        *sentences(winner(sweep)),
        *_applied(sweep),
        *sentences(caveats(sweep), "caveat"),
        *_tested(sweep),
        *sentences([mattered(sweep)] if mattered(sweep) else []),
        *(picture_tag(file) + "".join(sentences([CAPTIONS[file.stem]], "note")) for file in pictures),
        *_failed(sweep),
        *_trials(sweep),
        "<h2>How this was made</h2>",
        "<p>Every trial was trained on the training period and evaluated on the validation period; the test data were "
        "not used until the best trial was known.</p>",
        *(_command(command, purpose) for command, purpose in next_commands(sweep, folder)),
        f"<p class='note'>Study <code>{html.escape(str(outcome['study']))}</code>, kept in "
        f"<code>{html.escape(str(outcome['storage']))}</code>.</p>",
    ]
    write_text(folder / "report.html", document(f"Sweep {outcome['study']}", body))


def _asked(sweep: Sweep) -> list[str]:
    goals = []
    for number, objective in enumerate(sweep.objectives):
        meaning = ALL_MEANINGS.get(plain_name(objective))
        explained = f" ({meaning})" if meaning else ""
        goals.append(
            f"{'the highest' if sweep.maximize(number) else 'the lowest'} {plain_name(objective)}{explained}"
        )
    wanted = f"Looked for {' and '.join(goals)}"
    if sweep.outcome["constraints"]:
        wanted += f", while {' and '.join(sweep.outcome['constraints'])}"
    return sentences([wanted, tried(sweep)])


def _applied(sweep: Sweep) -> list[str]:
    if sweep.record is None:
        return []
    return [
        f"<p>To use it: <code>{html.escape(sweep.record['command'])}</code><br>Its run, with alerts and pictures, "
        "is in <a href='best/report.html'>best/</a>.</p>"
    ]


def _tested(sweep: Sweep) -> list[str]:
    told = flattered(sweep)
    detection = (sweep.record or {}).get("detection")
    if not told and not detection:
        return []  # a table's measures always come with the objective
    parts = ["<h2>The best trial on test data, which no trial has seen</h2>", *sentences(told)]
    if detection and "f1" in detection["measures"]:
        parts.append(table_tag(_measured(detection)))
        parts.append(
            "<p class='note'>Baselines: random: random scores. largest change: the biggest change from one data point to the next. Both "
            "flag as many data points as the detector. In brackets: 95 % interval.</p>"
        )
    if detection:
        parts += sentences(detection["caveats"], "caveat")
    if (sweep.record or {}).get("classification") or (sweep.record or {}).get("regression"):
        parts.append(table_tag(table_words.measures_table(RunRecord(**(sweep.record or {})))))
    return parts


def _measured(detection: dict[str, Any]) -> Table:
    baselines, rows = detection["baselines"], []
    for name, meaning in ALL_MEANINGS.items():
        if name not in detection["measures"]:
            continue
        value, (low, high) = detection["measures"][name], detection["intervals"].get(name, (None, None))
        cell = short(value) if value is not None else "n/a"
        if low is not None and low == low:  # noqa: PLR0124 - NaN where there are too few rows to resample
            cell += f"  ({low:.2f} to {high:.2f})"
        others = [short(numbers[name]) if name in numbers else "" for numbers in baselines.values()]
        rows.append([name, cell, *others, meaning])
    names = [title(name) for name in baselines]
    return Table(["measure", str(detection["detector"]), *names, "meaning"], rows)


def _failed(sweep: Sweep) -> list[str]:
    said = failures(sweep)
    return ["<h2>Trials that failed</h2>", *sentences(said)] if said else []


def _trials(sweep: Sweep) -> list[str]:
    order = [sweep.maximize(number) for number in range(len(sweep.objectives))]
    ranked = sweep.trials.sort_values(
        sweep.objectives,
        ascending=[not best_is_high for best_is_high in order],
        na_position="last",
        kind="stable",
    )
    columns = ["trial", *sweep.objectives, *sweep.params, "state", "seconds"]
    rows = [
        [_cell(value) for value in row] for row in ranked[columns].head(MOST_TRIALS).itertuples(index=False)
    ]
    named = ["trial", *(plain_name(name) for name in sweep.objectives), *sweep.params, "state", "seconds"]
    more = len(ranked) - len(rows)
    return [
        "<h2>Trials, best first</h2>",
        table_tag(Table(named, rows)),
        *sentences([f"{more} more are in trials.csv"] if more > 0 else [], "note"),
    ]


def _cell(value: Any) -> str:
    if pd.isna(value):
        return ""
    return short(value) if isinstance(value, float) and value != int(value) else str(value).removesuffix(".0")


def _command(command: str, purpose: str) -> str:
    return f"<p>{html.escape(purpose.capitalize())}:<br><code>{html.escape(command)}</code></p>"
