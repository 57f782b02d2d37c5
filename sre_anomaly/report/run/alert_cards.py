"""A card for each alert: its picture, why, how long, what else moved, similar ones, and how to hear less of it."""

import html

import numpy as np
import pandas as pd

from sre_anomaly.clock import HOUR, in_words, nanoseconds
from sre_anomaly.numbers import percent, together
from sre_anomaly.page.thumbnail import thumbnail
from sre_anomaly.pipeline.reasons import by_strength
from sre_anomaly.pipeline.runner import Run
from sre_anomaly.records import Alert, short
from sre_anomaly.report.run import words
from sre_anomaly.report.words import count

MOST_CARDS, MOST_BENEATH, MOST_SIMILAR = 100, 6, 4
ROWS_AROUND = 12  # shown before and after an alert at least, where an hour is less
LENGTHS = ((0, "any length"), (600, "10 min or longer"), (3600, "1 h or longer"), (21_600, "6 h or longer"))
STRENGTHS = ((0.0, "any strength"), (1.5, "1.5 times the threshold"), (3.0, "3 times the threshold"))


def alert_cards(run: Run) -> list[str]:
    """Return the cards with their filters, strongest first; nothing where there is no alert."""
    alerts = by_strength(run.detection.alerts) if run.detection else []
    if not alerts:
        return []
    metrics = sorted({alert.metric for alert in alerts if alert.metric})
    choices = "".join(f"<option>{html.escape(name)}</option>" for name in metrics)
    filters = (
        "<form id='filters' class='controls js-only'><label>Metric <select name='metric'><option value=''>all</option>"
        f"{choices}</select></label><label>Length <select name='length'>{_options(LENGTHS)}</select></label>"
        f"<label>Strength <select name='strength'>{_options(STRENGTHS)}</select></label><span id='shown' class='dim'></span></form>"
    )
    parts = [
        "<section><h2>Alerts, strongest first</h2>",
        filters,
    ]
    parts.append(
        f"<div class='cards filtered' id='alerts'>{''.join(card(run, one) for one in alerts[:MOST_CARDS])}</div>"
    )
    if len(alerts) > MOST_CARDS:
        parts.append(f"<p class='note'>{len(alerts) - MOST_CARDS} more are in alerts.csv.</p>")
    return [*parts, "</section>"]


def card(run: Run, alert: Alert, *, in_short: bool = False) -> str:
    """Return the card of an alert; ``in_short`` is the one of the first screen, which leads to the whole one."""
    lasted = pd.Timedelta(alert.end - alert.start)
    strength = alert.peak_score / alert.peak_level if alert.peak_level > 0 else 1.0
    head = f"<h3><span>{html.escape(alert.metric or 'alert')}</span><a href='#alert-{alert.id}'>#{alert.id}</a></h3>"
    when = words.when(run, alert.start)
    first, last = around(run, alert)
    shown = words.alert_line(run, alert)
    body = [
        head,
        f"<p class='dim'>{when}</p>",
        _picture(run, alert, alert.metric),
        f"<p>{html.escape(shown)}</p>",
    ]
    seconds = run.frame.step.total_seconds()
    start = run.frame.time[0].timestamp()
    button = f"<button class='js-only' data-from='{start + first * seconds:.0f}' data-to='{start + last * seconds:.0f}'>Show in the charts</button>"
    if in_short:
        return f"<div class='card'>{''.join(body)}{button}</div>"
    body += [
        *_strength(alert, strength),
        *_known(run, alert),
        *_similar(run, alert),
        button,
        *_beneath(run, alert),
        *_quieter(run, alert),
    ]
    data = f"data-metric='{html.escape(alert.metric, quote=True)}' data-length='{lasted.total_seconds():.0f}' data-strength='{strength:.3g}'"
    return f"<div class='card' id='alert-{alert.id}' {data}>{''.join(body)}</div>"


