"""The pictures of a sweep: its course, what mattered, what was tried, and what is bought with what."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sre_anomaly.report.figure import BLUE, GREY, ORANGE, RED, save_figure
from sre_anomaly.report.sweep.data import Sweep, plain_name

GREEN = "#009E73"
SWEPT_LEVELS = ("threshold.contamination", "threshold.epsilon")
MOST_PANELS = 12
COLUMNS = 3
LABEL_LENGTH = 14
FEW_VALUES = 6


def draw_all(sweep: Sweep, folder: Path) -> list[Path]:
    """Draw every picture that the trials give material for; return the files, in the order to show them."""
    if sweep.completed.empty:
        return []
    drawn: dict[str, Callable[[Sweep], Figure]] = {"history": history}
    if len(sweep.objectives) > 1 and sweep.outcome["best"]:
        drawn["pareto_front"] = pareto_front
    if trade_off_table(sweep) is not None:
        drawn["trade_off"] = trade_off
    if len(sweep.outcome["importance"]) > 1:
        drawn["importance"] = importance
    if sweep.params:
        drawn["slices"] = slices
    files = []
    for name, draw in drawn.items():
        files.append(folder / f"{name}.png")
        save_figure(draw(sweep), files[-1])
    return files


def history(sweep: Sweep) -> Figure:
    """Draw each trial's value in the order of the trials, the best so far, and those that ended without one."""
    figure = Figure(figsize=(12, 1.2 + 2.6 * len(sweep.objectives)), layout="constrained")
    axes = figure.subplots(len(sweep.objectives), 1, squeeze=False, sharex=True)[:, 0]
    done = sweep.completed
    for number, (axis, name) in enumerate(zip(axes, sweep.objectives, strict=True)):
        so_far = done[name].cummax() if sweep.maximize(number) else done[name].cummin()
        axis.plot(done["trial"], done[name], "o", color=BLUE, markersize=4, label="a trial")
        axis.step(done["trial"], so_far, where="post", color=RED, linewidth=1.2, label="best so far")
        for state, marker in (("pruned", "v"), ("failed", "x"), ("lost", "+")):
            ended = sweep.trials[sweep.trials["state"] == state]
            if len(ended):
                # They have no value: they stand on the floor of the panel, whatever its scale.
                axis.plot(
                    ended["trial"],
                    np.full(len(ended), 0.04),
                    marker,
                    color=GREY if state == "pruned" else RED,
                    transform=axis.get_xaxis_transform(),
                    label=f"{state}, no value",
                    linestyle="none",
                )
        _mark(axis, sweep, lambda trial: float(trial["trial"]), objective=number)
        axis.set_ylabel(_titled(sweep, number))
        _grid(axis)
        axis.xaxis.get_major_locator().set_params(integer=True)
    axes[-1].set_xlabel("trial")
    axes[0].legend(loc="best", fontsize=8, ncols=3)
    figure.suptitle("Trials in order", fontsize=12)
    return figure


def importance(sweep: Sweep) -> Figure:
    """Draw each parameter's share in how the trials differ."""
    shares = sorted(sweep.outcome["importance"].items(), key=lambda item: item[1])
    figure = Figure(figsize=(12, 1.2 + 0.35 * len(shares)), layout="constrained")
    axis = figure.subplots()
    bars = axis.barh([name for name, _ in shares], [share for _, share in shares], color=BLUE, height=0.6)
    axis.bar_label(bars, fmt="{:.0%}", padding=3)
    axis.set_xlim(0, max(share for _, share in shares) * 1.1 + 1e-9)
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axis.spines[["top", "right"]].set_visible(False)
    figure.suptitle(f"Importance of each parameter for {plain_name(sweep.objectives[0])}", fontsize=12)
    return figure


