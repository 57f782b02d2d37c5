"""What a run over many series tells on screen."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from rich.console import Console

from sre_anomaly.fleet.run import FleetRun
from sre_anomaly.report.fleet import words
from sre_anomaly.report.fleet.hindsight import print_hindsight
from sre_anomaly.report.nab import words as nab_words
from sre_anomaly.report.terminal import print_dated, print_notes, print_sentences, print_table
from sre_anomaly.report.words import Table

MOST = 5
COLUMNS = ("series", "alerts", "alerts_per_week", "incidents", "incidents_caught", "false_alerts", "vus_pr")
"""What a narrow screen has room for."""


def print_fleet(found: FleetRun, folder: Path, console: Console) -> None:
    """Say what was read, what was found, how good that is, and where the files are."""
    assert found.record.detection is not None
    called = words.short_names(list(found.table["series"]))
    print_sentences(console, "Read", words.read(found))
    print_notes(console, found.record.notes)
    console.print()
    print_sentences(console, "Found", words.alerted(found))
    if (sentence := words.caught(found)) is not None:
        print_sentences(console, "Incidents", sentence)
    if found.record.detection["alerts"]:
        console.print()
        print_sentences(
            console, "Strongest", f"alerts, one per series, the {MOST} furthest from what was expected (UTC):"
        )
        worst = words.strongest(pd.read_csv(folder / "alerts.csv"))[:MOST]
        print_dated(console, [(start, f"{called[series]}: {reason}") for series, start, reason in worst])
        console.print()
        print_sentences(console, "Most", "alerts, by series (all are in series.csv):")
        _draw(words.series_lines(found, MOST, COLUMNS), console, called)
    print_hindsight(found, folder, console)
    if (table := words.measured(found)) is not None:
        console.print()
        _draw(Table(table.columns[:-1], [row[:-1] for row in table.rows]), console)
    if (table := nab_words.nab(found)) is not None:
        console.print()
        _draw(table, console)
    for remark in nab_words.nab_remarks(found):
        print_sentences(console, "", remark, style="dim")
    for caveat in found.record.detection["caveats"]:
        print_sentences(console, "", caveat, style="yellow")
    console.print()
    more = ", leaderboard/, nab_results/" if found.nab is not None else ""
    more += ", hindsight.csv" if found.record.hindsight is not None else ""
    print_sentences(
        console,
        "Files",
        f"{folder}/report.html (open it in a browser), series.csv, alerts.csv, series/{more}",
    )


def _draw(table: Table, console: Console, called: Mapping[str, str] | None = None) -> None:
    rows = [[(called or {}).get(cell, cell) for cell in row] for row in table.rows]
    print_table(Table(table.columns, rows), console, explained=False)
