"""A page in one file: its style, its script and its data inside, and nothing that is fetched from anywhere."""

import base64
import hashlib
import html
import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

CHARTS_NEED = ("uplot.min.js", "charts.js")
LICENSE = "uPlot 1.6.32, MIT licence, Copyright (c) 2022 Leon Sorokin"


def document(title: str, body: Iterable[str], charts: Mapping[str, Any] | None = None) -> str:
    """Return a whole page.

    Parameters
    ----------
    title : str
        Plain text; the first heading too.
    body : iterable of str
        HTML. Text from data in it has to be escaped already.
    charts : mapping, optional
        What `page.charts.charts` returned; their place in the body is ``<div id="charts"></div>``.

    Notes
    -----
    The policy in its head allows the script that is inside, by its hash, and no request at all: a page from
    somebody else's data can neither fetch nor send anything.
    """
    scripts = ["page.js", *(CHARTS_NEED if charts else ())]
    allowed = " ".join(f"'sha256-{_hash(name)}'" for name in scripts)
    policy = f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {allowed}; base-uri 'none'; form-action 'none'"
    shown = html.escape(title)
    styles = asset("uplot.min.css") + asset("page.css") if charts else asset("page.css")
    data = f"<script type='application/json' id='chart-data'>{as_data(charts)}</script>" if charts else ""
    about = f"<!-- charts: {LICENSE} -->" if charts else ""
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<meta name='viewport' content='width=device-width,initial-scale=1'><meta name='color-scheme' content='light dark'>"
        f"<title>{shown}</title><style>{styles}</style></head><body><main><h1>{shown}</h1>{''.join(body)}</main>"
        f"{about}{data}{''.join(f'<script>{asset(name)}</script>' for name in scripts)}</body></html>\n"
    )


def as_data(content: Any) -> str:
    r"""Return JSON that can stand inside a page: no text in it ends the element that holds it.

    Examples
    --------
    >>> as_data({"name": "</script>"})
    '{"name":"\\u003c/script>"}'
    """
    return json.dumps(content, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


@cache
def asset(name: str) -> str:
    """Return a text file that comes with the pages."""
    return files("sre_anomaly.page").joinpath("assets", name).read_text(encoding="utf-8")


@cache
def _hash(name: str) -> str:
    return base64.b64encode(hashlib.sha256(asset(name).encode()).digest()).decode()
