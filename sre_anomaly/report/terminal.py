"""Sentences and tables on a terminal."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from sre_anomaly.report.words import Table, asks_for_care

LEAST_ROOM = 16
"""A name is not made shorter than so many letters."""


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
    wide = sum(
        max(map(len, cells)) + 2
        for cells in zip(table.columns[:shown], *(row[:shown] for row in table.rows), strict=True)
    )
    for column in table.columns[:shown]:
        drawn.add_column(column.replace(" ", "\n") if wide > console.width else column)
    room = _room_for_names([table.columns[:shown], *(row[:shown] for row in table.rows)], console.width)
    for first, *rest in (row[:shown] for row in table.rows):
        drawn.add_row(*(escape(cell) for cell in (shortened(first, room), *rest)))
    console.print(drawn)


def shortened(text: str, room: int) -> str:
    """Return a name that fits, its middle left out: the end of a long name tells most.

    Examples
    --------
    >>> shortened("middle-tier-api-dependency-latency__outbound-23", 24), shortened("cpu", 24)
    ('middle-t…cy__outbound-23', 'cpu')
    """
    if len(text) <= room:
        return text
    head = room // 3
    return f"{text[:head]}…{text[-(room - head - 1) :]}"


def _room_for_names(rows: Sequence[Sequence[str]], width: int) -> int:
    """Return how wide the first column may be so that no word of a table is broken."""
    columns = list(zip(*rows, strict=True))
    # A heading may stand in several lines, a cell may not.
    others = sum(max(*map(len, head.split()), 1, *map(len, cells)) + 2 for head, *cells in columns[1:])
    return max(LEAST_ROOM, width - others - 3)
