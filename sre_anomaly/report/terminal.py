"""Sentences and tables on a terminal."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from sre_anomaly.report.words import Table, asks_for_care


def print_sentences(console: Console, title: str, *sentences: str, style: str = "") -> None:
    """Print sentences beside their title, folded to the width of the terminal."""
    grid = RichTable.grid(padding=(0, 1))
    grid.add_column(width=10)
    grid.add_column(style=style, overflow="fold")
    for number, sentence in enumerate(sentences or ("",)):
        grid.add_row(f"[bold]{title}[/]" if number == 0 else "", escape(sentence))
    console.print(grid)


def print_notes(console: Console, notes: Iterable[str]) -> None:
    """Print what was noted of the data; what asks for care stands out."""
    for note in notes:
        print_sentences(console, "", note, style="yellow" if asks_for_care(note) else "dim")


def print_dated(console: Console, lines: Sequence[tuple[str, str]], style: str = "red") -> None:
    """Print sentences beside their times, folded between words below one another."""
    grid = RichTable.grid(padding=(0, 1))
    grid.add_column(width=1)
    grid.add_column(style=style, no_wrap=True)
    grid.add_column(overflow="fold")
    for time, sentence in lines:
        grid.add_row("", time, escape(sentence))
    console.print(grid)


def print_table(table: Table, console: Console, *, explained: bool = True) -> None:
    """Print a table; a last column that explains is left to the page."""
    drawn = RichTable(box=None, pad_edge=True, header_style="dim")
    shown = len(table.columns) - explained
    for column in table.columns[:shown]:
        drawn.add_column(column)
    for row in table.rows:
        drawn.add_row(*(escape(cell) for cell in row[:shown]))
    console.print(drawn)
