"""The one-file report of a run over many series: opens offline, makes no request."""

import html
from pathlib import Path

import pandas as pd
import yaml

from sre_anomaly.config.environment import without_secrets
from sre_anomaly.fleet.run import FleetRun
from sre_anomaly.page.document import document
from sre_anomaly.report.fleet import words
from sre_anomaly.report.fleet.hindsight import hindsight_section
from sre_anomaly.report.fleet.wall import together_section, wall
from sre_anomaly.report.html import notes_as_paragraphs, picture_tag, table_tag
from sre_anomaly.report.nab import words as nab_words
from sre_anomaly.report.words import Table

MOST_SERIES, MOST_ALERTS = 200, 100


def write_fleet_page(
    found: FleetRun, alerts: pd.DataFrame, back: pd.DataFrame, picture: Path, path: Path
) -> None:
    """Write the report, with its picture inside it."""
    record = found.record
    title = f"{record.experiment}: {record.data['series']} series"
    assert record.detection is not None
    said = words.caught(found)
    body = [
        f"<p class='headline'>{html.escape(words.alerted(found))}.</p>",
        f"<p>{html.escape(words.read(found))}.</p>",
        *notes_as_paragraphs(record.notes),
        *([f"<p>{html.escape(said)}.</p>"] if said else []),
        *(f"<p class='caveat'>{html.escape(caveat)}</p>" for caveat in record.detection["caveats"]),
        *together_section(alerts, len(found.table)),
        *wall(found, alerts),
        "<h2>When there were alerts</h2>",
        picture_tag(picture),
        *_section("Quality of the detection", words.measured(found)),
        *_section("Numenta Anomaly Benchmark", nab_words.nab(found)),
        *(f"<p class='note'>{html.escape(remark)}</p>" for remark in nab_words.nab_remarks(found)),
        *_section("By category", words.by_category(found)),
        *_section(
            "Series, the strongest alert first (all of them: series.csv)",
            words.series_lines(found, MOST_SERIES, alerts=alerts),
        ),
        *_section("Series that failed", words.broken(found)),
        *_section(f"The newest {MOST_ALERTS} alerts (all of them: alerts.csv)", _alerts(alerts)),
        *hindsight_section(found, back),
        "<h2>How this was made</h2>",
        f"<p>{html.escape(words.cost(found))}.<br>Command: <code>{html.escape(record.command)}</code></p>",
        f"<pre>{html.escape(yaml.safe_dump(without_secrets(found.config), sort_keys=False))}</pre>",
    ]
    path.write_text(document(title, body), encoding="utf-8")


def _section(title: str, table: Table | None) -> list[str]:
    return [] if table is None or not table.rows else [f"<h2>{html.escape(title)}</h2>", table_tag(table)]


def _alerts(alerts: pd.DataFrame) -> Table:
    shown = alerts[["series", "start", "end", "reason"]].head(MOST_ALERTS).fillna("")
    rows = [
        [str(series), words.at(start), words.at(end), str(reason)]
        for series, start, end, reason in shown.to_numpy()
    ]
    return Table(["series", "from (UTC)", "to", "reason"], rows)
