"""What a run found goes to MLflow too, where ``tracking=mlflow`` asks for it."""

import math
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sre_anomaly.errors import ConfigError
from sre_anomaly.records import RunRecord

TASKS = ("detection", "classification", "regression", "forecast")
FILES = ("report.html", "record.json", "config.yaml", "alerts.csv", "predictions.csv", "series.csv")
LONGEST = 500
"""Signs of a value that MLflow keeps of a setting."""


def check_tracking(config: Mapping[str, Any]) -> None:
    """Refuse a run whose results could not be logged, before it begins.

    Raises
    ------
    ConfigError
        If MLflow is not installed or does not answer, or a key is not known.
    """
    asked = dict(config.get("tracking") or {})
    if asked.get("name", "none") == "none":
        return
    if unknown := set(asked) - {"name", "uri", "experiment"}:
        raise ConfigError(f"tracking.{min(unknown)}: no such key; there are uri and experiment")
    if find_spec("mlflow") is None:
        raise ConfigError(
            "tracking=mlflow: needs MLflow: pip install 'sre-anomaly[mlflow]', or pip install mlflow-skinny"
        )
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    try:
        MlflowClient(tracking_uri=asked["uri"]).get_experiment_by_name("none")
    except (MlflowException, OSError) as error:
        raise ConfigError(f"tracking.uri={asked['uri']}: {_in_short(error)}") from None


def track(config: Mapping[str, Any], record: RunRecord, folder: Path) -> None:
    """Log a finished run: its settings, its measures and its files.

    Where MLflow has gone away meanwhile that is said; the run itself is whole on disk by then.
    """
    asked = dict(config.get("tracking") or {})
    if asked.get("name", "none") == "none":
        return
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    try:
        client = MlflowClient(tracking_uri=asked["uri"])
        name = asked.get("experiment") or record.experiment
        known = client.get_experiment_by_name(name)
        experiment = known.experiment_id if known else client.create_experiment(name)
        run = client.create_run(
            experiment, run_name=folder.name, tags={"sre_anomaly.command": record.command[:LONGEST]}
        ).info.run_id
        for key, value in flat(config):
            client.log_param(run, key, value[:LONGEST])
        for key, number in measures(record):
            client.log_metric(run, key, number)
        for path in (folder / file for file in FILES):
            if path.is_file():
                client.log_artifact(run, str(path))
        client.set_terminated(run)
    except (MlflowException, OSError) as error:
        sys.stderr.write(f"sre-anomaly: not logged: tracking.uri={asked['uri']}: {_in_short(error)}\n")


def _in_short(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def flat(node: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Yield every setting with its whole key.

    Examples
    --------
    >>> list(flat({"threshold": {"name": "sigma", "sigmas": 3.0}, "seed": 1}))
    [('threshold.name', 'sigma'), ('threshold.sigmas', '3.0'), ('seed', '1')]
    """
    for key, value in node.items():
        if isinstance(value, Mapping) and value:
            yield from flat(value, f"{before}{key}.")
        elif f"{before}{key}".partition(".")[0] != "tracking":
            yield f"{before}{key}", str(value)


def measures(record: RunRecord) -> Iterator[tuple[str, float]]:
    """Yield every finite measure of every task."""
    for task in TASKS:
        for key, value in ((getattr(record, task) or {}).get("measures") or {}).items():
            if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
                yield f"{task}.{key}", float(value)
