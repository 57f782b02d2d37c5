"""The files of a run over many series."""

from pathlib import Path

import pandas as pd
import yaml

from sre_anomaly.benchmark.nab_results import RUN, write_layout
from sre_anomaly.config.environment import without_secrets
from sre_anomaly.fleet.run import SERIES, FleetRun
from sre_anomaly.fleet.series import ALERTS, folder_name
from sre_anomaly.records import write_text
from sre_anomaly.report.fleet.hindsight import all_hindsight
from sre_anomaly.report.fleet.page import write_fleet_page
from sre_anomaly.report.fleet.plots import timeline
from sre_anomaly.report.nab.board import TITLE, baseline_lines, measured_line
from sre_anomaly.report.nab.leaderboard import HERE, published, write_leaderboard

TIMELINE = "alerts_plot.png"


def write_fleet(found: FleetRun, folder: Path) -> None:
    """Write what is said of all series together; each series has its own folder already."""
    notes = found.table["notes"].map("; ".join, na_action="ignore")
    table = found.table.drop(columns="version").assign(notes=notes)
    write_text(folder / "series.csv", table.to_csv(index=False, float_format="%.6g"))
    alerts = all_alerts(found)
    write_text(folder / "alerts.csv", alerts.to_csv(index=False))
    write_text(folder / "config.yaml", yaml.safe_dump(without_secrets(found.config), sort_keys=False))
    back = all_hindsight(found)
    if found.record.hindsight is not None:
        write_text(folder / "hindsight.csv", back.to_csv(index=False))
    picture = folder / "images" / TIMELINE
    timeline(found, alerts, picture)
    if found.nab is not None:
        detector = found.record.detector.replace("/", "_")
        scores = {one.name: one.scores for one in found.nab.series}
        write_layout(folder / RUN, detector, found.nab.corpus, scores)
        lines = [measured_line(detector, HERE, found.nab.overall)]
        lines += baseline_lines(found.nab.series, found.nab.chance, int(found.config["seed"]))
        lines += published()
        write_leaderboard(lines, folder / "leaderboard", TITLE)
    write_fleet_page(found, alerts, back, picture, folder / "report.html")


def all_alerts(found: FleetRun) -> pd.DataFrame:
    """Return the alerts of every series, newest first."""
    parts = []
    for name in found.table.loc[found.table["status"] == "completed", "series"]:
        part = pd.read_csv(found.folder / SERIES / folder_name(name) / ALERTS)
        part.insert(0, "series", name)
        if len(part):
            parts.append(part)
    if not parts:
        return pd.DataFrame(
            columns=["series", "start", "end", "peak_score", "peak_level", "metric", "reason", "distance"]
        )
    return pd.concat(parts, ignore_index=True).sort_values("start", ascending=False, kind="stable")
