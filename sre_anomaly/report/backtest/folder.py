"""What a backtest leaves: a page to share, Markdown, tables and a record."""

import html
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from sre_anomaly.backtesting.card import Card
from sre_anomaly.backtesting.outcome import Page
from sre_anomaly.backtesting.run import Backtest, Judged
from sre_anomaly.clock import iso
from sre_anomaly.page.document import document
from sre_anomaly.records import write_json, write_text
from sre_anomaly.report.backtest import words
from sre_anomaly.report.backtest.markdown import as_markdown
from sre_anomaly.report.backtest.plots import budget_curve, page_calendar
from sre_anomaly.report.html import picture_tag, sentences, table_tag
from sre_anomaly.report.words import Table

MOST_CALENDARS = 4
MOST_PAGES = 200
MOST_WHAT_IFS = 20


def write_backtest(found: Backtest, record: dict[str, Any], failed: list[str], folder: Path) -> None:
    """Write ``report.html``, ``report.md``, ``cards.csv``, ``pages.csv`` and ``record.json``."""
    folder.mkdir(parents=True, exist_ok=True)
    _cards(found).to_csv(folder / "cards.csv", index=False)
    _pages(found).to_csv(folder / "pages.csv", index=False)
    write_text(folder / "report.md", as_markdown(found, failed))
    pictures = []
    for number, team in enumerate(found.teams[:MOST_CALENDARS], start=1):
        pictures.append(folder / f"pages_by_hour_{number}.png")
        page_calendar(team, pictures[-1])
    for number, one in enumerate(one for one in found.judged if one.source.kind == "model" and one.changes):
        path = folder / f"budgets_{number + 1}.png"
        cards = [(change.value, card) for change, card in one.changes]
        budget_curve(
            one.source.name, cards, record["budgets"].get(one.source.name), len(found.truth or ()), path
        )
        pictures.append(path)
    write_text(folder / "report.html", _page(found, record, failed, pictures))
    write_json(folder / "record.json", record | _record(found, failed))


def _page(found: Backtest, record: dict[str, Any], failed: list[str], pictures: list[Path]) -> str:
    body = [f"<p><b>{html.escape(said)}.</b></p>" for said in words.answers(found)]
    body += sentences(failed, "caveat")
    body += sentences(found.notes, "note")
    if advice := words.to_do(found):
        body += ["<h2>What to do</h2>", *sentences(advice)]
    body += ["<h2>Report card</h2>", table_tag(words.cards(found))]
    if beside := words.beside_each_other(found):
        body += ["<h2>Beside each other</h2>", *sentences(beside)]
    body += [picture_tag(path) for path in pictures]
    tried = [one for one in found.judged if one.changes][:MOST_WHAT_IFS]
    if tried:
        body.append("<h2>What another setting would have given</h2>")
    for one in tried:
        table = words.what_if(one)
        body += [f"<h3>{html.escape(one.source.name)}</h3>", _expression(one), table_tag(table)]
    pages = _pages(found).tail(MOST_PAGES).iloc[::-1]
    shown = pages[["time", "alerts", "labels", "summary"]].fillna("").astype(str).to_numpy().tolist()
    body += [
        f"<h2>The newest {MOST_PAGES} pages (all: pages.csv)</h2>",
        table_tag(Table(["time (UTC)", "alert", "labels", "what it says"], shown)),
    ]
    body += ["<h2>How this was made</h2>", f"<p>Command: <code>{html.escape(record['command'])}</code></p>"]
    return document("What would have paged you", body)


def _expression(one: Judged) -> str:
    where = f" <span class='note'>{html.escape(one.source.where)}</span>" if one.source.where else ""
    return f"<p><code>{html.escape(one.source.says)}</code>{where}</p>"


def _cards(found: Backtest) -> pd.DataFrame:
    return pd.DataFrame(
        {"alert": one.source.name, "kind": one.source.kind, **_plain(one.card)}
        | {"verdict": one.verdict.text, "where": one.source.where}
        for one in found.judged
    )


def _plain(card: Card) -> dict[str, Any]:
    line = asdict(card)
    line["longest_s"] = line.pop("longest") / 1e9
    return line


def _pages(found: Backtest) -> pd.DataFrame:
    lines = [_line(page) for team in found.teams for page in team.pages]
    return pd.DataFrame(lines, columns=["time", "end", "alerts", "labels", "repeats", "summary"])


def _line(page: Page) -> dict[str, Any]:
    labels = ", ".join(f"{name}={value}" for name, value in page.labels if name != "alertname")
    return {
        "time": iso(page.time), "end": iso(page.end), "alerts": ", ".join(page.names), "labels": labels,
        "repeats": page.repeats, "summary": page.summary,
    }  # fmt: skip


def _record(found: Backtest, failed: list[str]) -> dict[str, Any]:
    return {
        "status": "failed" if failed else "completed",
        "answer": words.answers(found),
        "from": iso(found.span[0]),
        "to": iso(found.span[1]),
        "incidents": None if found.truth is None else len(found.truth),
        "teams": [{"name": team.name, "observed_weeks": team.scope.weeks, **_plain(team.card)} for team in found.teams],
        "sources": [
            {
                "name": one.source.name, "kind": one.source.kind, "expression": one.source.says, "where": one.source.where,
                "verdict": one.verdict.text, "grade": one.verdict.grade, **_plain(one.card),
                "changes": [{"setting": change.text, **_plain(card)} for change, card in one.changes],
            }
            for one in found.judged
        ],
        "failed": failed,
        "notes": found.notes,
    }  # fmt: skip
