"""What the history shows of each metric: its usual day and week, as small pictures."""

import html
from datetime import timedelta

import numpy as np
import pandas as pd

from sre_anomaly.frame import Array
from sre_anomaly.numbers import together
from sre_anomaly.page.thumbnail import thumbnail
from sre_anomaly.pipeline.runner import Run
from sre_anomaly.report.run.explore import ordered_metrics

FEWEST_FOR_DAY, FEWEST_FOR_WEEK = timedelta(days=2), timedelta(days=14)
MOST_METRICS = 30


def usual_section(run: Run) -> list[str]:
    """Return a picture for each metric; nothing where the training period is shorter than two days."""
    span = (
        run.frame.step * (run.split.train.stop - run.split.train.start)
        if run.frame.has_clock
        else timedelta()
    )
    if run.detection is None or span < FEWEST_FOR_DAY:
        return []
    days = 7 if span >= FEWEST_FOR_WEEK else 1
    cards = []
    for name in ordered_metrics(run)[:MOST_METRICS]:
        profile = usual(run, name, days)
        if not np.isfinite(profile).any():
            continue
        low, high = together(float(np.nanmin(profile[:, 1])), float(np.nanmax(profile[:, 2])))
        label = f"usual {'week, Monday to Sunday' if days > 1 else 'day, 0 to 24 h'} of {name}"
        cards.append(
            f"<div class='card'><h3>{html.escape(name)}</h3>{thumbnail(profile[:, 0], profile, label=label)}"
            f"<p class='dim'>{low} to {high}</p></div>"
        )
    long = "week, Monday 0:00 to Sunday 24:00" if days > 1 else "day, 0:00 to 24:00"
    return [
        "<details><summary><b>The usual " + ("week" if days > 1 else "day") + " of each metric</b></summary>",
        f"<p class='note'>A {long} ({html.escape(run.frame.timezone)}): the median of each hour of the training period, and the range of its middle 80%.</p>",
        f"<div class='cards'>{''.join(cards)}</div></details>",
    ]


def usual(run: Run, metric: str, days: int) -> Array:
    """Return the median and the 10 % and 90 % quantile of each hour of a day or a week, (24 * days, 3)."""
    rows = run.split.train
    local = run.frame.time[rows].tz_convert(run.frame.timezone)
    hour = local.day_of_week * 24 + local.hour if days > 1 else local.hour
    each = pd.Series(run.frame.values[rows, run.frame.metrics.index(metric)]).groupby(np.asarray(hour))
    columns = [each.quantile(share).reindex(range(24 * days)) for share in (0.5, 0.1, 0.9)]
    return np.column_stack(columns).astype(np.float64)
