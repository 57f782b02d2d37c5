"""The two pictures of a run."""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import date2num
from matplotlib.figure import Figure

from sre_anomaly.frame import Array, MetricFrame
from sre_anomaly.pipeline.forecasting import Forecasts
from sre_anomaly.pipeline.runner import Run
from sre_anomaly.records import Alert
from sre_anomaly.report.figure import (
    BLUE,
    GREY,
    ORANGE,
    PURPLE,
    RED,
    date_axis,
    draw_line,
    plain_times,
    save_figure,
    set_margins,
    thinned,
)

PANELS = 4
FAR = 20.0
"""Times the threshold that a score may be before a straight scale shows nothing else."""


def anomaly_plot(run: Run, path: Path) -> None:
    """Write the picture of a run."""
    save_figure(anomaly_figure(run), path)


def anomaly_figure(run: Run) -> Figure:
    """Return the metrics that the alerts name, the alerts and known incidents on them, and the score."""
    assert run.detection is not None
    frame, span, found = run.frame, run.split.test, run.detection
    time = frame.time[span]
    shown = drawn_metrics(run)
    # A figure of its own, not pyplot's: that one looks for a screen and costs more to import.
    figure = Figure(figsize=(12, 1.4 + 1.9 * (len(shown) + 1)))
    axes = figure.subplots(len(shown) + 1, 1, sharex=True)
    set_margins(figure, between=0.12)
    for axis, metric in zip(axes, shown, strict=False):
        number = frame.metrics.index(metric)
        column = frame.values[span, number]
        if found.bands is not None:
            _draw_band(axis, time, found.bands[span, number], column)
        draw_line(axis, time, column, color=BLUE, linewidth=0.8)
        _shade_incidents(axis, frame, time)
        _mark_alerts(axis, [alert for alert in found.alerts if alert.metric == metric], time, column)
        axis.set_ylabel(metric)
    score_axis = axes[-1]
    draw_line(score_axis, time, found.scores[span], color="black", linewidth=0.7, label="score")
    draw_line(score_axis, time, found.levels[span], color=RED, linewidth=1, linestyle="--", label="threshold")
    score_axis.set_ylabel("score")
    _show_level(score_axis, found.scores[span], found.levels[span])
    score_axis.legend(loc="upper left", fontsize=8, ncols=2)
    date_axis(score_axis)
    # An alert stands on the metric that it names, which need not be the first.
    known = {
        label: handle
        for axis in axes[:-1]
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    if known:
        axes[0].legend(list(known.values()), list(known), loc="upper left", fontsize=8, ncols=3)
    flags = int(found.flags[span].sum())
    title = f"{frame.name}: {flags} data points above the threshold, {len(found.alerts)} alert{'s' * (len(found.alerts) != 1)}"
    if len(shown) < len(frame.metrics):
        title += f" (the {len(shown)} of {len(frame.metrics)} metrics that alerts name most often)"
    figure.suptitle(title, fontsize=12)
    return figure


def forecast_plot(run: Run, path: Path) -> None:
    """Write the picture of the forecasts."""
    save_figure(forecast_figure(run), path)


def forecast_figure(run: Run) -> Figure:
    """Return what came, what was forecast and its interval: the whole test span, and its last part enlarged."""
    assert run.forecasts is not None
    forecasts = run.forecasts
    last = min(len(forecasts.time), max(48, len(forecasts.time) // 10))
    shown = list(range(min(len(forecasts.metrics), PANELS)))
    figure = Figure(figsize=(12, 1 + 2.6 * len(shown)))
    axes = figure.subplots(len(shown), 2, squeeze=False, sharey="row")
    set_margins(figure, between=0.3)
    for row, metric in enumerate(shown):
        for axis, part in zip(axes[row], (slice(None), slice(-last, None)), strict=True):
            _draw_forecast(axis, forecasts, metric, part)
        axes[row, 0].set_ylabel(forecasts.metrics[metric])
    axes[0, 0].set_title("whole evaluation period", fontsize=10)
    axes[0, 1].set_title(f"its last {last} data points", fontsize=10)
    axes[0, 1].legend(loc="upper left", fontsize=8)
    measures = forecasts.measures
    figure.suptitle(
        f"{run.frame.name}: forecast {measures['horizon']} data point(s) ahead, mean absolute error {measures['mae']:.4g}",
        fontsize=12,
    )
    return figure


def _draw_forecast(axis: Axes, forecasts: Forecasts, metric: int, part: slice) -> None:
    time = forecasts.time[part]
    keep = thinned(len(time))
    axis.fill_between(
        plain_times(time[keep]),
        forecasts.lower[part, metric][keep],
        forecasts.upper[part, metric][keep],
        color=ORANGE,
        alpha=0.3,
        linewidth=0,
        label="interval",
    )
    draw_line(axis, time, forecasts.actual[part, metric], color=BLUE, linewidth=0.8, label="measured")
    draw_line(axis, time, forecasts.mean[part, metric], color=RED, linewidth=0.8, label="forecast")
    date_axis(axis)


def drawn_metrics(run: Run) -> list[str]:
    """Return the metrics named most often by the alerts, then by the strongest rows; all of them where they are few."""
    by_alerts = Counter(alert.metric for alert in (run.detection.alerts if run.detection is not None else []))
    by_rows = Counter(reason.metric for _, reason in run.strongest)
    counted = sorted(run.frame.metrics, key=lambda metric: (-by_alerts[metric], -by_rows[metric]))
    named = [metric for metric in counted if by_alerts[metric] or by_rows[metric]]
    return (counted if len(counted) <= PANELS or not named else named)[:PANELS]


def _show_level(axis: Axes, scores: Array, levels: Array) -> None:
    """Use a log scale above the threshold, where a linear one would press it onto the ground."""
    level, highest = (np.nanmax(one, initial=0.0) for one in (levels, scores))
    if 0 < FAR * level < highest and np.nanmin(scores, initial=0.0) >= 0:
        axis.set_yscale("symlog", linthresh=float(level))
        axis.set_ylabel("score (log above threshold)")


def _draw_band(axis: Axes, time: pd.DatetimeIndex, band: Array, column: Array) -> None:
    """Draw where the metric was expected; where the band is far wider than the metric ever moves, only to the edge."""
    low, high = np.nanmin(column, initial=np.inf), np.nanmax(column, initial=-np.inf)
    if not low < high:
        return
    keep = thinned(len(time))
    edges = np.clip(band[keep, 1:], low - 0.1 * (high - low), high + 0.1 * (high - low))
    axis.fill_between(plain_times(time[keep]), *edges.T, color=GREY, alpha=0.3, linewidth=0, label="expected")


def _shade_incidents(axis: Axes, frame: MetricFrame, time: pd.DatetimeIndex) -> None:
    label = "known incident"
    for incident in frame.incidents or ():
        if incident.end > time[0] and incident.start <= time[-1]:
            start, end = date2num([incident.start, incident.end])  # type: ignore[no-untyped-call]
            axis.axvspan(start, end, color=ORANGE, alpha=0.35, linewidth=0, label=label)
            label = "_"


def _mark_alerts(axis: Axes, alerts: list[Alert], time: pd.DatetimeIndex, column: Array) -> None:
    if not alerts:
        return
    spans = plain_times(
        pd.DatetimeIndex([moment for alert in alerts for moment in (alert.start, alert.end)], tz="UTC")
    )
    starts, ends = date2num(spans[::2]), date2num(spans[1::2])  # type: ignore[no-untyped-call]
    across = axis.get_xaxis_transform()
    axis.broken_barh(
        list(zip(starts, ends - starts, strict=True)),
        (0, 1),
        color=PURPLE,
        alpha=0.35,
        linewidth=0,
        transform=across,
        label="alert",
    )
    rows = np.clip(time.asi8.searchsorted([alert.peak for alert in alerts]), 0, len(time) - 1)
    axis.plot(plain_times(time[rows]), column[rows], "o", color=RED, markersize=3.5, label="peak of an alert")
