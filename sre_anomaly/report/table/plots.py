"""The pictures of what was learned from a table."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from sre_anomaly.report.figure import BLUE, GREY, ORANGE, RED, save_figure
from sre_anomaly.tabular.classification import ClassificationResult
from sre_anomaly.tabular.regression import RegressionResult
from sre_anomaly.tabular.task import TableResult

MOST_CLASSES = 12
POINTS = 3000
BINS = 10


def learned_plots(learned: TableResult, folder: Path) -> list[Path]:
    """Draw what suits the task, and return the files."""
    if learned.classified is not None:
        paths = [folder / "confusion_plot.png", folder / "calibration_plot.png"]
        confusion_plot(learned.classified, learned.table.target_name, paths[0])
        calibration_plot(learned.classified, paths[1])
        return paths
    assert learned.regressed is not None
    path = folder / "prediction_plot.png"
    prediction_plot(learned.regressed, learned.table.target_name, path)
    return [path]


def confusion_plot(found: ClassificationResult, target: str, path: Path) -> None:
    """Draw which class was taken for which; a row of squares adds up to 100 %."""
    counts = np.array(found.confusion)
    # Of many classes the common ones are drawn: the others would be too small to read.
    shown = np.sort(np.argsort(-counts.sum(axis=1), kind="stable")[:MOST_CLASSES])
    names, part = [found.classes[number] for number in shown], counts[np.ix_(shown, shown)]
    share = part / np.maximum(counts[shown].sum(axis=1, keepdims=True), 1)
    size = 3 + 0.7 * len(names)
    figure = Figure(figsize=(size + 1, size), layout="constrained")
    axis = figure.subplots()
    axis.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(*part.shape):
        color = "white" if share[row, column] > 0.6 else "black"
        text = f"{part[row, column]:,}\n{share[row, column]:.0%}"
        axis.text(column, row, text, ha="center", va="center", color=color, fontsize=8)
    axis.set_xticks(range(len(names)), names, rotation=30, ha="right")
    axis.set_yticks(range(len(names)), names)
    axis.set_xlabel("predicted")
    axis.set_ylabel(f"{target} (true)")
    save_figure(figure, path)


def calibration_plot(found: ClassificationResult, path: Path) -> None:
    """Draw how often an answer was right beside how sure the model said it was."""
    sure = found.proba.max(axis=1)
    right = found.proba.argmax(axis=1) == found.truth
    which = np.minimum((sure * BINS).astype(np.int64), BINS - 1)
    rows = np.bincount(which, minlength=BINS)
    seen = rows > 0
    stated = np.bincount(which, weights=sure, minlength=BINS)[seen] / rows[seen]
    came = np.bincount(which, weights=right, minlength=BINS)[seen] / rows[seen]
    figure = Figure(figsize=(6, 4.5), layout="constrained")
    axis = figure.subplots()
    axis.plot([0, 1], [0, 1], color=GREY, linestyle="--", label="perfectly calibrated")
    axis.plot(stated, came, "o-", color=BLUE, label="evaluated rows")
    for x, y, number in zip(stated, came, rows[seen], strict=True):
        axis.annotate(f"{number:,}", (x, y), xytext=(4, -10), textcoords="offset points", fontsize=7)
    axis.set_xlabel("predicted probability")
    axis.set_ylabel("fraction of correct predictions")
    axis.set_xlim(0, 1.02)
    axis.set_ylim(0, 1.02)
    axis.legend(loc="upper left", fontsize=8)
    save_figure(figure, path)


def prediction_plot(found: RegressionResult, target: str, path: Path) -> None:
    """Draw predicted beside true numbers, and the interval of each."""
    keep = np.unique(np.linspace(0, len(found.rows) - 1, min(len(found.rows), POINTS)).astype(np.int64))
    order = keep[np.argsort(found.predicted[keep], kind="stable")]
    figure = Figure(figsize=(9, 4.5), layout="constrained")
    axis = figure.subplots()
    place = np.arange(len(order))
    axis.fill_between(
        place, found.lower[order], found.upper[order], color=ORANGE, alpha=0.3, linewidth=0, label="interval"
    )
    axis.plot(place, found.actual[order], ".", color=BLUE, markersize=2.5, label="true value")
    axis.plot(place, found.predicted[order], color=RED, linewidth=1, label="predicted")
    axis.set_xlabel("evaluated rows, the lowest prediction first")
    axis.set_ylabel(target)
    axis.legend(loc="upper left", fontsize=8)
    save_figure(figure, path)
