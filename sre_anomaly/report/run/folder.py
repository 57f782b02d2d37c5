"""The files of a run folder."""

from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import yaml

from sre_anomaly.config.environment import without_secrets
from sre_anomaly.model.model import save_model
from sre_anomaly.pipeline.runner import Run
from sre_anomaly.records import write_json, write_text
from sre_anomaly.report.run.page import write_page
from sre_anomaly.report.run.plots import anomaly_plot, forecast_plot
from sre_anomaly.report.table.files import write_learned

ALERT_COLUMNS = [
    *("id", "start", "fired", "end", "peak"),
    *("peak_score", "peak_level", "flags", "closed", "metric", "reason"),
]


def write_folder(run: Run, folder: Path) -> None:
    """Write everything that a run leaves behind; ``record.json`` comes last and means that all is there."""
    artifacts = folder / "artifacts"
    artifacts.mkdir(parents=True, exist_ok=True)
    images = []
    if run.detection is not None:
        # Hardly any two measured numbers are equal: a dictionary of them would cost time and save nothing.
        scores = _scores(run)
        scores.to_parquet(
            folder / "scores.parquet", index=False, use_dictionary=["level", "hindsight_level", "span"]
        )
        _alerts(run).to_csv(folder / "alerts.csv", index=False)
        _strongest(run).to_csv(artifacts / "top_50_anomalies.csv", index=False)
        images.append(folder / "images" / "anomaly_plot.png")
        anomaly_plot(run, images[-1])
    if run.forecasts is not None:
        write_json(artifacts / "forecast_metrics.json", run.record.forecast)
        run.forecasts.table().to_parquet(
            artifacts / "forecasts.parquet", index=False, use_dictionary=["horizon", "metric", "origin"]
        )
        if run.forecasts.coming is not None:
            coming = run.forecasts.coming.table()
            coming.to_parquet(artifacts / "forecast_next.parquet", index=False)
        images.append(folder / "images" / "forecast_plot.png")
        forecast_plot(run, images[-1])
    for name, model in run.models.items():
        joblib.dump(model, artifacts / f"{name}.joblib")
    if run.model is not None:
        save_model(run.model, folder / "model")
    if run.learned is not None:
        images += write_learned(run.learned, folder)
    write_text(folder / "config.yaml", yaml.safe_dump(without_secrets(run.config), sort_keys=False))
    write_page(run, images, folder / "report.html")
    run.record.write(folder)


def _scores(run: Run) -> pd.DataFrame:
    """Return every row with its values, score, level, flag, label (where known) and span."""
    assert run.detection is not None
    frame, found = run.frame, run.detection
    values = [frame.values]
    names = ["time", *frame.metrics]
    if found.bands is not None:
        values.append(found.bands.reshape(len(frame), -1))
        names += [f"{metric}_{edge}" for metric in frame.metrics for edge in ("expected", "lower", "upper")]
    # All at once: a table of many metrics that grows by a column at a time is slow, and pandas says so.
    table = pd.concat([pd.Series(frame.time), pd.DataFrame(np.hstack(values))], axis=1)
    table.columns = pd.Index(names)
    table["score"], table["level"], table["flag"] = found.scores, found.levels, found.flags
    if run.hindsight is not None:
        table["hindsight"], table["hindsight_level"] = run.hindsight.found.scores, run.hindsight.found.levels
    if frame.labels is not None:
        table["label"] = frame.labels
    spans = {"": None, "train": run.split.train, "validation": run.split.validation, "test": run.split.test}
    number = np.zeros(len(frame), dtype=np.int8)
    for code, rows in enumerate(spans.values()):
        if rows is not None:
            number[rows] = code
    table["span"] = pd.Categorical.from_codes(number, pd.Index(list(spans)))
    return table


def _alerts(run: Run) -> pd.DataFrame:
    """Return the alerts, times in ISO format and UTC."""
    assert run.detection is not None
    table = pd.DataFrame(
        {name: [getattr(alert, name) for alert in run.detection.alerts] for name in ALERT_COLUMNS}
    )
    for name in ("start", "fired", "end", "peak"):
        seconds = table[name].to_numpy(dtype="datetime64[ns]").astype("datetime64[s]")
        table[name] = np.strings.add(np.datetime_as_string(seconds), "Z")
    return table


def _strongest(run: Run) -> pd.DataFrame:
    """Return the rows furthest above their level, strongest first, flagged or not."""
    assert run.detection is not None
    frame, found = run.frame, run.detection
    rows = [row for row, _ in run.strongest]
    table = pd.DataFrame(frame.values[rows], columns=list(frame.metrics))
    table.insert(0, "time", frame.time[rows].strftime("%Y-%m-%dT%H:%M:%SZ"))
    table["score"], table["level"] = found.scores[rows], found.levels[rows]
    table["score_above_level"] = found.scores[rows] - found.levels[rows]
    table["flag"] = found.flags[rows]
    table["reason"] = [str(reason) for _, reason in run.strongest]
    return table
