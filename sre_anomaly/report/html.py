"""Pictures and tables as HTML."""

import base64
import html
from collections.abc import Iterable
from pathlib import Path

from sre_anomaly.report.words import Table, asks_for_care


def picture_tag(image: Path) -> str:
    """Return a picture as HTML, its bytes inside."""
    data = base64.b64encode(image.read_bytes()).decode()
    return f"<h2>{html.escape(image.stem.replace('_', ' '))}</h2><img alt='{image.stem}' src='data:image/png;base64,{data}'>"


def table_tag(table: Table) -> str:
    """Return a table as HTML."""
    head = "".join(f"<th>{html.escape(column)}</th>" for column in table.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows
    )
    return f"<table><tr>{head}</tr>{rows}</table>"


STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem;border-bottom:1px solid #ddd}
table{border-collapse:collapse;width:100%;font-size:14px}th,td{text-align:left;padding:.25rem .6rem .25rem 0;
border-bottom:1px solid #eee;vertical-align:top}td:nth-child(-n+2){white-space:nowrap}td:last-child{overflow-wrap:anywhere}th{font-weight:600;color:#555}img{width:100%;height:auto}
pre{background:#f6f6f6;padding:.8rem;overflow:auto;font-size:13px}.note{color:#666}.caveat{background:#fff4d6;
padding:.4rem .7rem}code{background:#f6f6f6;padding:.1rem .3rem}
"""


def document(title: str, body: Iterable[str]) -> str:
    """Return a whole page; nothing in it is fetched from anywhere."""
    shown = html.escape(title)
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{shown}</title><style>{STYLE}"
        f".wide{{overflow-x:auto}}</style></head><body><h1>{shown}</h1>{''.join(body)}</body></html>\n"
    )


def sentences(said: Iterable[str], style: str = "") -> list[str]:
    """Return sentences as paragraphs."""
    opened = f"<p class='{style}'>" if style else "<p>"
    return [f"{opened}{html.escape(text)}{'' if text.endswith('.') else '.'}</p>" for text in said]


def notes_as_paragraphs(notes: Iterable[str]) -> list[str]:
    """Return what was noted of the data as paragraphs; what asks for care stands out."""
    return [
        f"<p class='{'caveat' if asks_for_care(note) else 'note'}'>{html.escape(note)}</p>" for note in notes
    ]
