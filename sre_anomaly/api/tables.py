"""``classify_table``: one column of a table is predicted from the others, and measured on rows not learned from."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from sre_anomaly.api.frames import as_file, as_pandas
from sre_anomaly.api.overrides import written
from sre_anomaly.config.compose import composed
from sre_anomaly.errors import ConfigError
from sre_anomaly.parallel.progress import Stages
from sre_anomaly.pipeline.runner import Run, run
from sre_anomaly.records import RunRecord
from sre_anomaly.report.table.files import predictions
from sre_anomaly.report.table.words import in_short

OF_TABLE = ("time", "group", "texts", "categories", "leave_out", "timezone")
GROUPS = ("classifier", "regressor", "folds", "text", "experiment")


@dataclass(frozen=True)
class Learned:
    """What was learned from a table."""

    run: Run

    @property
    def predictions(self) -> pd.DataFrame:
        """One row for each evaluated row: the truth, the answer and its probabilities, or its interval."""
        assert self.run.learned is not None
        return predictions(self.run.learned)

    @property
    def measures(self) -> dict[str, Any]:
        """How good it is, on rows that were not learned from, beside naive baselines."""
        return dict(self.run.record.classification or self.run.record.regression or {})

    def __repr__(self) -> str:
        """Say it in sentences."""
        return "\n".join(in_short(self.run))


def classify_table(frame: Any, target: str, **options: Any) -> Learned:
    """Predict one column of a table from the others.

    Parameters
    ----------
    frame : pandas, polars or Arrow table
    target : str
        The column to predict.
    **options
        ``classifier="xgboost"`` or ``regressor="xgboost"`` (for a number), ``folds="time"``, ``time``, ``group``, ``texts``,
        ``categories`` and ``leave_out`` name columns; any other key with two underscores.

    Raises
    ------
    UserError
        If the table or an option cannot be used.
    """
    given: dict[str, Any] = {"experiment": "table", **options}
    if "regressor" in given:
        given.setdefault("classifier", "none")
    words = []
    for name, value in given.items():
        if name not in (*GROUPS, *OF_TABLE) and "__" not in name:
            raise ConfigError(f"{name}: no such argument; there are {', '.join((*GROUPS, *OF_TABLE))}")
        key = f"table.{name}" if name in OF_TABLE else name.replace("__", ".")
        words.append(f"{key}={value if name in GROUPS else written(value)}")
    with as_file(as_pandas(frame), "frame") as path, Stages() as stages:
        config = composed([*words, f'table.path="{path}"', f"table.target={written(target)}"])
        return Learned(run(config, RunRecord(command="classify_table"), stages))
