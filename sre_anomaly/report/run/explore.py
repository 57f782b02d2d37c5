"""The charts of a run that can be explored: every metric with its band, alerts, incidents and gaps, and the score."""

from collections import Counter

import numpy as np

from sre_anomaly.frame import Array
from sre_anomaly.numbers import scale_of
from sre_anomaly.page.charts import MOST_CHARTS, Line, Mark, charts
from sre_anomaly.pipeline.reasons import by_strength
from sre_anomaly.pipeline.runner import Run
from sre_anomaly.report.run import words
from sre_anomaly.report.run.alert_cards import around

CONTROLS = (
    "<div class='controls js-only'><button data-zoom='all'>All</button><button data-zoom='month'>Month</button>"
    "<button data-zoom='week'>Week</button><button data-zoom='day'>Day</button><button data-zoom='hour'>Hour</button>"
    "<span id='span' class='dim'></span></div>"
)
HOW = (
    "Drag over a chart to zoom all of them, double-click for the whole period; two fingers on a touch screen. Keys on a chart: "
    "arrows move, + and - zoom, 0 shows all."
)


def charts_of(run: Run) -> dict[str, object] | None:
    """Return the charts as data; None where nothing was detected or there is no clock."""
    if run.detection is None or not run.frame.has_clock or not len(run.frame):
        return None
    frame, found = run.frame, run.detection
    names, more = ordered_metrics(run)[: MOST_CHARTS - 1], rows_to_come(run)
    lines = []
    for name in names:
        column = frame.metrics.index(name)
        values, band = frame.values[:, column], None if found.bands is None else found.bands[:, column]
        finite = np.abs(values[np.isfinite(values)])
        factor, unit = scale_of(frame.units.get(name, ""), float(finite.max(initial=0.0)))
        if more:
            values, band = np.append(values, np.full(more, np.nan)), _with_forecast(run, name, band, more)
        lines.append(Line(name, values / factor, None if band is None else band / factor, unit))
    empty = np.full(more, np.nan)
    level = np.append(found.levels, empty)[:, np.newaxis]
    lines.append(Line("score", np.append(found.scores, empty), level, dashed=True))
    step = frame.step.total_seconds()
    first = frame.time[0].timestamp()
    shown = (first + run.split.test.start * step, first + (run.split.test.stop + more - 1) * step)
    closely = [(len(frame), len(frame) + more)] if more else []
    closely += [around(run, alert) for alert in by_strength(found.alerts)]
    return charts(lines, first, step, marks(run), closely, frame.timezone, shown)


def rows_to_come(run: Run) -> int:
    """Return how many rows after the end of the data are forecast; a single one is told in words."""
    coming = run.forecasts.coming if run.forecasts is not None else None
    return len(coming.time) if coming is not None and len(coming.time) > 1 else 0


def _with_forecast(run: Run, name: str, band: Array | None, more: int) -> Array | None:
    """Return the band of a metric with its forecast after the end of the data; None where it has neither."""
    coming = run.forecasts.coming if run.forecasts is not None else None
    ahead = np.full((more, 3), np.nan)
    if coming is not None and name in coming.metrics:
        number = coming.metrics.index(name)
        ahead[:] = np.stack(
            [part[0, :, number] for part in (coming.ahead.mean, coming.ahead.lower, coming.ahead.upper)],
            axis=1,
        )
    elif band is None:
        return None
    past = np.full((len(run.frame), 3), np.nan) if band is None else band
    return np.concatenate([past, ahead])


def explore(run: Run, there: bool) -> list[str]:
    """Return the place of the charts, their buttons and what their colours mean."""
    if not there:
        return []
    assert run.detection is not None
    band = (
        "<span><i style='background:var(--band)'></i>where it was expected (a value outside of it pages by itself)</span>"
        if run.detection.bands is not None
        else ""
    )
    known = (
        "<span><i style='background:var(--incident)'></i>known incident</span>" if run.frame.incidents else ""
    )
    learned = (
        "<span><i style='background:var(--soft)'></i>training period</span>"
        if not run.split.in_sample
        else ""
    )
    calendar = (
        "<span><i style='background:var(--line)'></i>window of your calendar</span>"
        if len(run.frame.windows.apart)
        else ""
    )
    coming = (
        "<span>after the end of the data: what is forecast, dotted, and its interval</span>"
        if rows_to_come(run)
        else ""
    )
    legend = f"<p class='legend'><span><i style='background:var(--alertfill)'></i>alert (strong on the metric that it names)</span>{band}{known}{calendar}{learned}{coming}</p>"
    left = len(run.frame.metrics) - (MOST_CHARTS - 1)
    more = (
        f" {left} metrics that no alert names are left out here; scores.parquet has them." if left > 0 else ""
    )
    return [
        "<section><h2>Explore</h2>",
        CONTROLS,
        f"<div id='charts'></div>{legend}",
        f"<p class='note js-only'>{HOW}{more}</p></section>",
    ]


def ordered_metrics(run: Run) -> list[str]:
    """Return the metrics, those that alerts name most often first where there are more than a screen holds."""
    metrics = list(run.frame.metrics)
    if len(metrics) < MOST_CHARTS or run.detection is None:
        return metrics
    named = Counter(alert.metric for alert in run.detection.alerts)
    return sorted(metrics, key=lambda name: -named[name])


def marks(run: Run) -> list[Mark]:
    """Return what stands out: the training period, known incidents, alerts."""
    assert run.detection is not None
    frame, step = run.frame, run.frame.step.total_seconds()
    first = frame.time[0].timestamp()
    out = []
    if not run.split.in_sample:
        train = run.split.train
        out.append(Mark(first + train.start * step, first + train.stop * step, "training", "training period"))
    # Deploys, holidays, maintenance: what a calendar says.
    out += [Mark(begin / 1e9, end / 1e9, "event") for begin, end in frame.windows.apart.tolist()]
    out += [
        Mark(one.start.timestamp(), one.end.timestamp(), "incident", one.type)
        for one in frame.incidents or ()
    ]
    out += [
        Mark(one.start / 1e9, one.end / 1e9, "alert", words.alert_line(run, one), one.metric, str(one.id))
        for one in run.detection.alerts
    ]
    return out
