"""A backtest as Markdown, for a pull request or a ticket."""

from sre_anomaly.backtesting.run import Backtest
from sre_anomaly.report.backtest import words
from sre_anomaly.report.words import Table

MOST_LINES = 50
SPECIAL = str.maketrans({sign: f"\\{sign}" for sign in "\\|`*_<>[]#"} | {"\n": " "})


def as_markdown(found: Backtest, failed: list[str]) -> str:
    """Return the answer, what failed, a table of all alert sources and what is to be said beside it."""
    parts = ["## What would have paged you", ""]
    parts += [line for said in words.answers(found) for line in (f"**{_text(said)}.**", "")]
    if failed:
        parts += [f"- :x: {_text(one)}" for one in failed] + [""]
    parts += [_table(words.cards(found), MOST_LINES), ""]
    parts += [
        f"- {_text(said)}" for said in [*words.to_do(found), *words.beside_each_other(found), *found.notes]
    ]
    return "\n".join(parts).rstrip() + "\n"


def _table(table: Table, most: int) -> str:
    lines = [" | ".join(table.columns), " | ".join("---" for _ in table.columns)]
    lines += [" | ".join(_text(cell) for cell in row) for row in table.rows[:most]]
    shown = "\n".join(f"| {line} |" for line in lines)
    left = len(table.rows) - most
    return shown + (f"\n\n{left} more are in cards.csv." if left > 0 else "")


def _text(text: str) -> str:
    """Return text as Markdown that shows it as it is, whatever a name or an annotation holds."""
    return text.translate(SPECIAL)
