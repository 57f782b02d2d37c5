"""The one-file report: opens offline, makes no request, explains its own numbers."""

import html
from pathlib import Path

import yaml

from sre_anomaly.config.environment import without_secrets
from sre_anomaly.page.document import document
from sre_anomaly.pipeline.runner import Run
from sre_anomaly.report.forecast import words as forecast_words
from sre_anomaly.report.html import notes_as_paragraphs, picture_tag, sentences, table_tag
from sre_anomaly.report.run import words
from sre_anomaly.report.run.alert_cards import alert_cards
from sre_anomaly.report.run.explore import charts_of, explore
from sre_anomaly.report.run.first_screen import first_screen
from sre_anomaly.report.run.hindsight import hindsight_section
from sre_anomaly.report.run.usual import usual_section
from sre_anomaly.report.table import words as table_words
from sre_anomaly.report.table.page import table_sections
from sre_anomaly.report.words import Table

MOST_ROWS = 100


def write_page(run: Run, images: list[Path], path: Path) -> None:
    """Write the report of a run, with its charts and pictures inside it."""
    title = f"{run.record.experiment}: {run.record.data['name']}"
    pictures = {image.stem: picture_tag(image) for image in images}
    drawn = charts_of(run)
    still = pictures.get("anomaly_plot", "")
    body = [
        *first_screen(run),
        *_read(run),
        *notes_as_paragraphs(run.record.notes),
        *explore(run, drawn is not None),
        # A page that is printed, or read without scripts, has the picture instead.
        f"<div class='no-js'>{still}</div>" if drawn is not None else still,
        *alert_cards(run),
        *_close_calls(run),
        *_blind_spots(run),
        *_missed(run),
        *hindsight_section(run),
        *_quality(run),
        *_forecast(run),
        pictures.get("forecast_plot", ""),
        *table_sections(run, pictures),
        *usual_section(run),
        "<h2>How this was made</h2>",
        f"<p>Command: <code>{html.escape(run.record.command)}</code><br>Data fingerprint: "
        f"<code>{run.record.data['fingerprint'][:16]}</code>, seed {run.record.seed}, {html.escape(_versions(run))}</p>",
        "<details><summary>All settings</summary>"
        f"<pre>{html.escape(yaml.safe_dump(without_secrets(run.config), sort_keys=False))}</pre></details>",
    ]
    path.write_text(document(title, body, drawn), encoding="utf-8")


def _read(run: Run) -> list[str]:
    said = []
    if len(run.frame):
        said.append(f"{words.reading(run)}.<br>{words.spans(run).capitalize()}.")
    if run.learned is not None:
        said.append(f"{table_words.headline(run)}.<br>{table_words.judged(run)}.")
    return [f"<p>{html.escape(text).replace('&lt;br&gt;', '<br>')}</p>" for text in said]


def _close_calls(run: Run) -> list[str]:
    lines = [list(line) for line in words.close_calls(run)]
    if not lines:
        return []
    return ["<h2>Close to paging</h2>", table_tag(Table(["when", "what"], lines))]


def _blind_spots(run: Run) -> list[str]:
    if not run.blind_spots:
        return []
    lines = "".join(f"<li>{html.escape(line)}</li>" for line in run.blind_spots)
    return ["<h2>What the series could not tell</h2>", f"<ul>{lines}</ul>"]


def _missed(run: Run) -> list[str]:
    missed = words.missed_incidents(run)
    if not missed:
        return []
    rows = [
        [words.when(run, i.start.value), words.when(run, i.end.value), i.type, i.metric, i.severity]
        for i in missed[:MOST_ROWS]
    ]
    return [
        "<h2>Missed incidents (no alert)</h2>",
        table_tag(Table(["from", "to", "type", "metric", "severity"], rows)),
    ]


def _quality(run: Run) -> list[str]:
    if run.detection is None:
        return []
    parts = sentences(words.incidents_caught(run)) + sentences(words.in_short(run))
    if run.judgement is not None:
        parts += [f"<p class='caveat'>{html.escape(caveat)}</p>" for caveat in run.judgement.caveats]
    if (table := words.detection_table(run)) is not None:
        parts += [
            table_tag(table),
            "<p class='note'>Baselines: random: random scores. largest change: the biggest change from one data point to the next. Both "
            "flag as many data points as the detector. In brackets: 95 % confidence interval over resampled days.</p>",
        ]
    return ["<h2>Quality of the detection</h2>", *parts] if parts else []


def _forecast(run: Run) -> list[str]:
    table = words.forecast_table(run)
    if table is None or run.forecasts is None:
        return []
    inside = run.forecasts.measures["coverage"]
    horizons = forecast_words.horizon_table(run)
    return [
        "<h2>Forecast</h2>",
        *sentences(forecast_words.coming(run, words.when)),
        *([table_tag(horizons)] if horizons is not None else []),
        f"<p>{html.escape(words.forecast_heading(run))}: {run.forecasts.measures['rows']:,} data points, each "
        f"forecast from those before it. Coverage: {inside:.0%} of them are inside "
        f"the {run.config['forecast']['coverage']:.0%} interval.</p>",
        table_tag(table),
    ]


def _versions(run: Run) -> str:
    return ", ".join(f"{name} {number}" for name, number in run.record.versions.items())
