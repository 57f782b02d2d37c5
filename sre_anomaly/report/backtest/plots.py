"""When the pages came, day by hour, and what each budget of pages would have cost and caught."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure

from sre_anomaly.backtesting.card import NIGHT, Card, calendar
from sre_anomaly.backtesting.run import Team
from sre_anomaly.report.figure import BLUE, GREY, ORANGE, RED, save_figure

SHADES = ("#f3f3f3", "#fde0c5", "#f5a868", "#e2703a", "#b5391f", "#6d1712")
STEPS = (0, 1, 2, 3, 5, 10, 10**9)
MOST_DAYS = 35
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def page_calendar(team: Team, path: Path) -> None:
    """Draw a square for each hour of each day, of a longer time of each weekday, the darker the more pages it had."""
    counts, first = calendar(team.pages, team.scope)
    if len(counts) <= MOST_DAYS:
        names = [f"{day:%a %d %b}" for day in pd.to_datetime(first + np.arange(len(counts)), unit="D")]
    else:
        weekdays = (first + np.arange(len(counts)) + 3) % 7
        counts, names = np.stack([counts[weekdays == day].sum(axis=0) for day in range(7)]), list(DAYS)
    figure = Figure(figsize=(11, 1.1 + 0.2 * max(4, len(counts))), layout="constrained")
    axis = figure.subplots()
    shades = ListedColormap(list(SHADES))
    axis.pcolormesh(
        np.arange(25), np.arange(len(counts) + 1), counts, cmap=shades, norm=BoundaryNorm(list(STEPS), shades.N),
        edgecolors="white", linewidth=0.6,
    )  # fmt: skip
    for day, hour in zip(*np.nonzero(counts), strict=True):
        colour = "white" if counts[day, hour] >= STEPS[3] else "black"
        place = (hour + 0.5, day + 0.5)
        axis.text(*place, f"{counts[day, hour]:.0f}", ha="center", va="center", fontsize=7, color=colour)
    axis.set_yticks(np.arange(len(counts)) + 0.5, names, fontsize=8)
    axis.set_xticks(range(0, 25, 3))
    axis.invert_yaxis()
    for edge in NIGHT:
        axis.axvline(edge, color=BLUE, linewidth=1, linestyle=":")
    title = f"{team.name}: pages by day and hour ({team.scope.timezone}); night is outside the dotted lines"
    axis.set_title(title, fontsize=11, color=BLUE)
    axis.tick_params(length=0)
    for side in axis.spines.values():
        side.set_visible(False)
    save_figure(figure, path)


def budget_curve(
    name: str, cards: list[tuple[float, Card]], chosen: float | None, incidents: int, path: Path
) -> None:
    """Draw the pages a week that came, and the incidents caught, over the pages a week that were allowed."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    axis = figure.subplots()
    budgets = [budget for budget, _ in cards]
    axis.plot(budgets, [card.per_week for _, card in cards], "o-", color=RED, label="pages a week, all")
    if incidents:
        axis.plot(
            budgets,
            [card.per_week * (card.false or 0) / max(1, card.pages) for _, card in cards],
            "o--",
            color=ORANGE,
            label="with nothing wrong",
        )
        right = axis.twinx()
        right.plot(
            budgets,
            [100 * (card.caught or 0) / incidents for _, card in cards],
            "s-",
            color=BLUE,
            label="incidents caught (%)",
        )
        right.set_ylim(0, 105)
        right.set_ylabel(f"% of {incidents} incidents", color=BLUE)
    if chosen is not None:
        axis.axvline(chosen, color=GREY, linestyle=":")
    axis.set_xlabel("threshold.pages_per_week")
    axis.set_ylabel("pages a week")
    axis.set_ylim(0)
    axis.grid(color=GREY, alpha=0.25)
    axis.legend(loc="upper left", fontsize=8)
    axis.set_title(f"{name}: what each budget of pages would have cost and caught", fontsize=11, color=BLUE)
    save_figure(figure, path)
