"""When which series had alerts: one line a series, so that a common cause shows as a column."""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from sre_anomaly.fleet.run import FleetRun
from sre_anomaly.report.figure import BLUE, GREY, RED, date_axis, save_figure

MOST_LINES = 60


def timeline(found: FleetRun, alerts: pd.DataFrame, path: Path) -> None:
    """Draw the alerts of the series that had most of them."""
    counts = alerts["series"].value_counts()
    names = list(counts.index[:MOST_LINES])
    figure = Figure(figsize=(11, 1.2 + 0.2 * max(4, len(names))), layout="constrained")
    axis = figure.subplots()
    for place, name in enumerate(reversed(names)):
        axis.axhline(place, color=GREY, linewidth=0.3)
        own = alerts[alerts["series"] == name]
        starts, ends = (pd.to_datetime(own[edge]).dt.tz_localize(None) for edge in ("start", "end"))
        axis.hlines([place] * len(own), starts, ends, color=RED, linewidth=5)
        axis.plot(starts, [place] * len(own), "|", color=RED, markersize=7)
    axis.set_yticks(range(len(names)), [_short(name) for name in reversed(names)], fontsize=7)
    if names:
        date_axis(axis)
    shown = f"the {len(names)} with most alerts of " if len(counts) > len(names) else ""
    axis.set_title(f"Alerts of {shown}{len(found.table)} series", fontsize=11, color=BLUE)
    save_figure(figure, path)


def _short(name: str) -> str:
    return name if len(name) <= 42 else f"...{name[-39:]}"
