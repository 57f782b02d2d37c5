"""What every picture shares: colours, lines thinned without losing a spike, dates, the same bytes each time."""

import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

from sre_anomaly.frame import Array
from sre_anomaly.page.thinning import Rows, extremes

# Okabe and Ito's colours (2008), which colour-blind readers can tell apart.
BLUE, ORANGE, RED, PURPLE, GREY = "#0072B2", "#E69F00", "#D55E00", "#CC79A7", "#999999"


POINTS = 2400
"""A panel is about twelve hundred pixels wide: a lowest and a highest point for each, more only cost time."""


DOTS_PER_INCH = 110


def draw_line(axis: Axes, time: pd.DatetimeIndex, values: Array, **style: object) -> None:
    """Draw a line; of a long one only the extremes that a screen can show."""
    keep = extremes(values, POINTS)
    axis.plot(plain_times(time[keep]), values[keep], **style)  # type: ignore[arg-type]
    axis.margins(x=0)
    axis.grid(color=GREY, alpha=0.25, linewidth=0.5)


def thinned(rows: int) -> Rows:
    """Return the numbers of evenly spread rows, as many as a screen can show."""
    return np.unique(np.linspace(0, rows - 1, min(rows, POINTS)).astype(np.int64))


def plain_times(time: pd.DatetimeIndex) -> npt.NDArray[np.datetime64]:
    """Return UTC times as numpy's: matplotlib converts those at once, and others one by one."""
    return np.asarray(time.tz_localize(None))


def date_axis(axis: Axes) -> None:
    """Write short dates under an axis."""
    locator = AutoDateLocator()  # type: ignore[no-untyped-call]
    axis.xaxis.set_major_locator(locator)
    axis.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def set_margins(figure: Figure, between: float) -> None:
    """Leave an inch where the numbers stand and half an inch for the title; to look for the best room would cost as much as drawing.

    ``between`` is the room between panels, in their own height.
    """
    width, height = figure.get_size_inches()
    figure.subplots_adjust(
        left=1.0 / width, right=1 - 0.15 / width, bottom=0.45 / height, top=1 - 0.6 / height,
        hspace=between, wspace=0.03,
    )  # fmt: skip


def save_figure(figure: Figure, path: Path) -> None:
    """Write a picture, the same bytes each time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        # A name in signs that the font does not have is drawn as boxes; whoever waits for a run can do nothing about it.
        warnings.filterwarnings("ignore", message="Glyph")
        figure.savefig(path, dpi=DOTS_PER_INCH, metadata={"Software": None})