def around(run: Run, alert: Alert) -> tuple[int, int]:
    """Return the first and last row of an alert's picture: itself with an hour, or its own length, on each side."""
    time = run.frame.time.asi8
    step = nanoseconds(run.frame.step)
    room = max(HOUR, ROWS_AROUND * step, (alert.end - alert.start) // 2)
    first, last = time.searchsorted([alert.start - room, alert.end + room])
    return int(first), int(min(last, len(time) - 1))


def _picture(run: Run, alert: Alert, metric: str, style: str = "") -> str:
    if metric not in run.frame.metrics:
        return ""
    column, (first, last) = run.frame.metrics.index(metric), around(run, alert)
    bands = run.detection.bands if run.detection is not None else None
    begin, end = run.frame.time.asi8.searchsorted([alert.start, alert.end])
    picture = thumbnail(
        run.frame.values[first : last + 1, column],
        None if bands is None else bands[first : last + 1, column],
        [(int(begin) - first, int(end) - first)],
        f"{metric} around {words.when(run, alert.start)}",
    )
    return picture.replace("class='thumb'", f"class='thumb {style}'") if style else picture


def _strength(alert: Alert, strength: float) -> list[str]:
    if not np.isfinite(strength) or alert.peak_level <= 0:
        return []
    score, level = together(alert.peak_score, alert.peak_level)
    return [
        f"<p class='dim'>{strength:.3g} times the threshold at its peak (score {score}, threshold {level})</p>"
    ]


def _known(run: Run, alert: Alert) -> list[str]:
    if run.judgement is None or not run.judgement.measures.get("incidents"):
        return []
    return [f"<p class='dim'>Known incident: {html.escape(words.known_incident(run, alert))}</p>"]


def _similar(run: Run, alert: Alert) -> list[str]:
    """Return the earlier alerts of the same metric that went to the same side."""
    assert run.detection is not None
    before = [
        one
        for one in run.detection.alerts
        if one.metric == alert.metric and one.start < alert.start and _side(run, one) == _side(run, alert)
    ]
    if not before:
        return []
    links = [
        f"<a href='#alert-{one.id}'>{words.when(run, one.start)}</a>"
        for one in before[: -MOST_SIMILAR - 1 : -1]
    ]
    more = f" and {len(before) - MOST_SIMILAR} more" if len(before) > MOST_SIMILAR else ""
    return [f"<p class='dim'>Similar before: {', '.join(links)}{more}</p>"]


def _side(run: Run, alert: Alert) -> int:
    """Return 1 where the metric was above what it had been before, -1 below, 0 where it had no value."""
    if alert.metric not in run.frame.metrics:
        return 0
    column = run.frame.values[:, run.frame.metrics.index(alert.metric)]
    peak = int(run.frame.time.asi8.searchsorted(alert.peak))
    bands = run.detection.bands if run.detection is not None else None
    expected = bands[peak, run.frame.metrics.index(alert.metric), 0] if bands is not None else np.nan
    if not np.isfinite(expected):
        before = column[around(run, alert)[0] : max(1, peak)]
        expected = float(np.median(before[np.isfinite(before)])) if np.isfinite(before).any() else np.nan
    return int(np.nan_to_num(np.sign(column[peak] - expected)))


def _beneath(run: Run, alert: Alert) -> list[str]:
    """Return the other metrics at the same time, those with the largest part in it first."""
    shares = {one["metric"]: one["share"] for one in alert.metrics}
    others = sorted(
        (name for name in run.frame.metrics if name != alert.metric), key=lambda name: -shares.get(name, 0.0)
    )
    if not others:
        return []
    told = [
        f"<p class='dim'>{html.escape(name)}{f', {percent(shares[name])} of the surprise' if shares.get(name) else ''}</p>"
        + _picture(run, alert, name, "low")
        for name in others[:MOST_BENEATH]
    ]
    more = len(others) - len(told)
    rest = f"<p class='dim'>{count(more, 'more metric')} in the charts above</p>" if more else ""
    return [f"<details><summary>The other metrics at that time</summary>{''.join(told)}{rest}</details>"]


def _quieter(run: Run, alert: Alert) -> list[str]:
    """Return how to hear less of this, and more, as commands that can be copied."""
    options = []
    threshold = run.config["threshold"]
    peak = int(run.frame.time.asi8.searchsorted(alert.peak))
    bands = run.detection.bands if run.detection is not None else None
    if bands is not None and alert.metric.isidentifier() and alert.metric in run.frame.metrics:
        column = run.frame.metrics.index(alert.metric)
        far = abs(run.frame.values[peak, column] - bands[peak, column, 0])
        if np.isfinite(far) and far > 0:
            least = short(float(f"{1.1 * far:.2g}")).replace(",", "")
            options.append(
                (
                    f"data.known={{{alert.metric}:{{least_change:{least}}}}}",
                    f"only changes of {alert.metric} by {least} or more",
                )
            )
    if "pages_per_week" in threshold and threshold["pages_per_week"] is not None:
        budget = threshold["pages_per_week"]
        options += [
            (f"threshold.pages_per_week={budget / 2:g}", "quieter"),
            (f"threshold.pages_per_week={budget * 2:g}", "louder"),
        ]
    elif "contamination" in threshold and threshold["contamination"] is not None:
        share = threshold["contamination"]
        options += [
            (f"threshold.contamination={share / 2:g}", "quieter"),
            (f"threshold.contamination={min(0.5, share * 2):g}", "louder"),
        ]
    if run.frame.has_clock and "hold" in run.config["alerts"]:
        longer = in_words(pd.Timedelta(alert.end - alert.start) + run.frame.step).replace(" ", "")
        options.append((f"alerts.hold={longer}", "only what lasts longer than this"))
    if not options:
        return []
    lines = "".join(
        f"<p>{html.escape(what)}:<br><code>{html.escape(words.again(run, override))}</code></p>"
        for override, what in options
    )
    return [f"<details><summary>Make this quieter or louder</summary>{lines}</details>"]


def _options(choices: tuple[tuple[float, str], ...]) -> str:
    return "".join(f"<option value='{value:g}'>{text}</option>" for value, text in choices)
