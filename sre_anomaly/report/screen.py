"""What a run tells on screen."""

from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from sre_anomaly.report import words
from sre_anomaly.runner import Run, by_strength

STRONGEST = 5


def tell(run: Run, folder: Path, console: Console) -> None:
    """Say what was read, what is strange and why, how good that is, where the files are and what to do next."""
    _say(console, "Read", words.reading(run), words.spans(run))
    for note in run.record.notes:
        _say(console, "", note, style="dim")
    if run.detection is not None:
        _tell_detection(run, console)
    if (table := words.forecast_table(run)) is not None:
        assert run.forecasts is not None
        console.print()
        _say(console, "Forecast", ", ".join(run.forecasts.metrics))
        _print_table(table, console)
    console.print()
    _say(console, "Files", f"{folder}/report.html (open it in a browser), images/, alerts.csv")
    _say(console, "Next")
    for command, purpose in words.next_commands(run):
        console.print(f"  {escape(command)}   [dim]# {purpose}[/]", soft_wrap=True)


def _tell_detection(run: Run, console: Console) -> None:
    assert run.detection is not None
    console.print()
    _say(console, "Found", words.found(run))
    for alert in by_strength(run.detection.alerts)[:STRONGEST]:
        when = f"{pd.Timestamp(alert.peak):%Y-%m-%d %H:%M}"
        if not run.frame.has_clock:
            when = f"row {run.frame.time.asi8.searchsorted(alert.peak)}"
        console.print(f"  [red]{when}[/]  {escape(alert.reason)}", soft_wrap=True)
    if not run.detection.alerts:
        console.print("  nothing exceeded the level for long enough")
    console.print()
    for title, sentence in zip(["Caught", ""], words.incidents_caught(run), strict=False):
        _say(console, title, sentence)
    if (table := words.detection_table(run)) is not None:
        _say(console, "Measures", *words.in_short(run))
        _print_table(table, console)
    for caveat in run.judgement.caveats if run.judgement else []:
        _say(console, "", caveat, style="yellow")


def _say(console: Console, title: str, *sentences: str, style: str = "") -> None:
    """Print sentences beside their title, folded to the width of the terminal."""
    grid = RichTable.grid(padding=(0, 1))
    grid.add_column(width=9)
    grid.add_column(style=style, overflow="fold")
    for number, sentence in enumerate(sentences or ("",)):
        grid.add_row(f"[bold]{title}[/]" if number == 0 else "", escape(sentence))
    console.print(grid)


def _print_table(table: words.Table, console: Console) -> None:
    """Print all but the last column, whose explanations are the page's."""
    drawn = RichTable(box=None, pad_edge=True, header_style="dim")
    for column in table.columns[:-1]:
        drawn.add_column(column)
    for row in table.rows:
        drawn.add_row(*(escape(cell) for cell in row[:-1]))
    console.print(drawn)
