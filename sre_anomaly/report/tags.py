"""Pictures and tables as HTML."""

import base64
import html
from pathlib import Path

from sre_anomaly.report import words


def picture_tag(image: Path) -> str:
    """Return a picture as HTML, its bytes inside."""
    data = base64.b64encode(image.read_bytes()).decode()
    return f"<h2>{html.escape(image.stem.replace('_', ' '))}</h2><img alt='{image.stem}' src='data:image/png;base64,{data}'>"


def table_tag(table: words.Table) -> str:
    """Return a table as HTML."""
    head = "".join(f"<th>{html.escape(column)}</th>" for column in table.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows
    )
    return f"<table><tr>{head}</tr>{rows}</table>"
