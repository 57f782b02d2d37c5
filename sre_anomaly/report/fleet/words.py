"""What a run over many series says, in words and tables, for the screen and the page."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from sre_anomaly.evaluation.anomaly.across_series import BESIDE
from sre_anomaly.fleet.run import FleetRun
from sre_anomaly.records import short
from sre_anomaly.report.words import Table, count, rate

ROWS = {
    "pr_auc": "area under precision and recall: 1 is perfect, the fraction of anomalous data points is chance",
    "vus_pr": "the same, tolerant of alerts a little early or late",
    "f1": "F1 of data points at the threshold in use: 1 is perfect",
    "best_f1": "F1 at the best threshold in hindsight, chosen with the labels: an upper bound",
    "event_f1": "F1 of whole incidents, best threshold in hindsight",
    "range_f1": "F1 of time ranges, best threshold in hindsight",
    "affiliation_f": "how near flags are to incidents, best threshold in hindsight; chance is high, see beside",
    "point_adjusted_f1": "too optimistic: one flag counts for its whole incident; see chance beside it",
}

COLUMNS = (
    "series",
    "rows",
    "alerts",
    "alerts_per_week",
    "incidents",
    "incidents_caught",
    "false_alerts",
    "time_in_alert",
    "pr_auc",
    "vus_pr",
)


def read(found: FleetRun) -> str:
    """Say what was read."""
    data = found.record.data
    return (
        f"{data['completed']} of {data['series']} series of {data['name']}, {found.record.rows:,} data points, "
        f"{data['judged_days']:,.0f} days evaluated"
    )


def alerted(found: FleetRun) -> str:
    """Say how often someone would have been paged."""
    measures = _detection(found)["measures"]
    with_alerts = int((found.table["alerts"] > 0).sum())
    budget = found.config["threshold"].get("pages_per_week")
    asked = "" if budget is None else f" (budget {budget:g})"
    return f"{count(measures['alerts'], 'alert')} in {with_alerts} series, {rate(measures['alerts_per_week'])} per series and week{asked}"


def caught(found: FleetRun) -> str | None:
    """Say how many of the known incidents were detected."""
    measures = _detection(found)["measures"]
    if "incidents" not in measures:
        return None
    low, high = _detection(found)["intervals"]["incident_recall"]
    sure = f" (95 % interval {low:.0%} to {high:.0%})" if measures["incidents"] else ""
    told = [
        f"{measures['incidents_caught']} of {measures['incidents']} incidents detected{sure}",
        f"{rate(measures['false_alerts_per_week'])} false alerts per series and week",
    ]
    long = (
        [f"an alert is open {measures['time_in_alert']:.1%} of the time"]
        if "time_in_alert" in measures
        else []
    )
    if np.isfinite(measures["alert_precision"]):
        met = f"{measures['alert_precision']:.0%} of the alerts match an incident"
        return f"{', '.join(told)}; {', and '.join([met, *long])}"
    return ", ".join([*told, *long])


def measured(found: FleetRun) -> Table | None:
    """Return the means over series with anomalies, beside chance, the largest change and flagging everything."""
    detection = _detection(found)
    measures = detection["measures"]
    if "pr_auc" not in measures:
        return None
    rows = []
    for name, meaning in ROWS.items():
        beside = [detection["baselines"].get(b, {}).get(name) for b in BESIDE]
        value = measures.get(name)
        low, high = detection["intervals"].get(name, (float("nan"),) * 2)
        shown = f"{value:.3f}" + (f"  ({low:.2f} to {high:.2f})" if low == low else "")  # noqa: PLR0124 - NaN
        rows.append([name, shown, *("" if b is None else f"{b:.3f}" for b in beside), meaning])
    return Table(
        [
            "mean over series",
            str(detection["detector"]),
            *("random", "largest change", "flag all"),
            "meaning",
        ],
        rows,
    )


def by_category(found: FleetRun) -> Table | None:
    """Return incidents and false alerts by the folder that a benchmark's series are in."""
    if found.nab is None:
        return None
    table = found.table.assign(category=found.table["series"].str.split("/").str[0])
    rows = [
        [
            str(category),
            str(len(part)),
            f"{part['incidents_caught'].sum():.0f} of {part['incidents'].sum():.0f}",
            f"{part['false_alerts'].sum():.0f}",
            _mean(part, "vus_pr"),
        ]
        for category, part in table.groupby("category", sort=True)
    ]
    return Table(["category", "series", "incidents detected", "false alerts", "vus_pr"], rows)


