"""The two pictures of a run."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd

from sre_anomaly.forecasting import Forecasts
from sre_anomaly.frame import Array, MetricFrame
from sre_anomaly.records import Alert
from sre_anomaly.runner import Run

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

# Okabe and Ito's colours (2008), which colour-blind readers can tell apart.
BLUE, ORANGE, RED, GREY = "#0072B2", "#E69F00", "#D55E00", "#999999"
POINTS = 4000
"""A panel is about a thousand pixels wide; more points than this only cost time."""
PANELS = 4
DOTS_PER_INCH = 110


def anomaly_plot(run: Run, path: Path) -> None:
    """Draw the metrics that the alerts name, the alerts and known incidents on them, and the score."""
    assert run.detection is not None
    frame, span, found = run.frame, run.split.test, run.detection
    time = frame.time[span]
    shown = _most_blamed(run)
    figure, axes = plt.subplots(
        len(shown) + 1, 1, figsize=(12, 1.4 + 1.9 * (len(shown) + 1)), sharex=True, constrained_layout=True
    )
    for axis, metric in zip(axes, shown, strict=False):
        column = frame.values[span, frame.metrics.index(metric)]
        _line(axis, time, column, color=BLUE, linewidth=0.8)
        _shade_incidents(axis, frame, time)
        _mark_alerts(axis, [alert for alert in found.alerts if alert.metric == metric], time, column)
        axis.set_ylabel(metric)
    score_axis = axes[-1]
    _line(score_axis, time, found.scores[span], color="black", linewidth=0.7, label="score")
    _line(score_axis, time, found.levels[span], color=RED, linewidth=1, linestyle="--", label="level")
    score_axis.set_ylabel("score")
    score_axis.legend(loc="upper left", fontsize=8, ncols=2)
    _date_axis(score_axis)
    handles, labels = axes[0].get_legend_handles_labels()
    if handles:
        axes[0].legend(handles, labels, loc="upper left", fontsize=8, ncols=2)
    flags = int(found.flags[span].sum())
    figure.suptitle(f"{frame.name}: {flags} flagged rows, {len(found.alerts)} alerts", fontsize=12)
    _save(figure, path)


def forecast_plot(run: Run, path: Path) -> None:
    """Draw what came, what was forecast and its interval: the whole test span, and its last part enlarged."""
    assert run.forecasts is not None
    forecasts = run.forecasts
    last = min(len(forecasts.time), max(48, len(forecasts.time) // 10))
    shown = list(range(min(len(forecasts.metrics), PANELS)))
    figure, axes = plt.subplots(
        len(shown),
        2,
        figsize=(12, 1 + 2.6 * len(shown)),
        squeeze=False,
        constrained_layout=True,
        sharey="row",
    )
    for row, metric in enumerate(shown):
        for axis, part in zip(axes[row], (slice(None), slice(-last, None)), strict=True):
            _draw_forecast(axis, forecasts, metric, part)
        axes[row, 0].set_ylabel(forecasts.metrics[metric])
    axes[0, 0].set_title("all rows that were forecast", fontsize=10)
    axes[0, 1].set_title(f"the last {last} of them", fontsize=10)
    axes[0, 1].legend(loc="upper left", fontsize=8)
    measures = forecasts.measures
    figure.suptitle(
        f"{run.frame.name}: forecast {measures['horizon']} step(s) ahead, mean absolute error {measures['mae']:.4g}",
        fontsize=12,
    )
    _save(figure, path)


def _draw_forecast(axis: Axes, forecasts: Forecasts, metric: int, part: slice) -> None:
    time = forecasts.time[part]
    keep = _thin(len(time))
    axis.fill_between(
        time[keep],
        forecasts.lower[part, metric][keep],
        forecasts.upper[part, metric][keep],
        color=ORANGE,
        alpha=0.3,
        linewidth=0,
        label="interval",
    )
    _line(axis, time, forecasts.actual[part, metric], color=BLUE, linewidth=0.8, label="measured")
    _line(axis, time, forecasts.mean[part, metric], color=RED, linewidth=0.8, label="forecast")
    _date_axis(axis)


def _most_blamed(run: Run) -> list[str]:
    """Return the metrics named most often by the strongest rows, at least one."""
    named = [reason.metric for _, reason in run.strongest]
    counted = sorted(run.frame.metrics, key=lambda metric: -named.count(metric))
    used = [metric for metric in counted if metric in named] or counted
    return used[:PANELS]


def _shade_incidents(axis: Axes, frame: MetricFrame, time: pd.DatetimeIndex) -> None:
    label = "known incident"
    for incident in frame.incidents or ():
        if incident.end > time[0] and incident.start <= time[-1]:
            axis.axvspan(incident.start, incident.end, color=ORANGE, alpha=0.35, linewidth=0, label=label)
            label = "_"


def _mark_alerts(axis: Axes, alerts: list[Alert], time: pd.DatetimeIndex, column: Array) -> None:
    if not alerts:
        return
    rows = np.clip(time.asi8.searchsorted([alert.peak for alert in alerts]), 0, len(time) - 1)
    axis.plot(time[rows], column[rows], "o", color=RED, markersize=3.5, label="alert that names this metric")


def _line(axis: Axes, time: pd.DatetimeIndex, values: Array, **style: object) -> None:
    keep = _extremes(values) if len(values) > POINTS else np.arange(len(values))
    axis.plot(time[keep], values[keep], **style)  # type: ignore[arg-type]
    axis.margins(x=0)
    axis.grid(color=GREY, alpha=0.25, linewidth=0.5)


def _extremes(values: Array) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the rows of the lowest and highest value in each of many stretches: no spike is lost."""
    stretches = np.array_split(np.arange(len(values)), POINTS // 2)
    low = [rows[0] + int(np.argmin(np.nan_to_num(values[rows], nan=np.inf))) for rows in stretches]
    high = [rows[0] + int(np.argmax(np.nan_to_num(values[rows], nan=-np.inf))) for rows in stretches]
    return np.unique(np.array(low + high))


def _thin(rows: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.unique(np.linspace(0, rows - 1, min(rows, POINTS)).astype(np.int64))


def _date_axis(axis: Axes) -> None:
    locator = AutoDateLocator()
    axis.xaxis.set_major_locator(locator)
    axis.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=DOTS_PER_INCH, metadata={"Software": None})
    plt.close(figure)
