"""``sre-anomaly generate``: write a labelled data set that others can use."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console

from sre_anomaly.config.build import build
from sre_anomaly.config.compose import composed
from sre_anomaly.errors import UserError
from sre_anomaly.frame import MetricFrame, rows_inside
from sre_anomaly.records import write_text
from sre_anomaly.sources import DataSource

SUFFIXES = {".csv", ".gz", ".parquet"}


def generate(words: list[str]) -> None:
    """Write the data of a source, its labels row by row, and beside it a JSON file with its incidents.

    ``to=FILE`` names the file (CSV, compressed CSV or Parquet), ``overwrite=true`` replaces one that is there;
    everything else is an override.

    Raises
    ------
    UserError
        If the file cannot be written or an override is wrong.
    """
    target = Path("generated.csv")
    overrides = []
    overwrite = False
    for word in words:
        key, _, value = word.partition("=")
        if key == "to":
            target = Path(value).expanduser()
        elif key == "overwrite":
            overwrite = value == "true"
        else:
            overrides.append(word)
    if target.suffix not in SUFFIXES:
        raise UserError(f"to={target}: write a .csv, .csv.gz or .parquet file")
    if target.exists() and not overwrite:
        raise UserError(f"to={target}: is there already; choose another name, or add overwrite=true")
    if not target.parent.is_dir():
        raise UserError(f"to={target}: there is no folder {target.parent}")
    config = composed(overrides)
    source: DataSource = build("data", config["data"], seed=int(config["seed"]))
    for frame in source.frames():
        _write(frame, target)


def _write(frame: MetricFrame, target: Path) -> None:
    table = label_table(frame)
    partial = target.with_name(f".partial_{target.name}")
    try:
        if target.suffix == ".parquet":
            table.to_parquet(partial, index=False)
        else:
            table.to_csv(partial, index=False)
        partial.replace(target)
    except OSError as error:
        raise UserError(f"to={target}: cannot be written ({error.strerror})") from None
    incidents = target.with_name(f"{target.name.split('.')[0]}_incidents.json")
    write_text(incidents, json.dumps(incident_windows(frame), indent=2) + "\n")
    console = Console(highlight=False, soft_wrap=True)
    console.print(
        f"{target}: {len(frame):,} data points, {len(frame.metrics)} metrics, {len(frame.incidents or ())} incidents"
    )
    console.print(f"{incidents}: start, end and type of each")
    console.print("Try it, without labels and with a model trained on them:")
    console.print(f"  sre-anomaly experiment=csv data.path={target}")
    if frame.incidents:
        taught = "detector=xgboost features=system split=chronological"
        console.print(f"  sre-anomaly experiment=csv data.path={target} {taught}")


def label_table(frame: MetricFrame) -> pd.DataFrame:
    """Return one row per tick: time, every metric, label, and the incident the row belongs to.

    ``incident``, ``type``, ``severity`` and ``root_metric`` are empty on rows outside every incident; NaN in a
    metric is a gap, NaN in ``label`` means that nobody knows.
    """
    table = pd.DataFrame(frame.values, columns=list(frame.metrics))
    table.insert(0, "time", frame.time)
    table["label"] = np.nan if frame.labels is None else frame.labels
    known = sorted(frame.incidents or (), key=lambda incident: incident.start)
    which = np.zeros(len(frame), dtype=np.int64)
    for place_in_line, incident in enumerate(known, start=1):
        which[rows_inside(frame.time, (incident,))] = place_in_line
    # Text on purpose: a column of numbers would be taken for a metric by whoever reads the file.
    table["incident"] = np.array(["", *(f"incident-{incident.id}" for incident in known)], dtype=object)[
        which
    ]
    for column, attribute in {"type": "type", "severity": "severity", "root_metric": "metric"}.items():
        table[column] = np.array(["", *(getattr(incident, attribute) for incident in known)], dtype=object)[
            which
        ]
    return table


def incident_windows(frame: MetricFrame) -> list[dict[str, Any]]:
    """Return the incidents as plain dictionaries that JSON can hold; times are ISO 8601, UTC."""
    return [
        asdict(incident) | {"start": incident.start.isoformat(), "end": incident.end.isoformat()}
        for incident in frame.incidents or ()
    ]
