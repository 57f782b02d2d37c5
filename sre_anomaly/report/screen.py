"""What a run tells on screen."""

import shlex
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from sre_anomaly.records import RunRecord, short
from sre_anomaly.report import words
from sre_anomaly.runner import Run
from sre_anomaly.telling import by_strength

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
        _say(console, "Forecast", words.forecast_heading(run))
        _print_table(table, console)
    console.print()
    _say(console, "Files", f"{folder}/report.html (open it in a browser), images/, alerts.csv")
    _say(console, "Next")
    for command, purpose in words.next_commands(run):
        console.print(f"  {escape(command)}   [dim]# {purpose}[/]", soft_wrap=True)


def tell_together(records: list[RunRecord], console: Console) -> None:
    """Print several runs side by side, one line each: what was chosen and how it went."""
    columns = ["flags", "alerts", "incidents_caught", "false_alerts_per_week", "f1", "pr_auc"]
    drawn = RichTable(box=None, pad_edge=True, header_style="dim")
    drawn.add_column("run", no_wrap=True)
    for column in [*(name.replace("_", " ") for name in columns), "forecast mae"]:
        drawn.add_column(column)
    every = [shlex.split(record.command) for record in records]
    shared = set(every[0]).intersection(*every[1:])
    for record in records:
        measures = (record.detection or {}).get("measures", {})
        cells = [short(measures[name]) if name in measures else "" for name in columns]
        error = short(record.forecast["measures"]["mae"]) if record.forecast else ""
        own = [word for word in shlex.split(record.command) if word not in shared]
        drawn.add_row(escape(" ".join(own)), *cells, error)
    console.print(drawn)


def _tell_detection(run: Run, console: Console) -> None:
    assert run.detection is not None
    console.print()
    _say(console, "Found", words.found(run))
    for alert in by_strength(run.detection.alerts)[:STRONGEST]:
        console.print(f"  [red]{words.when(run, alert.start)}[/]  {escape(alert.reason)}", soft_wrap=True)
    if not run.detection.alerts:
        console.print(f"  {escape(words.no_alert(run))}", soft_wrap=True)
    console.print()
    for title, sentence in zip(["Caught", ""], words.incidents_caught(run), strict=False):
        _say(console, title, sentence)
    if (table := words.detection_table(run)) is not None:
        _say(console, "Measures", *(words.in_short(run) or ["no known incident among the judged rows"]))
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
