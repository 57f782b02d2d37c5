"""A fleet at a glance: a small picture of every series, and what many of them had at once."""

import html
from collections.abc import Iterator

import pandas as pd

from sre_anomaly.fleet.run import SERIES, FleetRun
from sre_anomaly.fleet.series import PICTURE, folder_name
from sre_anomaly.report.fleet.words import at, short_names, strongest
from sre_anomaly.report.html import table_tag
from sre_anomaly.report.words import Table, count

MOST_CARDS, MOST_TOGETHER, MOST_NAMES = 300, 12, 8
FEWEST_TOGETHER, SHARE_TOGETHER = 3, 0.2
"""So many series, or so many of a small fleet, that begin an alert together may have a common cause."""
NEAR = pd.Timedelta("10min")


def wall(found: FleetRun, alerts: pd.DataFrame) -> list[str]:
    """Return a card for each series, the one with the strongest alert first."""
    done = found.table[found.table["status"] == "completed"]
    why = {series: (time, reason) for series, time, reason in strongest(alerts)} if len(alerts) else {}
    place = {name: number for number, name in enumerate(why)}
    names = sorted(done["series"], key=lambda name: place.get(name, len(place)))
    pages = alerts["series"].value_counts()
    short = short_names(list(done["series"]))
    cards = "".join(
        _card(found, name, short[name], int(pages.get(name, 0)), why.get(name)) for name in names[:MOST_CARDS]
    )
    more = len(names) - MOST_CARDS
    rest = f"<p class='note'>{more:,} more series are in series.csv.</p>" if more > 0 else ""
    return [
        f"<h2>{len(names):,} series, the strongest alert first</h2>",
        "<form id='filters' class='controls js-only'><label>Find <input name='words' type='search' placeholder='name or reason'></label>"
        "<span id='shown' class='dim'></span></form>",
        f"<div class='cards filtered'>{cards}</div>{rest}",
    ]


def together_section(alerts: pd.DataFrame, series: int) -> list[str]:
    """Return when many series began an alert within ten minutes of one another; nothing where they never did."""
    groups = [group for group in _groups(alerts) if group["series"].nunique() >= _enough(series)]
    if not groups:
        return []
    groups.sort(key=lambda group: -group["series"].nunique())
    rows = []
    for group in groups[:MOST_TOGETHER]:
        names = list(short_names(list(group["series"].unique())).values())
        more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        told = strongest(group)[0][2]
        rows.append([at(group["start"].min()), str(len(names)), ", ".join(names[:MOST_NAMES]) + more, told])
    table = Table(["from (UTC)", "series", "which", "strongest of them"], rows)
    return ["<h2>At the same time: perhaps one cause</h2>", table_tag(table)]


def _groups(alerts: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield the alerts that begin near one another."""
    if len(alerts):
        ordered = alerts.sort_values("start", kind="stable")
        apart = pd.to_datetime(ordered["start"]).diff() > NEAR
        for _, group in ordered.groupby(apart.cumsum()):
            yield group


def _enough(series: int) -> int:
    return max(FEWEST_TOGETHER, int(SHARE_TOGETHER * series) if series < 50 else FEWEST_TOGETHER)


def _card(found: FleetRun, name: str, short: str, pages: int, why: tuple[str, str] | None) -> str:
    picture = found.folder / SERIES / folder_name(name) / PICTURE
    drawn = picture.read_text(encoding="utf-8") if picture.is_file() else ""
    said = f"<p>{at(why[0])}: {html.escape(why[1])}</p>" if why else "<p class='dim'>nothing unusual</p>"
    full = html.escape(name, quote=True)
    return f"<div class='card' title='{full}'><h3><span>{html.escape(short)}</span><span class='dim'>{count(pages, 'page')}</span></h3>{drawn}{said}</div>"
