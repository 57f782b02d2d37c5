"""The files that a run leaves of what it learned from a table."""

from pathlib import Path

import numpy as np
import pandas as pd

from sre_anomaly.io.timestamps import dates_within
from sre_anomaly.report.table.plots import learned_plots
from sre_anomaly.tabular.model_folder import save_table_model
from sre_anomaly.tabular.task import TableResult


def write_learned(learned: TableResult, folder: Path) -> list[Path]:
    """Write ``predictions.csv``, the model and the pictures; return the pictures."""
    predictions(learned).to_csv(folder / "predictions.csv", index=False)
    if learned.result.model.can_be_kept:
        # A run that watches metrics as well has their model in model/.
        name = "model" if not (folder / "model").exists() else "table_model"
        save_table_model(learned.result.model, folder / name)
    images = folder / "images"
    images.mkdir(exist_ok=True)
    return learned_plots(learned, images)


def predictions(learned: TableResult) -> pd.DataFrame:
    """Return one line for each judged row: its number in the table from 1, time, group, truth and answer."""
    table, result = learned.table, learned.result
    found = pd.DataFrame({"row": result.rows + 1})
    if table.time is not None:
        moments = table.time[result.rows].astype("datetime64[ns]").astype("datetime64[s]")
        found["time"] = np.strings.add(np.datetime_as_string(moments), "Z")
    if table.group is not None:
        found["group"] = table.group[result.rows]
    if learned.classified is not None:
        some = learned.classified
        found[table.target_name] = np.array(some.classes, dtype=object)[some.truth]
        found["told"] = some.answers
        for number, name in enumerate(some.classes):
            found[f"probability of {name}"] = some.proba[:, number].round(6)
    else:
        assert learned.regressed is not None
        found[table.target_name] = learned.regressed.actual
        for name in ("predicted", "lower", "upper"):
            found[name] = getattr(learned.regressed, name)
        if table.until is not None and table.time is not None:
            since = table.time[result.rows]
            found["step"] = table.until[result.rows]
            for name, moment in (
                ("reached at", "predicted"),
                ("reached at the earliest", "lower"),
                ("reached at the latest", "upper"),
            ):
                found[name] = dates_within(since, found[moment].to_numpy(), table.between[1])
    return found
