"""The picture of several runs: their scores over time, what each cut would give, and how sure their measures are."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import date2num
from matplotlib.figure import Figure

from sre_anomaly.frame import Array, runs_of_labels
from sre_anomaly.kernels.ranking import threshold_curve
from sre_anomaly.report.comparison.page import ComparedRun, Evaluated
from sre_anomaly.report.figure import BLUE, GREY, ORANGE, RED, date_axis, draw_line, save_figure
from sre_anomaly.report.words import title

COLORS = (BLUE, RED, "#009E73", "#CC79A7", "#56B4E9", "black", ORANGE, "#F0E442")
MOST_RUNS = len(COLORS)
MEASURES = {"f1": "o", "pr_auc": "s", "incident_recall": "D"}
LINES = {"random": ":", "largest_jump": "--"}


def comparison_plot(runs: Sequence[ComparedRun], path: Path) -> bool:
    """Draw the runs that have scores; return whether there was anything to draw."""
    shown = [run for run in runs if run.judged is not None][:MOST_RUNS]
    if not shown:
        return False
    labelled = [run for run in shown if run.judged and run.judged.labels is not None and run.same_rows]
    below = 3.6 if labelled else 0.0
    figure = Figure(figsize=(12, 0.8 + 1.5 * len(shown) + below), layout="constrained")
    parts: list[Any] = [figure]
    if labelled:
        parts = list(figure.subfigures(2, 1, squeeze=False, height_ratios=(1.5 * len(shown), below)).flat)
    top, *bottom = parts
    together = all(run.same_rows for run in shown)
    for number, (run, axis) in enumerate(
        zip(shown, top.subplots(len(shown), 1, squeeze=False, sharex=together)[:, 0], strict=True)
    ):
        assert run.judged is not None
        _scores(axis, run.judged, COLORS[number])
        axis.set_title(run.name, fontsize=9, loc="left")
        if not together or number == len(shown) - 1:
            date_axis(axis)
    more = sum(run.judged is not None for run in runs) - len(shown)
    top.suptitle(
        "How far each score is above its threshold (dashed); known incidents are shaded"
        + (f"; {more} more runs are not drawn" if more else ""),
        fontsize=12,
    )
    for part in bottom:
        left, right = part.subplots(1, 2)
        colors = [COLORS[shown.index(run)] for run in labelled]
        _curves(left, labelled, colors)
        _intervals(right, labelled, colors)
    save_figure(figure, path)
    return True


def _scores(axis: Axes, judged: Evaluated, color: str) -> None:
    draw_line(axis, judged.time, relative(judged), color=color, linewidth=0.7)
    axis.axhline(0, color="black", linestyle="--", linewidth=0.8)
    axis.set_yscale("symlog", linthresh=1, linscale=1)
    axis.set_yticks([-1, 0, 1, 10], ["median", "threshold", "1", "10"])
    if judged.labels is not None:
        for incident in runs_of_labels(judged.time, judged.labels):
            start, end = date2num([incident.start, incident.end])  # type: ignore[no-untyped-call]
            axis.axvspan(start, end, color=ORANGE, alpha=0.35, linewidth=0)


def relative(judged: Evaluated) -> Array:
    """Return scores as heights above the level, (n,): -1 is the usual row, 0 the level.

    One unit is the distance from the usual score to the level, so that detectors with scores of any kind can
    stand above each other.
    """
    above = judged.scores - judged.levels
    known = above[np.isfinite(above)]
    unit = -float(np.median(known)) if len(known) else math.nan
    if not unit > 0:
        # The usual row is above the level already: only the order of size is left to show.
        unit = float(np.std(known)) if len(known) and np.std(known) > 0 else 1.0
    return np.where(np.isfinite(above), above / unit, np.nan)


def _curves(axis: Axes, runs: Sequence[ComparedRun], colors: Sequence[str]) -> None:
    for run, color in zip(runs, colors, strict=True):
        judged = run.judged
        assert judged is not None
        assert judged.labels is not None
        known = np.isfinite(judged.labels)
        scores = judged.scores[known]
        cuts = threshold_curve(np.where(np.isfinite(scores), scores, -np.inf), judged.labels[known])
        axis.step(cuts.recall, cuts.precision, where="pre", color=color, linewidth=1.2, label=run.name)
        across, up = run.measures.get("recall"), run.measures.get("precision")
        if judged.flags.any() and across is not None and up is not None:
            axis.plot([across], [up], "o", color=color, markersize=7)
    share = runs[0].baselines.get("flag_everything", {}).get("precision", math.nan)
    if math.isfinite(share):
        axis.axhline(share, color=GREY, linestyle=":", label="chance")
    axis.set(
        xlim=(0, 1),
        ylim=(0, 1.02),
        xlabel="recall: anomalous data points that are flagged",
        ylabel="precision: flags that are correct",
    )
    axis.grid(color=GREY, alpha=0.25, linewidth=0.5)
    axis.legend(loc="upper right", fontsize=8)
    axis.set_title("What each threshold would give; the dot is the threshold in use", fontsize=10)


def _intervals(axis: Axes, runs: Sequence[ComparedRun], colors: Sequence[str]) -> None:
    names = [name for name in MEASURES if any(run.measures.get(name) is not None for run in runs)]
    width = 0.7 / len(runs)
    for place, (run, color) in enumerate(zip(runs, colors, strict=True)):
        for row, name in enumerate(names):
            value, (low, high) = run.measures.get(name), run.interval(name)
            across = row - 0.35 + (place + 0.5) * width
            if value is None:
                continue
            if math.isfinite(low):
                axis.plot([across, across], [low, high], color=color, linewidth=2, alpha=0.5)
            axis.plot([across], [value], MEASURES[name], color=color, markersize=6)
    for baseline, style in LINES.items():
        numbers, label = runs[0].baselines.get(baseline, {}), title(baseline)
        for row, name in enumerate(names):
            if name in numbers:
                axis.plot(
                    [row - 0.4, row + 0.4], [numbers[name]] * 2, style, color=GREY, linewidth=1, label=label
                )
                label = "_"
    axis.set_xticks(range(len(names)), [name.replace("_", " ") for name in names])
    axis.set_ylim(-0.02, 1.02)
    axis.grid(axis="y", color=GREY, alpha=0.25, linewidth=0.5)
    if axis.get_legend_handles_labels()[0]:
        axis.legend(loc="upper left", fontsize=8)
    axis.set_title("Measures with 95 % intervals, same colours", fontsize=10)
