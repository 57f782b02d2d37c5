"""Pictures and tables as HTML."""

import base64
import html
from collections.abc import Iterable
from pathlib import Path

from sre_anomaly.report.words import Table, asks_for_care


def picture_tag(image: Path) -> str:
    """Return a picture as HTML, its bytes inside."""
    data = base64.b64encode(image.read_bytes()).decode()
    return f"<img alt='{html.escape(image.stem.replace('_', ' '))}' src='data:image/png;base64,{data}'>"


def table_tag(table: Table) -> str:
    """Return a table as HTML."""
    head = "".join(f"<th>{html.escape(column)}</th>" for column in table.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows
    )
    return f"<div class='wide'><table><tr>{head}</tr>{rows}</table></div>"


def sentences(said: Iterable[str], style: str = "") -> list[str]:
    """Return sentences as paragraphs."""
    opened = f"<p class='{style}'>" if style else "<p>"
    return [f"{opened}{html.escape(text)}{'' if text.endswith('.') else '.'}</p>" for text in said]


def notes_as_paragraphs(notes: Iterable[str]) -> list[str]:
    """Return what was noted of the data as paragraphs; what asks for care stands out."""
    return [
        f"<p class='{'caveat' if asks_for_care(note) else 'note'}'>{html.escape(note)}</p>" for note in notes
    ]
