"""What a look back found in many series, apart from what would have paged: one line a series, and what live missed first."""

import html
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.markup import escape

from sre_anomaly.fleet.run import SERIES, FleetRun
from sre_anomaly.fleet.series import HINDSIGHT, folder_name
from sre_anomaly.pipeline.hindsight import NO_PAGE
from sre_anomaly.report.fleet.words import at, short_names
from sre_anomaly.report.html import table_tag
from sre_anomaly.report.run.hindsight import MEANING, found, incidents
from sre_anomaly.report.terminal import print_sentences
from sre_anomaly.report.words import Table

SHOWN, MOST_ROWS = 5, 100
EACH = ("series", "hindsight", "hindsight_paged")


def all_hindsight(run: FleetRun) -> pd.DataFrame:
    """Return what was found in every series: what nobody would have been paged for first, then the strongest."""
    parts = []
    for name in _series(run)["series"]:
        part = pd.read_csv(run.folder / SERIES / folder_name(name) / HINDSIGHT)
        part.insert(0, "series", name)
        if len(part):
            parts.append(part)
    if not parts:
        return pd.DataFrame(columns=["series", "start", "end", "peak_score", "metric", "reason", "live"])
    table = pd.concat(parts, ignore_index=True)
    order = pd.DataFrame({"paged": table["live"] != NO_PAGE, "weak": -table["peak_score"]})
    return table.loc[order.sort_values(["paged", "weak"], kind="stable").index]


def print_hindsight(run: FleetRun, folder: Path, console: Console) -> None:
    """Say what was found with what came later known, what a live monitor missed first; nothing where nobody looked back."""
    if run.record.hindsight is None:
        return
    called = short_names(list(run.table["series"]))
    console.print()
    print_sentences(
        console, "Hindsight", f"Looking back (with what came later known): {_said(run)}", *_caught(run)
    )
    for line in pd.read_csv(folder / "hindsight.csv").head(SHOWN).itertuples():
        text = f"{called[str(line.series)]}: {line.reason}; live: {line.live}"
        console.print(f"  [blue]{at(line.start)}[/]  {escape(text)}", soft_wrap=True)


def hindsight_section(run: FleetRun, table: pd.DataFrame) -> list[str]:
    """Return the section of the page; nothing where nobody looked back."""
    if run.record.hindsight is None:
        return []
    each = [[str(cell) for cell in line] for line in _series(run)[list(EACH)].head(MOST_ROWS).to_numpy()]
    shown = table[["series", "start", "end", "reason", "live"]].head(MOST_ROWS).fillna("")
    rows = [
        [str(series), at(start), at(end), str(reason), str(live)]
        for series, start, end, reason, live in shown.to_numpy()
    ]
    parts = [
        "<h2>Looking back, with what came later known</h2>",
        f"<p class='caveat'>{html.escape(MEANING)}</p>",
    ]
    parts += [f"<p>{html.escape(said)}.</p>" for said in (_said(run), *_caught(run))]
    parts.append(table_tag(Table(["series", "unusual stretches", "live would have paged for"], each)))
    if rows:
        columns = ["series", "from (UTC)", "to", "reason, expected from both sides", "a live monitor"]
        parts += ["<p class='note'>All of them: hindsight.csv.</p>", table_tag(Table(columns, rows))]
    return parts


def _series(run: FleetRun) -> pd.DataFrame:
    """Return the lines of the series that were looked back at, most missed first."""
    if "hindsight" not in run.table:
        return run.table[:0]
    looked = run.table[run.table["hindsight"].notna()].astype({"hindsight": int, "hindsight_paged": int})
    missed = looked["hindsight"] - looked["hindsight_paged"]
    return looked.loc[missed.sort_values(ascending=False, kind="stable").index]


def _said(run: FleetRun) -> str:
    assert run.record.hindsight is not None
    series = int((_series(run)["hindsight"] > 0).sum())
    stretches, paged = (run.record.hindsight[name] for name in ("stretches", "live_paged"))
    return found(stretches, paged, f" in {series} series")


def _caught(run: FleetRun) -> list[str]:
    back = run.record.hindsight or {}
    if not back.get("incidents"):
        return []
    return [incidents((back["incidents"], back["incidents_caught"], back["live_caught"]))]
