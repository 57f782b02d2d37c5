"""A backtest on the screen."""

from pathlib import Path

from rich.console import Console

from sre_anomaly.backtesting.run import Backtest
from sre_anomaly.report.backtest import words
from sre_anomaly.report.terminal import print_sentences, print_table
from sre_anomaly.report.words import Table

MOST_LINES = 30
WIDE = 110
"""Columns of text from which on everything known of an alert source has room beside its name."""
IN_THE_PAGE = ("longest", "late")
"""What is left to the page on a narrower screen."""


def print_backtest(found: Backtest, folder: Path, console: Console) -> None:
    """Print the answer, a line for each alert source, and what to do about the loudest."""
    print_sentences(console, "Answer", *words.answers(found), style="bold")
    table = words.cards(found, verdicts=False)
    if found.truth and console.width < WIDE:
        table = _without(table, IN_THE_PAGE)
    shown = table.rows[:MOST_LINES]
    console.print()
    print_table(Table(table.columns, shown), console, explained=False)
    if len(table.rows) > len(shown):
        console.print(f"  and {len(table.rows) - len(shown)} more, in cards.csv")
    console.print()
    if advice := words.to_do(found):
        print_sentences(console, "To do", *advice)
    if beside := words.beside_each_other(found):
        print_sentences(console, "Together", *beside)
    for one in found.judged:
        if one.source.kind == "model" and one.changes:
            print_table(words.budgets(one), console, explained=False)
            console.print()
    if found.notes:
        print_sentences(console, "Notes", *found.notes, style="dim")
    if any(one.source.kind == "model" and one.changes for one in found.judged):
        print_sentences(
            console,
            "Next",
            f"sre-anomaly new budget my_service from={folder} pages_per_week=2   # a preset of it",
        )
    print_sentences(console, "Written", f"{folder}/report.html, report.md, cards.csv, pages.csv, record.json")


def _without(table: Table, names: tuple[str, ...]) -> Table:
    kept = [at for at, column in enumerate(table.columns) if column not in names]
    return Table([table.columns[at] for at in kept], [[row[at] for at in kept] for row in table.rows])
