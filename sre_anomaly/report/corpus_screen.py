"""What a run over many series tells on screen."""

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from sre_anomaly.corpus import CorpusRun
from sre_anomaly.report import corpus_words as words
from sre_anomaly.report.screen import say
from sre_anomaly.report.words import Table

MOST = 5


def tell_corpus(found: CorpusRun, folder: Path, console: Console) -> None:
    """Say what was read, what was found, how good that is, and where the files are."""
    say(console, "Read", words.read(found))
    for note in found.record.notes:
        say(console, "", note, style="dim")
    console.print()
    say(console, "Found", words.alerted(found))
    if (sentence := words.caught(found)) is not None:
        say(console, "Caught", sentence)
    for series, start, reason in words.strongest(folder / "alerts.csv", MOST):
        console.print(f"  [red]{escape(start)}[/]  {escape(series)}: {escape(reason)}", soft_wrap=True)
    _draw(words.series_lines(found, MOST), console)
    if (table := words.measured(found)) is not None:
        console.print()
        _draw(Table(table.columns[:-1], [row[:-1] for row in table.rows]), console)
    if (table := words.nab(found)) is not None:
        console.print()
        _draw(table, console)
    assert found.record.detection is not None
    for caveat in found.record.detection["caveats"]:
        say(console, "", caveat, style="yellow")
    console.print()
    say(console, "Cost", words.cost(found))
    more = ", leaderboard/, nab_results/" if found.nab is not None else ""
    say(
        console,
        "Files",
        f"{folder}/report.html (open it in a browser), series.csv, alerts.csv, series/{more}",
    )


def _draw(table: Table, console: Console) -> None:
    drawn = RichTable(box=None, pad_edge=True, header_style="dim")
    for column in table.columns:
        drawn.add_column(column, overflow="fold")
    for row in table.rows:
        # Folders tell nothing on a narrow screen; the page has the whole name.
        drawn.add_row(*(escape(cell.rpartition("/")[2]) for cell in row))
    console.print(drawn)