def series_lines(
    found: FleetRun, most: int, columns: Sequence[str] = COLUMNS, alerts: pd.DataFrame | None = None
) -> Table:
    """Return the series with most alerts; with the alerts given, those with the strongest, which stand beside."""
    completed = found.table[found.table["status"] == "completed"]
    chosen = completed.sort_values("alerts", ascending=False, kind="stable")
    worst = {} if alerts is None else {series: f"{time}: {why}" for series, time, why in strongest(alerts)}
    if worst:
        place = {series: number for number, series in enumerate(worst)}
        chosen = chosen.sort_values(
            "series", key=lambda names: names.map(lambda name: place.get(name, len(place))), kind="stable"
        )
    chosen = chosen.head(most)
    kept = [name for name in columns if name in chosen]
    rows = [[_cell(line[name]) for name in kept] for _, line in chosen.iterrows()]
    titles = [name.replace("_", " ") for name in kept]
    if worst:
        titles.append("strongest alert (UTC)")
        rows = [[*row, worst.get(row[0], "")] for row in rows]
    return Table(titles, rows)


def strongest(alerts: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Return (series, time, reason) of each series' alert furthest from what was expected, that first.

    Scores of different series, and levels, cannot be compared; distances in a metric's usual spread can.
    """
    order = np.argsort(-alerts["distance"].to_numpy(), kind="stable")
    chosen = alerts.iloc[order].drop_duplicates("series")
    return [(str(line.series), at(line.start), str(line.reason)) for line in chosen.itertuples()]


def short_names(series: Sequence[str]) -> dict[str, str]:
    """Return what each series is called where there is little room: its file's name, with folders where two share it.

    Examples
    --------
    >>> short_names(["eu/web1.csv", "us/web1.csv", "us/db.csv"])
    {'eu/web1.csv': 'eu/web1', 'us/web1.csv': 'us/web1', 'us/db.csv': 'db'}
    """
    plain = {name: name.removesuffix(".csv").removesuffix(".parquet") for name in series}
    shared = Counter(name.rpartition("/")[2] for name in plain.values())
    return {
        name: short if shared[last := short.rpartition("/")[2]] > 1 else last for name, short in plain.items()
    }


def at(time: object) -> str:
    """Return a written time in words.

    Examples
    --------
    >>> at("2014-04-15T16:44:00Z")
    '2014-04-15 16:44'
    """
    return str(time).replace("T", " ").removesuffix("Z")[:16]


def broken(found: FleetRun) -> Table | None:
    """Return the series that could not be run, and why."""
    lines = found.table[found.table["status"] != "completed"]
    if lines.empty:
        return None
    return Table(
        ["series", "status", "reason"],
        [[str(x) for x in line] for line in lines[["series", "status", "error"]].to_numpy()],
    )


def cost(found: FleetRun) -> str:
    """Say what a series costs."""
    cpu = found.table["cpu_s"]
    return (
        f"{cpu.sum():.1f} s of CPU: median {1e3 * cpu.median():.0f} ms per series, at most {cpu.max():.2f} s; "
        f"{1e6 * cpu.sum() / max(1, found.record.rows):.0f} µs per data point"
    )


def _mean(part: pd.DataFrame, name: str) -> str:
    value = part[name].mean() if name in part else float("nan")
    return f"{value:.3f}" if value == value else ""  # noqa: PLR0124 - NaN


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None or value != value:  # noqa: PLR0124 - NaN
        return ""
    return str(int(value)) if float(value).is_integer() else short(float(value))


def _detection(found: FleetRun) -> dict[str, Any]:
    assert found.record.detection is not None
    return found.record.detection