def slices(sweep: Sweep) -> Figure:
    """Draw the first objective against each parameter, the most important first."""
    names, done = sweep.params[:MOST_PANELS], sweep.completed
    columns = min(COLUMNS, len(names))
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(12, 0.8 + 3 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False, sharey=True)
    by_factors = sweep.by_factors()
    for place, axis in enumerate(panels.flat):
        if place >= len(names):
            axis.set_visible(False)
            continue
        _slice(axis, sweep, done, names[place], log=names[place] in by_factors)
        if place % columns == 0:
            axis.set_ylabel(_titled(sweep, 0))
    panels.flat[0].legend(loc="best", fontsize=8)
    more = f" (the first {MOST_PANELS} of {len(sweep.params)})" if len(sweep.params) > MOST_PANELS else ""
    figure.suptitle(
        f"{plain_name(sweep.objectives[0])} against each parameter{more}; each point is a trial", fontsize=12
    )
    return figure


def _slice(axis: Axes, sweep: Sweep, done: pd.DataFrame, name: str, *, log: bool) -> None:
    known = done[done[name].notna()]
    values = pd.to_numeric(known[name], errors="coerce")
    place: Callable[[int, Any], float]
    axis.set_xlabel(name)
    _grid(axis)
    if values.notna().all():
        place = lambda _, value: float(value)
        _scale(axis, values, log=log)
    else:
        options = list(dict.fromkeys(known[name].astype(str)))
        # Side by side, so that equal values do not hide each other; no chance in it: same trials, same picture.
        place = lambda trial, value: options.index(str(value)) + 0.25 * float(np.sin(trial * 2.4))
        shown = [option if len(option) <= LABEL_LENGTH else f"{option[:LABEL_LENGTH]}…" for option in options]
        axis.set_xticks(range(len(options)), shown, rotation=20 if len(options) > 4 else 0)
        axis.set_xlim(-0.6, len(options) - 0.4)
    across = [place(*pair) for pair in zip(known["trial"], known[name], strict=True)]
    axis.plot(across, known[sweep.objectives[0]], "o", color=BLUE, markersize=4, alpha=0.7)
    _mark(axis, sweep, lambda trial: place(trial["trial"], trial["params"][name]), needs=name)


def pareto_front(sweep: Sweep) -> Figure:
    """Draw the first two objectives against each other, and the trials that no other beats in both."""
    first, second = sweep.objectives[:2]
    figure = Figure(figsize=(12, 5), layout="constrained")
    axis = figure.subplots()
    axis.plot(sweep.completed[first], sweep.completed[second], "o", color=GREY, markersize=5, label="a trial")
    front: dict[tuple[float, float], list[int]] = {}
    for trial in sorted(sweep.outcome["best"], key=lambda trial: trial["values"]):
        front.setdefault((trial["values"][0], trial["values"][1]), []).append(trial["trial"])
    axis.plot(*zip(*front, strict=True), "o--", color=RED, linewidth=0.8, label="Pareto front")
    for point, numbers in front.items():
        shown = ", ".join(map(str, numbers))
        axis.annotate(shown, point, xytext=(6, -12), textcoords="offset points", fontsize=8)
    default = sweep.outcome["default"]
    if default and default["values"]:
        axis.plot(*default["values"][:2], "s", color=GREEN, markersize=7, fillstyle="none", label="default")
    axis.set_xlabel(_titled(sweep, 0))
    axis.set_ylabel(_titled(sweep, 1))
    _grid(axis)
    axis.legend(loc="best", fontsize=8)
    figure.suptitle("Trade-off between the two objectives; the numbers are trials", fontsize=12)
    return figure


def trade_off_table(sweep: Sweep) -> pd.DataFrame | None:
    """Return the measures of every finished trial beside the level's parameter; None where none was swept."""
    swept = next((name for name in SWEPT_LEVELS if name in sweep.params), None)
    if swept is None:
        return None
    rows = []
    for number, value in sweep.completed[["trial", swept]].itertuples(index=False):
        found = (sweep.trial_record(number).get("detection") or {}).get("measures", {})
        if "f1" in found:
            rows.append({"trial": number, swept: value, **found})
    table = pd.DataFrame(rows)
    return table.dropna(subset=[swept]).sort_values(swept) if len(table) > 1 else None


def trade_off(sweep: Sweep) -> Figure:
    """Draw what is right, what is caught and how often somebody is paged, against the level's parameter."""
    table = trade_off_table(sweep)
    assert table is not None
    swept = next(name for name in SWEPT_LEVELS if name in table.columns)
    figure = Figure(figsize=(12, 5.6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    # Where other parameters were varied too, neighbouring points belong to different detectors: no line.
    line = "-" if len(sweep.params) == 1 else ""
    curves = {
        "precision": (above, BLUE, "precision: flags that are correct"),
        "recall": (above, ORANGE, "recall: anomalous data points that are flagged"),
        "f1": (above, "black", "f1: harmonic mean of the two"),
        "alerts_per_week": (below, GREY, "alerts a week"),
        "false_alerts_per_week": (below, RED, "of them false alerts"),
    }
    for name, (axis, color, label) in curves.items():
        if name in table and table[name].notna().any():
            axis.plot(
                table[swept], table[name], f"o{line}", color=color, markersize=3.5, linewidth=1, label=label
            )
    best = sweep.outcome["best"]
    for axis in (above, below):
        if len(best) == 1 and swept in best[0]["params"]:
            axis.axvline(
                best[0]["params"][swept], color=GREEN, linestyle="--", linewidth=1, label="the best trial"
            )
        _scale(axis, table[swept], log=swept in sweep.by_factors())
        _grid(axis)
        axis.legend(loc="best", fontsize=8)
    above.set_ylabel("fraction")
    below.set_ylabel("per week")
    below.set_xlabel(swept + (": higher threshold on the left" if swept == SWEPT_LEVELS[0] else ""))
    figure.suptitle(f"What a lower threshold detects, and what it costs (on {sweep.chosen_on})", fontsize=12)
    return figure


def _mark(
    axis: Axes,
    sweep: Sweep,
    across: Callable[[dict[str, Any]], float],
    objective: int = 0,
    needs: str | None = None,
) -> None:
    """Ring the configuration without a sweep and the best trials."""
    best = "best" if len(sweep.objectives) == 1 else "on the Pareto front"
    marked = [
        ("default", GREEN, "s", [sweep.outcome["default"]]),
        (best, RED, "o", sweep.outcome["best"]),
    ]
    for label, color, shape, trials in marked:
        shown = [t for t in trials if t and t["values"] and (needs is None or needs in t["params"])]
        places = [[across(trial) for trial in shown], [trial["values"][objective] for trial in shown]]
        if shown:
            axis.plot(*places, shape, color=color, markersize=10, fillstyle="none", label=label)


def _titled(sweep: Sweep, objective: int) -> str:
    return f"{plain_name(sweep.objectives[objective])} ({'higher' if sweep.maximize(objective) else 'lower'} is better)"


def _scale(axis: Axes, values: "pd.Series[float]", *, log: bool) -> None:
    """Choose a scale and ticks that can be read: few values are ticks themselves."""
    seen = np.unique(values)
    if log:
        axis.set_xscale("log")
        axis.xaxis.set_major_formatter("{x:g}")
        axis.xaxis.set_minor_formatter("")
    if len(seen) <= FEW_VALUES and (seen == seen.round()).all():
        axis.set_xticks(seen, [f"{value:g}" for value in seen])
    elif log and seen[-1] / seen[0] < 100:
        ticks = np.geomspace(seen[0], seen[-1], 4)
        axis.set_xticks(ticks, [f"{tick:.2g}" for tick in ticks])


def _grid(axis: Axes) -> None:
    axis.grid(color=GREY, alpha=0.25, linewidth=0.5)
